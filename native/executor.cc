#include "executor.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <thread>

#include "thread_slices.h"
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

namespace ascend {
namespace {

/** Nobody will look for it again, and that is no leak. */
void LeaveBehind([[maybe_unused]] const Engine *engine) {
#ifdef __SANITIZE_ADDRESS__
  __lsan_ignore_object(engine);
#endif
}

/** Runs a step and keeps whatever it throws: an exception must not leave a thread. */
template <typename Step>
void Attempt(Run &run, Step step) {
  try {
    step();
  } catch (const AclException &exception) {
    run.failure = {Failure::Kind::kAcl, exception.failure(), {}};
  } catch (const std::exception &exception) {
    run.failure = {Failure::Kind::kInternal, {}, exception.what()};
  }
}

/**
 * To be woken takes 50 us and more, longer than a whole run of a tiny model: after such a run the device
 * thread looks out for the next one before it sleeps. After any other that would only burn power.
 */
constexpr auto kShortRun = std::chrono::microseconds(300);
constexpr auto kSpin = std::chrono::microseconds(100);
const bool kSeveralCpus = std::thread::hardware_concurrency() > 1;

pid_t CurrentThreadId() {
  return static_cast<pid_t>(syscall(SYS_gettid));
}

/** Threads are detached, and a join has no time limit that the oldest glibc would know under one name. */
bool IsGoneBy(pid_t thread, Clock::time_point deadline) {
  while (thread != 0 && syscall(SYS_tgkill, getpid(), thread, 0) == 0) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  return true;
}

}  // namespace

std::shared_ptr<Executor> Executor::Start(EngineOptions options, ExecutorEvents events) {
  std::shared_ptr<Executor> executor(new Executor(std::move(options), std::move(events)));
  // Detached, because a native call may never return; the add-on's image stays mapped until the process ends.
  std::thread([executor] { executor->DeviceThread(); }).detach();
  return executor;
}

Executor::Executor(EngineOptions options, ExecutorEvents events)
    : options_(std::move(options)), events_(std::move(events)), tally_(options_.tally) {}

bool Executor::Submit(std::unique_ptr<Run> run, const std::vector<Source> &sources) {
  run->accepted = Clock::now();
  for (const Source &source : sources) run->inputBytes.push_back(source.bytes);
  Lock lock(mutex_);
  // Who stops it need not be who submits: the end of the environment stops all there are.
  if (stopping_ || engine_ == nullptr) return false;
  Slot *slot = queue_.empty() && Find(State::kStaging) == nullptr && Find(State::kStaged) == nullptr &&
                       Find(State::kCopyingIn) == nullptr
                   ? NextFree()
                   : nullptr;
  if (slot != nullptr) {
    // Straight into pinned memory, without a copy on the way.
    slot->state = State::kStaging;
    lock.unlock();
    try {
      Stage(*slot, *run, sources);
    } catch (...) {
      lock.lock();
      Free(*slot);
      throw;
    }
    lock.lock();
    slot->run = std::move(run);
    slot->state = State::kStaged;
  } else {
    lock.unlock();
    for (const Source &source : sources) run->inputs.push_back(CopyOf(source, tally_));
    lock.lock();
    queue_.push_back(std::move(run));
  }
  if (!deviceWaits_) {
    WakeForCopying();
    return true;
  }
  // Woken with the lock still held, it would go back to sleep over that.
  lock.unlock();
  WakeDevice();
  return true;
}

void Executor::Stage(Slot &slot, Run &run, const std::vector<Source> &sources) {
  if (engine_->Stage(IndexOf(slot), sources)) return;
  for (const Source &source : sources) run.inputs.push_back(CopyOf(source, tally_));
}

Dropped Executor::Drop(uint64_t id) {
  Lock lock(mutex_);
  const auto queued =
      std::find_if(queue_.begin(), queue_.end(), [id](const auto &run) { return run->id == id; });
  if (queued != queue_.end()) {
    queue_.erase(queued);
    return Dropped::kBeforeAnyCall;
  }
  for (Slot &slot : slots_) {
    if (slot.run == nullptr || slot.run->id != id) continue;
    if (slot.state == State::kCopyingIn) {
      slot.dropped = true;
      return Dropped::kCopying;
    }
    if (slot.state != State::kStaged && slot.state != State::kLoaded) break;
    Free(slot);
    WakeForCopying();
    return Dropped::kBeforeAnyCall;
  }
  return Dropped::kTooLate;
}

bool Executor::IsCopyingIn(uint64_t id) {
  Lock lock(mutex_);
  return std::any_of(slots_.begin(), slots_.end(), [id](const Slot &slot) {
    return slot.state == State::kCopyingIn && slot.run->id == id;
  });
}

size_t Executor::begun() {
  Lock lock(mutex_);
  return static_cast<size_t>(std::count_if(slots_.begin(), slots_.end(), [](const Slot &slot) {
    return slot.state == State::kExecuting || slot.state == State::kExecuted ||
           slot.state == State::kCopyingOut;
  }));
}

bool Executor::stopping() {
  Lock lock(mutex_);
  return stopping_;
}

void Executor::Stop() {
  Lock lock(mutex_);
  stopping_ = true;
  queue_.clear();
  for (Slot &slot : slots_) {
    if (slot.state == State::kStaged || slot.state == State::kLoaded) Free(slot);
    if (slot.state == State::kCopyingIn) slot.dropped = true;
  }
  WakeDevice();
}

bool Executor::WaitUntilFinished(Clock::time_point deadline) {
  Lock lock(mutex_);
  while (!finished_) {
    if (!finishedWake_.WaitUntil(lock, deadline) && !finished_) return false;
  }
  const pid_t threads[] = {deviceThreadId_, copyThreadId_};
  lock.unlock();
  // What ends after their last line is AscendCL's: it must not meet the destructors of static objects.
  return std::all_of(std::begin(threads), std::end(threads),
                     [deadline](pid_t thread) { return IsGoneBy(thread, deadline); });
}

void Executor::DeviceThread() {
  prctl(PR_SET_NAME, "acl-device");
  AskForShortSlices();
  {
    Lock lock(mutex_);
    deviceThreadId_ = CurrentThreadId();
  }
  std::unique_ptr<Engine> engine;
  Remains remains = Remains::kNothing;
  try {
    engine = std::make_unique<Engine>(std::move(options_));
  } catch (const LibraryFailure &failure) {
    events_.failed(failure);
  } catch (const AclException &exception) {
    events_.failed(exception.failure());
  } catch (const std::exception &exception) {
    events_.failed(std::string(exception.what()));
  }
  if (engine != nullptr) {
    {
      Lock lock(mutex_);
      engine_ = engine.get();
    }
    events_.opened(*engine);
    DeviceLoop();
    StopCopyThread();
    {
      Lock lock(mutex_);
      engine_ = nullptr;
    }
    const bool quiet = !faulted_ || engine->DiscardExecution();
    if (!quiet || !engine->UnloadModel()) {
      // The device may still read and write this memory: it is never given back.
      LeaveBehind(engine.release());
      remains = Remains::kEngine;
    }
  }
  engine.reset();
  events_.closed(remains);
  Lock lock(mutex_);
  finished_ = true;
  finishedWake_.NotifyAll();
}

void Executor::DeviceLoop() {
  Lock lock(mutex_);
  for (;;) {
    if (Slot *loaded = faulted_ ? nullptr : Oldest(State::kLoaded)) {
      Execute(*loaded, lock);
    } else if (Slot *next = NextToCopyIn()) {
      CopyIn(*next, lock);
    } else if (DeviceMayCopyOut()) {
      CopyOut(*NextToCopyOut(), lock);
    } else if (stopping_ && IsIdle()) {
      return;
    } else {
      AwaitWork(lock);
    }
  }
}

void Executor::AwaitWork(Lock &lock) {
  deviceWaits_ = true;
  if (lookOut_ && kSeveralCpus) {
    lookOut_ = false;
    const uint64_t seen = signals_;
    const Clock::time_point until = Clock::now() + kSpin;
    lock.unlock();
    while (signals_ == seen && Clock::now() < until) sched_yield();
    lock.lock();
    // Whoever brought work may not have signalled yet: look again before sleeping, without letting go of the
    // lock.
  } else {
    deviceWake_.Wait(lock);
  }
  deviceWaits_ = false;
}

void Executor::WakeDevice() {
  signals_ += 1;
  deviceWake_.NotifyOne();
}

void Executor::CopyLoop() {
  Lock lock(mutex_);
  while (!stopCopying_) {
    if (Slot *executed = NextToCopyOut()) {
      CopyOut(*executed, lock);
      WakeDevice();
    } else if (Slot *next = deviceWaits_ ? nullptr : NextToCopyIn()) {
      CopyIn(*next, lock);
      WakeDevice();
    } else {
      copyWake_.Wait(lock);
    }
  }
}

void Executor::StartCopyThread() {
  copyThread_ = CopyThread::kRunning;
  try {
    std::thread([self = shared_from_this()] {
      prctl(PR_SET_NAME, "acl-copy");
      AskForBatchTurns();
      {
        Lock lock(self->mutex_);
        self->copyThreadId_ = CurrentThreadId();
      }
      CopyThread end = CopyThread::kEnded;
      try {
        self->engine_->EnterThread();
        self->CopyLoop();
      } catch (const std::exception &) {
        end = CopyThread::kUnavailable;
      }
      Lock lock(self->mutex_);
      self->copyThread_ = end;
      self->WakeDevice();
    }).detach();
  } catch (const std::exception &) {
    // Without it the device thread does everything, one after the other.
    copyThread_ = CopyThread::kUnavailable;
  }
}

void Executor::StopCopyThread() {
  Lock lock(mutex_);
  stopCopying_ = true;
  copyWake_.NotifyOne();
  while (copyThread_ == CopyThread::kRunning) deviceWake_.Wait(lock);
}

Executor::Slot *Executor::Find(State state) {
  const auto found =
      std::find_if(slots_.begin(), slots_.end(), [state](const Slot &slot) { return slot.state == state; });
  return found == slots_.end() ? nullptr : &*found;
}

Executor::Slot *Executor::NextFree() {
  // In turn, also when one would do: the memory of the other is no longer in this processor's way.
  lastUsed_ = (lastUsed_ + 1) % slots_.size();
  return slots_[lastUsed_].state == State::kFree ? &slots_[lastUsed_] : Find(State::kFree);
}

Executor::Slot *Executor::Oldest(State state) {
  Slot *oldest = nullptr;
  for (Slot &slot : slots_) {
    if (slot.state != state) continue;
    if (oldest == nullptr || slot.run->id < oldest->run->id) oldest = &slot;
  }
  return oldest;
}

Executor::Slot *Executor::NextToCopyIn() {
  // One at a time, or a later run could come to the device before an earlier one.
  if (faulted_ || Find(State::kCopyingIn) != nullptr) return nullptr;
  if (Slot *staged = Find(State::kStaged)) return staged;
  Slot *slot = queue_.empty() ? nullptr : Find(State::kFree);
  if (slot == nullptr) return nullptr;
  slot->run = std::move(queue_.front());
  queue_.pop_front();
  slot->state = State::kStaged;
  return slot;
}

Executor::Slot *Executor::NextToCopyOut() {
  // One at a time, so that results come in the order of their runs.
  return Find(State::kCopyingOut) == nullptr ? Oldest(State::kExecuted) : nullptr;
}

bool Executor::DeviceMayCopyOut() {
  if (NextToCopyOut() == nullptr) return false;
  // What is about to be loaded must find this thread free.
  return copyThread_ != CopyThread::kRunning || Find(State::kCopyingIn) == nullptr;
}

bool Executor::IsIdle() {
  return std::all_of(slots_.begin(), slots_.end(),
                     [](const Slot &slot) { return slot.state == State::kFree; });
}

void Executor::WakeForCopying() {
  if (stopping_ || faulted_) return;
  if (queue_.empty() && Find(State::kStaged) == nullptr && Find(State::kExecuted) == nullptr) return;
  if (copyThread_ == CopyThread::kNone) StartCopyThread();
  copyWake_.NotifyOne();
}

void Executor::CopyIn(Slot &slot, Lock &lock) {
  Run &run = *slot.run;
  slot.state = State::kCopyingIn;
  lock.unlock();
  run.copyIn.begin = Clock::now();
  Attempt(run, [&] { engine_->CopyIn(IndexOf(slot), run); });
  run.copyIn.end = Clock::now();
  lock.lock();
  slot.state = State::kLoaded;
  if (slot.dropped || stopping_) Free(slot);
}

void Executor::Execute(Slot &slot, Lock &lock) {
  Run &run = *slot.run;
  slot.state = State::kExecuting;
  WakeForCopying();
  lock.unlock();
  run.execute.begin = Clock::now();
  if (run.deadline.has_value() && run.execute.begin >= *run.deadline && !run.failure.has_value()) {
    run.failure = {Failure::Kind::kDeadline, {}, {}};
  }
  if (!run.failure.has_value()) Attempt(run, [&] { engine_->Execute(IndexOf(slot), run); });
  run.execute.end = Clock::now();
  lock.lock();
  lookOut_ = run.execute.end - run.execute.begin < kShortRun;
  if (run.failure.has_value() && IsFatal(*run.failure)) faulted_ = true;
  slot.state = State::kExecuted;
  // Somebody else's turn is next: the result goes back beside it.
  if (Find(State::kLoaded) != nullptr || Find(State::kCopyingIn) != nullptr) copyWake_.NotifyOne();
}

void Executor::CopyOut(Slot &slot, Lock &lock) {
  // Out of the slot while the lock is held: who drops a run looks there, and `done` gives it away.
  std::unique_ptr<Run> owned = std::move(slot.run);
  Run &run = *owned;
  slot.state = State::kCopyingOut;
  lock.unlock();
  run.copyOut.begin = Clock::now();
  // After a fatal failure the device may not answer any more.
  if (!run.failure.has_value() || !IsFatal(*run.failure)) {
    Attempt(run, [&] { engine_->CopyOut(IndexOf(slot), run); });
  }
  run.copyOut.end = Clock::now();
  const bool fatal = run.failure.has_value() && IsFatal(*run.failure);
  events_.done(std::move(owned));
  lock.lock();
  if (fatal) faulted_ = true;
  Free(slot);
  if (Find(State::kExecuted) != nullptr) copyWake_.NotifyOne();
}

void Executor::Free(Slot &slot) {
  slot.run.reset();
  slot.dropped = false;
  slot.state = State::kFree;
}

}  // namespace ascend
