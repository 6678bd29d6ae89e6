// libacl_dvpp.so: memory for media units is device memory like any other; the units themselves are not there.
#include "../acl_abi.h"
#include "allocation.h"
#include "call.h"

using namespace sim;

extern "C" {

aclError acldvppMalloc(void **devPtr, size_t size) {
  return invoke("acldvppMalloc", [&] { return allocateBlock(devPtr, size, Padding::Extra32); });
}

aclError acldvppFree(void *devPtr) {
  return invoke("acldvppFree", [&] { return freeBlock(devPtr); });
}

}  // extern "C"
