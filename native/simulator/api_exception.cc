// Exceptions of tasks.
#include <cstdio>

#include "../acl_error_codes.h"
#include "call.h"
#include "ledger.h"
#include "process.h"
#include "task_failure.h"
#include "text.h"

using namespace sim;

namespace {

constexpr uint32_t none = 0xFFFFFFFF;

uint32_t field(const char *call, const aclrtExceptionInfo *info, uint32_t rtExceptionInfo::*member) {
  return invokeOr<uint32_t>(call, none, [&]() -> uint32_t {
    if (info != nullptr) return info->*member;
    nullArgument("info");
    return none;
  });
}

/** One head with the others behind it; null for no elements. */
aclTensorDesc *makeArray(const std::vector<aclTensorDesc> &elements) {
  if (elements.empty()) return nullptr;
  auto *head = new aclTensorDesc(elements.front());
  head->others.assign(elements.begin() + 1, elements.end());
  ++ledger().live.tensorDescriptions;
  return head;
}

}  // namespace

extern "C" {

aclError aclrtSetExceptionInfoCallback(aclrtExceptionInfoCallback callback) {
  return invoke("aclrtSetExceptionInfoCallback", [&]() -> aclError {
    setExceptionCallback(callback);
    return 0;
  });
}

uint32_t aclrtGetTaskIdFromExceptionInfo(const aclrtExceptionInfo *info) {
  return field("aclrtGetTaskIdFromExceptionInfo", info, &rtExceptionInfo::taskId);
}

uint32_t aclrtGetStreamIdFromExceptionInfo(const aclrtExceptionInfo *info) {
  return field("aclrtGetStreamIdFromExceptionInfo", info, &rtExceptionInfo::streamId);
}

uint32_t aclrtGetThreadIdFromExceptionInfo(const aclrtExceptionInfo *info) {
  return field("aclrtGetThreadIdFromExceptionInfo", info, &rtExceptionInfo::threadId);
}

uint32_t aclrtGetDeviceIdFromExceptionInfo(const aclrtExceptionInfo *info) {
  return field("aclrtGetDeviceIdFromExceptionInfo", info, &rtExceptionInfo::deviceId);
}

uint32_t aclrtGetErrorCodeFromExceptionInfo(const aclrtExceptionInfo *info) {
  return field("aclrtGetErrorCodeFromExceptionInfo", info, &rtExceptionInfo::code);
}

aclError aclmdlCreateAndGetOpDesc(uint32_t deviceId, uint32_t streamId, uint32_t taskId, char *opName,
                                  size_t opNameLen, aclTensorDesc **inputDesc, size_t *numInputs,
                                  aclTensorDesc **outputDesc, size_t *numOutputs) {
  return invoke("aclmdlCreateAndGetOpDesc", [&]() -> aclError {
    if (opName == nullptr) return nullArgument("opName");
    if (inputDesc == nullptr || numInputs == nullptr) return nullArgument("inputDesc");
    if (outputDesc == nullptr || numOutputs == nullptr) return nullArgument("outputDesc");
    FailedOperator what;
    if (!findFailedOperator(deviceId, streamId, taskId, &what))
      return fail(
          acl::ACL_ERROR_GE_FAILURE, "E19999",
          format("Nothing is known of task %u of stream %u of device %u.", taskId, streamId, deviceId));
    if (opNameLen <= what.name.size())
      return fail(
          acl::ACL_ERROR_INVALID_PARAM, "EH0001",
          format("opNameLen %zu is invalid: the name has %zu characters.", opNameLen, what.name.size()));
    snprintf(opName, opNameLen, "%s", what.name.c_str());
    *inputDesc = makeArray(what.inputs);
    *numInputs = what.inputs.size();
    *outputDesc = makeArray(what.outputs);
    *numOutputs = what.outputs.size();
    return 0;
  });
}

}  // extern "C"
