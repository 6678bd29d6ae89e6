// The part of AscendCL's C interface (CANN 6.0 to 9.x, Linux LP64) that this project uses, declared by hand:
// nothing here needs a CANN header or library. Names, types, values, layouts and files are those of the
// vendor's acl.h family, so a program compiles against either; a comment gives the CANN release where
// something newer than 6.0 first appeared. The add-on only takes the types of these functions (decltype); the
// simulator defines them.
#ifndef ACL_ABI_H_
#define ACL_ABI_H_

#include "acl_abi/acl.h"
#include "acl_abi/acl_op_compiler.h"
#include "acl_abi/acl_prof.h"
#include "acl_abi/ops/acl_dvpp.h"

#endif  // ACL_ABI_H_
