// AscendCL's image hardware: its memory. libacl_dvpp.so.
#ifndef ACL_ABI_OPS_ACL_DVPP_H_
#define ACL_ABI_OPS_ACL_DVPP_H_

#include "../acl_base.h"

#ifdef __cplusplus
extern "C" {
#endif

aclError acldvppMalloc(void **devPtr, size_t size);
aclError acldvppFree(void *devPtr);

#ifdef __cplusplus
}
#endif

#endif  // ACL_ABI_OPS_ACL_DVPP_H_
