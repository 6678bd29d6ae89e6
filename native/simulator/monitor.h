// Mutex and condition variable on pthreads: std::condition_variable of g++ 12 needs a libstdc++ and glibc
// that Ascend hosts do not have (glibc_floor.h).
#ifndef SIMULATOR_MONITOR_H_
#define SIMULATOR_MONITOR_H_

#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <cstdint>

#include "glibc_floor.h"

namespace sim {

/** Nanoseconds of CLOCK_MONOTONIC. */
using Nanoseconds = int64_t;

inline Nanoseconds monotonicNow() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<Nanoseconds>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

/** 30 years: added to any time it still fits. */
constexpr double longestNanoseconds = 1e18;

/** Settings multiply and divide to anything; what does not fit would be undefined. */
inline Nanoseconds toNanoseconds(double nanoseconds) {
  return static_cast<Nanoseconds>(std::min(nanoseconds, longestNanoseconds));
}

inline timespec toTimespec(Nanoseconds time) {
  return {static_cast<time_t>(time / 1'000'000'000), static_cast<long>(time % 1'000'000'000)};
}

class Monitor {
 public:
  Monitor() {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&condition_, &attributes);
    pthread_condattr_destroy(&attributes);
  }
  ~Monitor() {
    pthread_cond_destroy(&condition_);
    pthread_mutex_destroy(&mutex_);
  }
  Monitor(const Monitor &) = delete;
  Monitor &operator=(const Monitor &) = delete;

  void lock() { pthread_mutex_lock(&mutex_); }
  void unlock() { pthread_mutex_unlock(&mutex_); }
  void notifyAll() { pthread_cond_broadcast(&condition_); }
  void wait() { pthread_cond_wait(&condition_, &mutex_); }
  /** False when `deadline` has passed. */
  bool waitUntil(Nanoseconds deadline) {
    const timespec at = toTimespec(deadline);
    return pthread_cond_timedwait(&condition_, &mutex_, &at) == 0;
  }

 private:
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition_;
};

class Lock {
 public:
  explicit Lock(Monitor &monitor) : monitor_(monitor) { monitor_.lock(); }
  ~Lock() { monitor_.unlock(); }
  Lock(const Lock &) = delete;
  Lock &operator=(const Lock &) = delete;

 private:
  Monitor &monitor_;
};

}  // namespace sim

#endif  // SIMULATOR_MONITOR_H_
