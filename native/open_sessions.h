// Who is to be waited for at the end.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "executor.h"

namespace ascend {

/** The sessions of one JavaScript environment whose threads may still be there. */
class OpenSessions {
 public:
  void Add(const std::shared_ptr<Executor> &executor, std::chrono::milliseconds exitWait);
  /** Nobody waits for this one again. */
  void Remove(const std::shared_ptr<Executor> &executor);
  /**
   * Ends them all and waits for their threads, for each as long as its `exitWait` says; the environment is
   * going away. Returns how many did not end; nobody waits for those again.
   */
  size_t Leave();

 private:
  struct Entry {
    std::weak_ptr<Executor> executor;
    std::chrono::milliseconds exitWait;
  };
  std::vector<Entry> entries_;
};

}  // namespace ascend
