#include "acl_error.h"

namespace ascend {

const char *ErrorName(aclError code) {
  const acl::ErrorCode *row = acl::findErrorCode(code);
  return row == nullptr ? "" : row->name;
}

acl::ErrorClass ClassOf(aclError code) {
  const acl::ErrorCode *row = acl::findErrorCode(code);
  return row == nullptr ? acl::ErrorClass::Other : row->errorClass;
}

const char *ClassName(acl::ErrorClass errorClass) {
  switch (errorClass) {
    case acl::ErrorClass::None:
      return "none";
    case acl::ErrorClass::Usage:
      return "usage";
    case acl::ErrorClass::NotInitialised:
      return "notInitialised";
    case acl::ErrorClass::Context:
      return "context";
    case acl::ErrorClass::OutOfMemory:
      return "outOfMemory";
    case acl::ErrorClass::ResourceExhausted:
      return "resourceExhausted";
    case acl::ErrorClass::Unsupported:
      return "unsupported";
    case acl::ErrorClass::DeviceOpen:
      return "deviceOpen";
    case acl::ErrorClass::Timeout:
      return "timeout";
    case acl::ErrorClass::DeviceFault:
      return "deviceFault";
    case acl::ErrorClass::Other:
      break;
  }
  return "other";
}

void Fail(const AclApi &api, aclError code, const char *call) {
  // Null when there is none, and valid only until this thread's next call.
  const char *message = api.aclGetRecentErrMsg();
  throw AclException({call, code, message == nullptr ? "" : message, std::nullopt});
}

void Check(const AclApi &api, aclError code, const char *call) {
  if (code != acl::ACL_SUCCESS) Fail(api, code, call);
}

}  // namespace ascend
