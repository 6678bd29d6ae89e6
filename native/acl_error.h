// A failed AscendCL call as plain data, taken on the thread that got it: the recent message is kept by
// thread.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include "acl_api.h"
#include "acl_error_codes.h"

namespace ascend {

struct AclFailure {
  /** The function, such as `aclmdlExecute`. */
  std::string call;
  aclError code = 0;
  /** What AscendCL says about it; empty when it says nothing. */
  std::string message;
  /** How many devices there are for this process, where a device could not be opened. */
  std::optional<uint32_t> visibleDevices = std::nullopt;
};

class AclException : public std::exception {
 public:
  explicit AclException(AclFailure failure) : failure_(std::move(failure)) {}
  const char *what() const noexcept override { return failure_.call.c_str(); }
  const AclFailure &failure() const { return failure_; }

 private:
  AclFailure failure_;
};

/** The name in CANN's headers, or an empty string for a code they do not know. */
const char *ErrorName(aclError code);

/** What a caller can do about it; unknown codes are `Other`. */
acl::ErrorClass ClassOf(aclError code);

/** A word for JavaScript, such as `outOfMemory`. */
const char *ClassName(acl::ErrorClass errorClass);

/** Throws AclException unless `code` is success. */
void Check(const AclApi &api, aclError code, const char *call);

/** Throws for functions that return null instead of a code. */
template <typename T>
T *CheckPointer(const AclApi &api, T *pointer, const char *call);

[[noreturn]] void Fail(const AclApi &api, aclError code, const char *call);

template <typename T>
T *CheckPointer(const AclApi &api, T *pointer, const char *call) {
  if (pointer == nullptr) Fail(api, acl::ACL_ERROR_BAD_ALLOC, call);
  return pointer;
}

}  // namespace ascend
