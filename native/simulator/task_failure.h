// What ACL tells of tasks that failed on a device: the exception callback, and the operator behind a task.
#ifndef SIMULATOR_TASK_FAILURE_H_
#define SIMULATOR_TASK_FAILURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "../acl_abi.h"
#include "objects.h"

/** What aclrtExceptionInfo is in this library. */
struct rtExceptionInfo {
  uint32_t taskId;
  uint32_t streamId;
  uint32_t threadId;
  uint32_t deviceId;
  uint32_t code;
};

namespace sim {

/** What ran in a task. The simulator knows a model as one operator. */
struct FailedOperator {
  std::string name;
  std::vector<aclTensorDesc> inputs;
  std::vector<aclTensorDesc> outputs;
};

void setExceptionCallback(aclrtExceptionInfoCallback callback);
/** Remembers the failure and has the callback called, on a thread of the library that has no context. */
void reportTaskFailure(const rtExceptionInfo &info, FailedOperator what);
/** False when nothing is known of that task. */
bool findFailedOperator(uint32_t deviceId, uint32_t streamId, uint32_t taskId, FailedOperator *what);

/** Whether `code` is a failure of the device, as opposed to a mistake in a call or an abort. */
bool isDeviceFailure(aclError code);

}  // namespace sim

#endif  // SIMULATOR_TASK_FAILURE_H_
