// Constants and look-up for the table in acl_abi/acl_error_codes.inc.
#ifndef ACL_ERROR_CODES_H_
#define ACL_ERROR_CODES_H_

namespace acl {

/** What a caller can do about an error. */
enum class ErrorClass {
  None,
  Usage,              // the call itself was wrong
  NotInitialised,     // aclInit is missing
  Context,            // the thread or the object has another context, or none
  OutOfMemory,        // device, pinned or host memory
  ResourceExhausted,  // streams, events, notifies, models
  Unsupported,        // by this product or release
  DeviceOpen,         // permission, driver, no or unusable device
  Timeout,            // the state of what timed out is unknown
  DeviceFault,        // the process has to be started again
  Other,
};

struct ErrorCode {
  int code;
  const char *name;
  ErrorClass errorClass;
  const char *meaning;
};

inline constexpr ErrorCode errorCodes[] = {
#define ACL_ERROR_ROW(code, name, errorClass, meaning) {code, #name, ErrorClass::errorClass, meaning},
#include "acl_abi/acl_error_codes.inc"
};

#define ACL_ERROR_ROW(code, name, errorClass, meaning) inline constexpr int name = code;
#include "acl_abi/acl_error_codes.inc"

/** The row of `code`, or null when CANN's headers do not know it. */
constexpr const ErrorCode *findErrorCode(int code) {
  for (const ErrorCode &row : errorCodes)
    if (row.code == code) return &row;
  return nullptr;
}

}  // namespace acl

#endif  // ACL_ERROR_CODES_H_
