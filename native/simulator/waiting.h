// Waiting until a point in time to the microsecond: sleep most of it, spin the rest.
#ifndef SIMULATOR_WAITING_H_
#define SIMULATOR_WAITING_H_

#include <sched.h>

#include "monitor.h"

namespace sim {

/**
 * How late a sleeper may wake: some 60 µs on a stock kernel, 190 µs measured on a virtual machine whose
 * processors were idle. What is left after the sleep is spun.
 */
constexpr Nanoseconds timerSlack = 250'000;

inline void waitUntil(Nanoseconds deadline) {
  const Nanoseconds wake = deadline - timerSlack;
  if (wake > monotonicNow()) {
    const timespec at = toTimespec(wake);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) != 0) {
    }
  }
  // Several devices share the processors: who spins lets the others have theirs.
  while (monotonicNow() < deadline) sched_yield();
}

}  // namespace sim

#endif  // SIMULATOR_WAITING_H_
