// Blocks of device memory as callers get them.
#ifndef SIMULATOR_ALLOCATION_H_
#define SIMULATOR_ALLOCATION_H_

#include <cstddef>

#include "../acl_abi.h"

namespace sim {

/** Sizes are rounded up to 32 bytes; most kinds of memory come with another 32. */
enum class Padding { None, Extra32 };

/** From the current context's device, with ACL's checks and codes. */
aclError allocateBlock(void **devPtr, size_t size, Padding padding);
aclError freeBlock(void *devPtr);

}  // namespace sim

#endif  // SIMULATOR_ALLOCATION_H_
