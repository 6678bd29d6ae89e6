// A condition variable over pthread. std::condition_variable of a current g++ needs a newer libstdc++ than
// Kylin V10 and openEuler 20.03 have.
#pragma once

#include <pthread.h>

#include <chrono>
#include <mutex>

namespace ascend {

using Clock = std::chrono::steady_clock;

class Condition {
 public:
  Condition();
  ~Condition();
  Condition(const Condition &) = delete;
  Condition &operator=(const Condition &) = delete;

  void Wait(std::unique_lock<std::mutex> &lock);
  /** False when the time was up. Wakes without reason too, as they all do. */
  bool WaitUntil(std::unique_lock<std::mutex> &lock, Clock::time_point deadline);
  void NotifyOne();
  void NotifyAll();

 private:
  pthread_cond_t condition_;
};

}  // namespace ascend
