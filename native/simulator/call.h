// The way into every entry point: counts the call, carries out faults, keeps exceptions inside, logs.
#ifndef SIMULATOR_CALL_H_
#define SIMULATOR_CALL_H_

#include <exception>

#include "faults.h"
#include "thread_state.h"

namespace sim {

/** Counts a use of `name` and carries out what ACL_SIM_FAULTS asks for; 0 when the call may go on. */
aclError enter(const char *name);
/** Logs the call and remembers `code` as the thread's last error. */
aclError leave(const char *name, aclError code, Nanoseconds start);
/** For calls that return no error code. */
void leave(const char *name, Nanoseconds start);
bool logging();
/** For a use that will never end, and so never be logged by leave(). */
void logHang(const char *name);

inline Nanoseconds startOfCall() {
  return logging() ? monotonicNow() : 0;
}

template <class Body>
aclError invoke(const char *name, Body body) noexcept {
  const Nanoseconds start = startOfCall();
  aclError code = 0;
  try {
    code = enter(name);
    if (code == 0) code = body();
  } catch (const std::exception &) {
    // Sizes are the caller's: std::length_error is as good as std::bad_alloc.
    code = fail(200000, "EH0010", "Failed to allocate host memory.");
  }
  return leave(name, code, start);
}

/** For functions that return something else than a code: `otherwise` is what a fault makes of it. */
template <class Result, class Body>
Result invokeOr(const char *name, Result otherwise, Body body) noexcept {
  const Nanoseconds start = startOfCall();
  Result result = otherwise;
  try {
    if (enter(name) == 0) result = body();
  } catch (const std::exception &) {
    fail(200000, "EH0010", "Failed to allocate host memory.");
  }
  leave(name, start);
  return result;
}

/** For functions that return nothing: a fault that asks for a code leaves the work undone. */
template <class Body>
void invokeVoid(const char *name, Body body) noexcept {
  invokeOr<int>(name, 0, [&] {
    body();
    return 0;
  });
}

}  // namespace sim

#endif  // SIMULATOR_CALL_H_
