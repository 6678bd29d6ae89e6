#include "process.h"

#include <unistd.h>

#include <atomic>

#include "../acl_error_codes.h"
#include "ledger.h"
#include "monitor.h"
#include "settings.h"
#include "text.h"
#include "thread_state.h"

namespace sim {

namespace {

Monitor &monitor() {
  static auto *const instance = new Monitor();
  return *instance;
}
std::atomic<uint64_t> references{0};
bool finalisedBefore = false;
/** The process that initialised last; a child made by fork is another. */
std::atomic<pid_t> initialisedBy{0};

constexpr int repeatableSince = 805;

}  // namespace

aclError Process::initialise() {
  Lock lock(monitor());
  initialisedBy = getpid();
  const bool again = references > 0;
  const bool tooLate = finalisedBefore && settings().cannRelease < repeatableSince;
  if (!again && !tooLate) {
    references = 1;
    return 0;
  }
  if (again && settings().cannRelease >= repeatableSince) ++references;
  return fail(acl::ACL_ERROR_REPEAT_INITIALIZE, "EH0001", "aclInit was called before in this process.");
}

aclError Process::finalise(bool all, uint64_t *left) {
  Lock lock(monitor());
  if (references == 0)
    return fail(acl::ACL_ERROR_REPEAT_FINALIZE, "EH0001", "ACL is not initialised, or was finalised before.");
  references = all ? 0 : references - 1;
  if (left != nullptr) *left = references;
  if (references == 0) {
    finalisedBefore = true;
    ledger().report("finalize");
  }
  return 0;
}

void Process::exit() const {
  if (initialisedBy == getpid()) ledger().report("exit");
}

bool Process::initialised() const {
  return references > 0;
}

Process &process() {
  static auto *const instance = new Process();
  return *instance;
}

aclError requireInit() {
  if (process().initialised()) return 0;
  return fail(acl::ACL_ERROR_GE_EXEC_NOT_INIT, "E19999", "GE is not initialised: call aclInit first.");
}

aclError nullArgument(const char *name) {
  return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0002", format("Argument [%s] must not be NULL.", name));
}

}  // namespace sim
