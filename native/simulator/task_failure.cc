#include "task_failure.h"

#include <pthread.h>
#include <signal.h>

#include <deque>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "monitor.h"

namespace sim {

namespace {

constexpr size_t mostRemembered = 64;
/**
 * A failing call waits so long for the callback, as it would for CANN's: a callback that waits for the
 * failing thread must not hang both.
 */
constexpr Nanoseconds patience = 1'000'000'000;

struct Report {
  rtExceptionInfo info;
  FailedOperator what;
  bool told = false;
};

class Reporter {
 public:
  void setCallback(aclrtExceptionInfoCallback callback) {
    Lock lock(monitor_);
    callback_ = callback;
  }

  void add(const std::shared_ptr<Report> &report) {
    Lock lock(monitor_);
    remembered_.push_back(report);
    if (remembered_.size() > mostRemembered) remembered_.pop_front();
    if (callback_ == nullptr || !startThread()) return;
    queue_.push_back(report);
    monitor_.notifyAll();
    const Nanoseconds deadline = monotonicNow() + patience;
    while (!report->told && monitor_.waitUntil(deadline)) {
    }
  }

  bool find(uint32_t deviceId, uint32_t streamId, uint32_t taskId, FailedOperator *what) {
    Lock lock(monitor_);
    for (const auto &report : remembered_) {
      const rtExceptionInfo &info = report->info;
      if (info.deviceId != deviceId || info.streamId != streamId || info.taskId != taskId) continue;
      *what = report->what;
      return true;
    }
    return false;
  }

 private:
  /** Under the monitor. */
  bool startThread() {
    if (started_) return true;
    // The program's signals are not for this thread.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      std::thread([this] { work(); }).detach();
      started_ = true;
    } catch (const std::system_error &) {
      // Without a thread nobody is told.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return started_;
  }

  void work() {
    monitor_.lock();
    for (;;) {
      while (queue_.empty()) monitor_.wait();
      const std::shared_ptr<Report> report = std::move(queue_.front());
      queue_.pop_front();
      const aclrtExceptionInfoCallback callback = callback_;
      monitor_.unlock();
      if (callback != nullptr) callback(&report->info);
      monitor_.lock();
      report->told = true;
      monitor_.notifyAll();
    }
  }

  Monitor monitor_;
  std::deque<std::shared_ptr<Report>> queue_;
  std::deque<std::shared_ptr<Report>> remembered_;
  aclrtExceptionInfoCallback callback_ = nullptr;
  bool started_ = false;
};

Reporter &reporter() {
  static auto *const instance = new Reporter();
  return *instance;
}

}  // namespace

void setExceptionCallback(aclrtExceptionInfoCallback callback) {
  reporter().setCallback(callback);
}

void reportTaskFailure(const rtExceptionInfo &info, FailedOperator what) {
  reporter().add(std::make_shared<Report>(Report{info, std::move(what)}));
}

bool findFailedOperator(uint32_t deviceId, uint32_t streamId, uint32_t taskId, FailedOperator *what) {
  return reporter().find(deviceId, streamId, taskId, what);
}

bool isDeviceFailure(aclError code) {
  return code / 1000 == 507;
}

}  // namespace sim
