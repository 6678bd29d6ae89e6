// A stream: tasks done one after the other by a thread of its own, which starts with the first task.
#ifndef SIMULATOR_STREAM_H_
#define SIMULATOR_STREAM_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "../acl_abi.h"
#include "device.h"
#include "handle_table.h"
#include "monitor.h"

namespace sim {

constexpr Nanoseconds forever = INT64_MAX;

/** Set when whoever waits for a task must stop waiting: its stream is aborted or torn down. */
class Cancellation {
 public:
  void cancel();
  bool cancelled() const;
  /** Waits until cancelled or `deadline`. */
  void waitUntil(Nanoseconds deadline) const;

 private:
  mutable Monitor monitor_;
  bool cancelled_ = false;
};

/** What a task is given when it runs. */
struct TaskTurn {
  /** When the device could have begun: asked for, and everything before it on its stream done. */
  Nanoseconds readyAt;
  const Cancellation &cancellation;
  /** Who the task is, for whoever hears of its failure: its number on its stream, and the thread that asked.
   */
  uint32_t taskId;
  uint32_t streamId;
  uint32_t threadId;
  /**
   * Where a task that keeps a timeline says when the device was done: what follows begins then, however late
   * this thread woke up. May be null.
   */
  Nanoseconds *endedAt = nullptr;
};

using Task = std::function<aclError(const TaskTurn &)>;

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(aclrtStream handle, aclrtContext context, Device *device, int32_t id, uint32_t priority)
      : handle(handle), context(context), device(device), id(id), priority(priority) {}

  const aclrtStream handle;
  const aclrtContext context;
  Device *const device;
  const int32_t id;
  const uint32_t priority;

  /** Queues `task`; returns its ticket, or 0 when the stream takes no more. */
  uint64_t submit(Task task);
  /** Waits for all that was queued. Returns and forgets the first failure; 507046 at the deadline; 107023 on
   * abort; what a lost device answers. */
  aclError synchronize(Nanoseconds deadline);
  /** How often it was aborted: asked before submit(), waitFor() misses no abort in between. */
  uint64_t aborts();
  /** Waits for one task and leaves failures to synchronize. False when the stream was aborted more than
   * `abortsBefore` times, or its device lost. */
  bool waitFor(uint64_t ticket, uint64_t abortsBefore);
  /** Waits while the task runs, whatever became of the stream. */
  void waitWhileRunning(uint64_t ticket);
  bool idle();
  /** Has those who wait look again: the device was lost. */
  void wake();
  /** Drops what is queued and cancels what runs; whoever synchronises gets 107023. The stream stays usable.
   */
  void abort();
  /** Takes no more tasks; waits for the queued ones, or drops them. */
  void close(bool drop);
  /** ACL_STOP_ON_FAILURE: after a failure later tasks are dropped. False when it was set before. */
  bool setStopOnFailure(bool stop);

 private:
  struct Entry {
    uint64_t ticket;
    Nanoseconds queuedAt;
    uint32_t threadId;
    Task task;
  };
  void startWorker();
  void work();

  Monitor monitor_;
  std::deque<Entry> queue_;
  std::shared_ptr<Cancellation> running_;
  uint64_t runningTicket_ = 0;
  bool workerStarted_ = false;
  bool closed_ = false;
  bool modeSet_ = false;
  bool stopOnFailure_ = false;
  bool stopped_ = false;
  uint64_t lastTicket_ = 0;
  uint64_t doneTicket_ = 0;
  uint64_t aborts_ = 0;
  aclError firstFailure_ = 0;
  std::string failureMessage_;
  Nanoseconds previousEnd_ = 0;
};

HandleTable<Stream> &streams();

}  // namespace sim

#endif  // SIMULATOR_STREAM_H_
