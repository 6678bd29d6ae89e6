#include "stream.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <system_error>
#include <thread>

#include "lost_device.h"
#include "thread_state.h"

namespace sim {

void Cancellation::cancel() {
  Lock lock(monitor_);
  cancelled_ = true;
  monitor_.notifyAll();
}

bool Cancellation::cancelled() const {
  Lock lock(monitor_);
  return cancelled_;
}

void Cancellation::waitUntil(Nanoseconds deadline) const {
  Lock lock(monitor_);
  while (!cancelled_) {
    if (deadline == forever)
      monitor_.wait();
    else if (!monitor_.waitUntil(deadline))
      return;
  }
}

void Stream::startWorker() {
  // The program's signals are not for this thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([self = shared_from_this()] { self->work(); }).detach();
    workerStarted_ = true;
  } catch (const std::system_error &) {
    // No thread to be had: submit() reports a full stream.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

uint64_t Stream::submit(Task task) {
  Lock lock(monitor_);
  if (closed_) return 0;
  if (!workerStarted_) startWorker();
  if (!workerStarted_) return 0;
  const uint64_t ticket = ++lastTicket_;
  if (stopped_) {
    if (queue_.empty() && !running_) doneTicket_ = ticket;
    return ticket;
  }
  queue_.push_back({ticket, monotonicNow(), threadId(), std::move(task)});
  monitor_.notifyAll();
  return ticket;
}

void Stream::work() {
  monitor_.lock();
  for (;;) {
    while (queue_.empty() && !closed_) monitor_.wait();
    if (queue_.empty()) break;
    Entry entry = std::move(queue_.front());
    queue_.pop_front();
    const auto cancellation = std::make_shared<Cancellation>();
    running_ = cancellation;
    runningTicket_ = entry.ticket;
    Nanoseconds endedAt = 0;
    const TaskTurn turn{std::max(entry.queuedAt, previousEnd_),
                        *cancellation,
                        static_cast<uint32_t>(entry.ticket),
                        static_cast<uint32_t>(id),
                        entry.threadId,
                        &endedAt};
    monitor_.unlock();
    const aclError code = entry.task(turn);
    entry.task = nullptr;
    std::string message;
    message.swap(threadState().recent);
    monitor_.lock();
    previousEnd_ = endedAt != 0 ? endedAt : monotonicNow();
    running_ = nullptr;
    runningTicket_ = 0;
    // A cancelled task's failure was told to those who synchronised when it was aborted.
    if (code != 0 && firstFailure_ == 0 && !cancellation->cancelled()) {
      firstFailure_ = code;
      failureMessage_ = message;
      if (stopOnFailure_) {
        stopped_ = true;
        queue_.clear();
      }
    }
    doneTicket_ = queue_.empty() ? lastTicket_ : entry.ticket;
    monitor_.notifyAll();
  }
  monitor_.unlock();
}

aclError Stream::synchronize(Nanoseconds deadline) {
  Lock lock(monitor_);
  const uint64_t until = lastTicket_;
  const uint64_t abortsBefore = aborts_;
  while (doneTicket_ < until && aborts_ == abortsBefore && device->lost == 0) {
    if (deadline == forever)
      monitor_.wait();
    else if (!monitor_.waitUntil(deadline) && doneTicket_ < until && aborts_ == abortsBefore &&
             device->lost == 0)
      return fail(507046, "EE1002",
                  "Stream synchronize failed, reason: the stream synchronization timed out.");
  }
  if (aborts_ != abortsBefore) return fail(107023, "EE1001", "The stream is aborted.");
  if (doneTicket_ < until) return answerOfLost(*device, "Stream synchronize");
  const aclError code = firstFailure_;
  threadState().recent += failureMessage_;
  if (!stopped_) {
    firstFailure_ = 0;
    failureMessage_.clear();
  }
  return code;
}

uint64_t Stream::aborts() {
  Lock lock(monitor_);
  return aborts_;
}

bool Stream::waitFor(uint64_t ticket, uint64_t abortsBefore) {
  Lock lock(monitor_);
  while (doneTicket_ < ticket && aborts_ == abortsBefore && device->lost == 0) monitor_.wait();
  return doneTicket_ >= ticket && aborts_ == abortsBefore;
}

void Stream::waitWhileRunning(uint64_t ticket) {
  Lock lock(monitor_);
  while (runningTicket_ == ticket) monitor_.wait();
}

bool Stream::idle() {
  Lock lock(monitor_);
  return doneTicket_ >= lastTicket_;
}

void Stream::wake() {
  Lock lock(monitor_);
  monitor_.notifyAll();
}

void Stream::abort() {
  Lock lock(monitor_);
  queue_.clear();
  ++aborts_;
  if (running_)
    running_->cancel();
  else
    doneTicket_ = lastTicket_;
  firstFailure_ = 0;
  failureMessage_.clear();
  stopped_ = false;
  monitor_.notifyAll();
}

void Stream::close(bool drop) {
  Lock lock(monitor_);
  closed_ = true;
  if (drop) {
    queue_.clear();
    ++aborts_;
    if (running_) running_->cancel();
    doneTicket_ = lastTicket_;
  }
  monitor_.notifyAll();
  while (doneTicket_ < lastTicket_ && device->lost == 0) monitor_.wait();
}

bool Stream::setStopOnFailure(bool stop) {
  Lock lock(monitor_);
  if (modeSet_) return false;
  modeSet_ = true;
  stopOnFailure_ = stop;
  return true;
}

HandleTable<Stream> &streams() {
  static auto *const table = new HandleTable<Stream>(2);
  return *table;
}

}  // namespace sim
