#include "callbacks.h"

#include <utility>

#include "../acl_error_codes.h"
#include "thread_state.h"

namespace sim {

namespace {

/** How soon a stream that waits for a callback notices that it was aborted. */
constexpr Nanoseconds cancellationInterval = 5'000'000;

}  // namespace

aclError Callbacks::subscribe(uint64_t thread, const void *stream) {
  Lock lock(monitor_);
  if (threadOfStream_.emplace(stream, thread).second) return 0;
  return fail(acl::ACL_ERROR_RT_STREAM_SUBSCRIBE, "EE1001", "The stream is subscribed already.");
}

aclError Callbacks::unsubscribe(uint64_t thread, const void *stream) {
  Lock lock(monitor_);
  const auto found = threadOfStream_.find(stream);
  if (found == threadOfStream_.end() || found->second != thread)
    return fail(acl::ACL_ERROR_RT_THREAD_SUBSCRIBE, "EE1001", "The thread has not subscribed the stream.");
  threadOfStream_.erase(found);
  std::deque<std::shared_ptr<Pending>> kept;
  for (auto &entry : pending_[thread]) {
    if (entry->stream != stream)
      kept.push_back(std::move(entry));
    else
      entry->done = true;
  }
  pending_[thread].swap(kept);
  monitor_.notifyAll();
  return 0;
}

bool Callbacks::subscribed(const void *stream) {
  Lock lock(monitor_);
  return threadOfStream_.count(stream) != 0;
}

bool Callbacks::serves(uint64_t thread) const {
  for (const auto &entry : threadOfStream_)
    if (entry.second == thread) return true;
  return false;
}

void Callbacks::hand(const void *stream, aclrtCallback callback, void *data, Wait wait,
                     const Cancellation &cancellation) {
  Lock lock(monitor_);
  const auto thread = threadOfStream_.find(stream);
  if (thread == threadOfStream_.end()) return;
  const auto entry = std::make_shared<Pending>(Pending{stream, callback, data});
  pending_[thread->second].push_back(entry);
  monitor_.notifyAll();
  while (wait == Wait::Yes && !entry->done && !cancellation.cancelled())
    monitor_.waitUntil(monotonicNow() + cancellationInterval);
}

aclError Callbacks::process(uint64_t thread, Nanoseconds deadline) {
  std::shared_ptr<Pending> entry;
  {
    Lock lock(monitor_);
    for (;;) {
      auto &queue = pending_[thread];
      if (!queue.empty()) {
        entry = std::move(queue.front());
        queue.pop_front();
        break;
      }
      if (!serves(thread))
        return fail(acl::ACL_ERROR_RT_THREAD_SUBSCRIBE, "EE1001", "The thread has subscribed no stream.");
      if (deadline == forever)
        monitor_.wait();
      else if (!monitor_.waitUntil(deadline) && queue.empty())
        return fail(acl::ACL_ERROR_RT_REPORT_TIMEOUT, "EE1002", "No callback came within the time.");
    }
  }
  entry->callback(entry->data);
  Lock lock(monitor_);
  entry->done = true;
  monitor_.notifyAll();
  return 0;
}

Callbacks &callbacks() {
  static auto *const instance = new Callbacks();
  return *instance;
}

}  // namespace sim
