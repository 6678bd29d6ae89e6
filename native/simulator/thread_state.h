// What ACL keeps per OS thread: the current context, the last error, and the recent message.
#ifndef SIMULATOR_THREAD_STATE_H_
#define SIMULATOR_THREAD_STATE_H_

#include <string>

#include "../acl_abi.h"

namespace sim {

struct ThreadState {
  aclrtContext context = nullptr;
  aclError lastError = 0;
  /** Lines collected since the last aclGetRecentErrMsg. */
  std::string recent;
  /** What the last aclGetRecentErrMsg returned: the caller reads it until the next call. */
  std::string returned;
};

/** Made at first use; goes with its thread, and outlives the main thread's static destructors. */
ThreadState &threadState();

/** What the system calls the calling thread. */
uint32_t threadId();

/**
 * Adds a message in CANN's shape ("EE1001: [PID: n] time text", solution, trace) to the thread's recent
 * message and returns `code`, so that a check reads `return fail(...)`.
 */
aclError fail(aclError code, const char *textCode, const std::string &text);

}  // namespace sim

#endif  // SIMULATOR_THREAD_STATE_H_
