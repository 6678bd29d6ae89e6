#include "condition.h"

#include <cerrno>

// As in library.cc: the version this function had before glibc 2.34 moved it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#elif defined(__x86_64__)
__asm__(".symver pthread_condattr_setclock,pthread_condattr_setclock@GLIBC_2.3.3");
#elif defined(__aarch64__)
__asm__(".symver pthread_condattr_setclock,pthread_condattr_setclock@GLIBC_2.17");
#endif

namespace ascend {

Condition::Condition() {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  // The clock of Clock; the default one jumps when the time of day is set.
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&condition_, &attributes);
  pthread_condattr_destroy(&attributes);
}

Condition::~Condition() {
  pthread_cond_destroy(&condition_);
}

void Condition::Wait(std::unique_lock<std::mutex> &lock) {
  pthread_cond_wait(&condition_, lock.mutex()->native_handle());
}

bool Condition::WaitUntil(std::unique_lock<std::mutex> &lock, Clock::time_point deadline) {
  const auto since = deadline.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds);
  timespec until = {static_cast<time_t>(seconds.count()), static_cast<long>(rest.count())};
  return pthread_cond_timedwait(&condition_, lock.mutex()->native_handle(), &until) != ETIMEDOUT;
}

void Condition::NotifyOne() {
  pthread_cond_signal(&condition_);
}
void Condition::NotifyAll() {
  pthread_cond_broadcast(&condition_);
}

}  // namespace ascend
