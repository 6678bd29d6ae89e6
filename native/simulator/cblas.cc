// libacl_cblas.so: matrix products are single operators, which are not executed. Arguments are never looked
// at, so all functions are declared without any.
#include "../acl_error_codes.h"
#include "call.h"

using namespace sim;

#define UNSUPPORTED(name)                                                                     \
  extern "C" aclError name(void) {                                                            \
    return invoke(#name, [] {                                                                 \
      return fail(acl::ACL_ERROR_API_NOT_SUPPORT, "EH0001",                                   \
                  "The simulator executes no single operators: " #name " is not supported."); \
    });                                                                                       \
  }

UNSUPPORTED(aclblasGemvEx)
UNSUPPORTED(aclblasCreateHandleForGemvEx)
UNSUPPORTED(aclblasHgemv)
UNSUPPORTED(aclblasCreateHandleForHgemv)
UNSUPPORTED(aclblasS8gemv)
UNSUPPORTED(aclblasCreateHandleForS8gemv)
UNSUPPORTED(aclblasGemmEx)
UNSUPPORTED(aclblasCreateHandleForGemmEx)
UNSUPPORTED(aclblasHgemm)
UNSUPPORTED(aclblasCreateHandleForHgemm)
UNSUPPORTED(aclblasS8gemm)
UNSUPPORTED(aclblasCreateHandleForS8gemm)
