// Copies between host and devices: which side an address is on, bounds, and the time a copy takes.
#ifndef SIMULATOR_COPY_H_
#define SIMULATOR_COPY_H_

#include "../acl_abi.h"
#include "context.h"

namespace sim {

struct CopyRequest {
  void *destination;
  size_t destinationBytes;
  const void *source;
  size_t bytes;
  aclrtMemcpyKind kind;
};

enum class CopyCheck { Proceed, NothingToDo };

/** NULL, kind and size checks in ACL's order; `outcome` says whether there is anything to copy. */
aclError checkCopyArguments(const CopyRequest &request, CopyCheck *outcome);
/** The sides the kind asks for against those the addresses are on; DEFAULT is decided by the addresses. */
aclError checkCopyAddresses(const CopyRequest &request, const Context &context);
/** Does it and takes the time ACL_SIM_COPY_GBPS asks for. */
aclError copyNow(const CopyRequest &request);

aclError checkMemset(const void *address, size_t capacity, size_t bytes, CopyCheck *outcome);
aclError memsetNow(void *address, int value, size_t bytes);

}  // namespace sim

#endif  // SIMULATOR_COPY_H_
