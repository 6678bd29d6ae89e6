// Waiting until a point in time to the microsecond: sleep most of it, spin the rest.
#ifndef SIMULATOR_WAITING_H_
#define SIMULATOR_WAITING_H_

#include "monitor.h"

namespace sim {

/** Timers fire up to some 60 µs late on a stock kernel; what is left after the sleep is spun. */
constexpr Nanoseconds timerSlack = 150'000;

inline void waitUntil(Nanoseconds deadline) {
  const Nanoseconds wake = deadline - timerSlack;
  if (wake > monotonicNow()) {
    const timespec at = toTimespec(wake);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) != 0) {
    }
  }
  while (monotonicNow() < deadline) {
  }
}

}  // namespace sim

#endif  // SIMULATOR_WAITING_H_
