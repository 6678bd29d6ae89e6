// Cases of client programs, which call AscendCL themselves.
#ifndef TEST_SIMULATOR_CASES_H_
#define TEST_SIMULATOR_CASES_H_

#include "../../support/cases.h"
#include "acl_abi.h"

inline const bool tellsLastWords = (lastWords = aclGetRecentErrMsg, true);

/** `call` answers with exactly `code`. */
#define CODE(code, call)                                                                         \
  do {                                                                                           \
    const aclError found_ = (call);                                                              \
    if (found_ != (code))                                                                        \
      failCase(__FILE__, __LINE__, #call " is " + std::to_string(found_) + ", expected " #code); \
  } while (false)

#define OK(call) CODE(0, call)

/** aclInit and device 0, as nearly every case begins. */
inline void begin() {
  OK(aclInit(nullptr));
  OK(aclrtSetDevice(0));
}

#endif  // TEST_SIMULATOR_CASES_H_
