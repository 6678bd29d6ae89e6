#include "open_sessions.h"

#include <algorithm>

namespace ascend {

void OpenSessions::Add(const std::shared_ptr<Executor> &executor, std::chrono::milliseconds exitWait) {
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                [](const Entry &entry) { return entry.executor.expired(); }),
                 entries_.end());
  entries_.push_back({executor, exitWait});
}

void OpenSessions::Remove(const std::shared_ptr<Executor> &executor) {
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(),
                                [&](const Entry &entry) { return entry.executor.lock() == executor; }),
                 entries_.end());
}

size_t OpenSessions::Leave() {
  const Clock::time_point now = Clock::now();
  for (const Entry &entry : entries_) {
    if (const auto executor = entry.executor.lock()) executor->Stop();
  }
  size_t left = 0;
  for (const Entry &entry : entries_) {
    const auto executor = entry.executor.lock();
    if (executor != nullptr && !executor->WaitUntilFinished(now + entry.exitWait)) left += 1;
  }
  entries_.clear();
  return left;
}

}  // namespace ascend
