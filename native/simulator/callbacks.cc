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
  remove(found);
  return 0;
}

void Callbacks::forget(const void *stream) {
  Lock lock(monitor_);
  const auto found = threadOfStream_.find(stream);
  if (found != threadOfStream_.end()) remove(found);
}

void Callbacks::remove(std::map<const void *, uint64_t>::iterator subscription) {
  const uint64_t thread = subscription->second;
  std::deque<std::shared_ptr<Pending>> kept;
  for (auto &entry : pending_[thread]) {
    if (entry->stream != subscription->first)
      kept.push_back(std::move(entry));
    else
      entry->done = true;
  }
  threadOfStream_.erase(subscription);
  pending_[thread].swap(kept);
  if (pending_[thread].empty() && !serves(thread)) pending_.erase(thread);
  monitor_.notifyAll();
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
      const auto queue = pending_.find(thread);
      if (queue != pending_.end() && !queue->second.empty()) {
        entry = std::move(queue->second.front());
        queue->second.pop_front();
        break;
      }
      if (!serves(thread))
        return fail(acl::ACL_ERROR_RT_THREAD_SUBSCRIBE, "EE1001", "The thread has subscribed no stream.");
      if (deadline == forever)
        monitor_.wait();
      else if (monotonicNow() >= deadline)
        return fail(acl::ACL_ERROR_RT_REPORT_TIMEOUT, "EE1002", "No callback came within the time.");
      else
        monitor_.waitUntil(deadline);
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
