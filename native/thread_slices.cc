#include "thread_slices.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace ascend {
namespace {

/** struct sched_attr as of Linux 3.14: older headers lack it, newer ones clash with <sched.h>. */
struct SchedulingAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtimeNs;
  uint64_t deadlineNs;
  uint64_t periodNs;
};

}  // namespace

void AskForShortSlices() {
  constexpr uint64_t kSliceNs = 100'000;
  SchedulingAttributes attributes = {};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  if (attributes.policy != SCHED_OTHER) return;
  attributes.size = sizeof attributes;
  attributes.runtimeNs = kSliceNs;
  static_cast<void>(syscall(SYS_sched_setattr, 0, &attributes, 0));
}

void AskForBatchTurns() {
  const sched_param priority = {};
  sched_setscheduler(0, SCHED_BATCH, &priority);
}

}  // namespace ascend
