// The threads of a session. The device thread owns the engine: it opens it, executes runs in order and tears
// it down. A copy thread joins it when runs follow each other closely: while run n executes, it brings the
// inputs of n + 1 to the device and the outputs of n - 1 back. A single run stays on the device thread, which
// is quicker.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "condition.h"
#include "engine.h"

namespace ascend {

/** Why an engine could not be opened; the text is for what is neither the library's nor AscendCL's fault. */
using OpenFailure = std::variant<LibraryFailure, AclFailure, std::string>;

/** What is left of a session when it has ended. */
enum class Remains { kNothing, kEngine };

/** Where a run was when it was dropped. kCopying: in a call into AscendCL, which must return first. */
enum class Dropped { kBeforeAnyCall, kCopying, kTooLate };

/** Called on the session's threads, one at a time and in order; must not throw. */
struct ExecutorEvents {
  std::function<void(const Engine &)> opened;
  std::function<void(OpenFailure)> failed;
  std::function<void(std::unique_ptr<Run>)> done;
  /** Everything is given back, or left behind because the device may still be using it. The last event. */
  std::function<void(Remains)> closed;
};

class Executor : public std::enable_shared_from_this<Executor> {
 public:
  static std::shared_ptr<Executor> Start(EngineOptions options, ExecutorEvents events);

  Executor(const Executor &) = delete;
  Executor &operator=(const Executor &) = delete;

  /**
   * For the JavaScript thread, after `opened`. Reads the sources before it returns. False after Stop: the run
   * is not taken. Throws std::bad_alloc when there is no memory for copies; the executor goes on.
   */
  bool Submit(std::unique_ptr<Run> run, const std::vector<Source> &sources);
  /** Takes a run back that has not begun to execute; unless it has, it is not heard of again. */
  Dropped Drop(uint64_t id);
  /** Whether this run's inputs are being copied to the device, dropped or not. */
  bool IsCopyingIn(uint64_t id);
  /** Runs that are executing, or executed and on their way back. */
  size_t begun();
  /** Device, pinned and host memory of the session, as it is now; without the model's own. */
  size_t heldBytes() const { return *tally_; }
  bool stopping();
  /** Drops what has not begun. The threads end when what runs has ended; more than once does no harm. */
  void Stop();
  /** False when the threads are still there at that time: a native call does not return. */
  bool WaitUntilFinished(Clock::time_point deadline);

 private:
  enum class State { kFree, kStaging, kStaged, kCopyingIn, kLoaded, kExecuting, kExecuted, kCopyingOut };
  enum class CopyThread { kNone, kRunning, kEnded, kUnavailable };
  struct Slot {
    State state = State::kFree;
    std::unique_ptr<Run> run;
    /** While it was being copied in, its run was dropped. */
    bool dropped = false;
  };
  using Lock = std::unique_lock<std::mutex>;

  Executor(EngineOptions options, ExecutorEvents events);
  void DeviceThread();
  void DeviceLoop();
  void CopyLoop();
  void StartCopyThread();
  void StopCopyThread();
  void Stage(Slot &slot, Run &run, const std::vector<Source> &sources);

  Slot *Find(State state);
  Slot *NextFree();
  Slot *Oldest(State state);
  Slot *NextToCopyIn();
  Slot *NextToCopyOut();
  bool DeviceMayCopyOut();
  bool IsIdle();
  void AwaitWork(Lock &lock);
  void WakeDevice();
  void WakeForCopying();
  void CopyIn(Slot &slot, Lock &lock);
  void Execute(Slot &slot, Lock &lock);
  void CopyOut(Slot &slot, Lock &lock);
  void Free(Slot &slot);
  size_t IndexOf(const Slot &slot) const { return static_cast<size_t>(&slot - slots_.data()); }

  EngineOptions options_;
  const ExecutorEvents events_;
  const std::shared_ptr<MemoryTally> tally_;
  std::mutex mutex_;
  Condition deviceWake_;
  Condition copyWake_;
  Condition finishedWake_;
  std::deque<std::unique_ptr<Run>> queue_;
  std::array<Slot, Engine::kSets> slots_;
  size_t lastUsed_ = 0;
  Engine *engine_ = nullptr;
  CopyThread copyThread_ = CopyThread::kNone;
  bool deviceWaits_ = false;
  /** Counts what the device thread could be waiting for. */
  std::atomic<uint64_t> signals_{0};
  /** The last run was short: the device thread looks out for the next one before it sleeps. */
  bool lookOut_ = false;
  bool stopping_ = false;
  bool stopCopying_ = false;
  /** The state of the device is unknown: nothing may be executed any more. */
  bool faulted_ = false;
  bool finished_ = false;
  /** Of the kernel; 0 for a thread that never began. */
  pid_t deviceThreadId_ = 0;
  pid_t copyThreadId_ = 0;
};

}  // namespace ascend
