// The configuration file of aclInit: only whether it is one.
#ifndef SIMULATOR_ACL_JSON_H_
#define SIMULATOR_ACL_JSON_H_

#include <string>

#include "../acl_abi.h"

namespace sim {

/** 0 for NULL, "" or a file of JSON with one object; 100003 when it cannot be read, 100006 when it is
 * something else. */
aclError checkAclJson(const char *path);

}  // namespace sim

#endif  // SIMULATOR_ACL_JSON_H_
