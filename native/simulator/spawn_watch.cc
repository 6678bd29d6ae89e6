#include "spawn_watch.h"

#include <pthread.h>

#include <atomic>

#include "ledger.h"
#include "text.h"

namespace sim {

namespace {

std::atomic<int> copies{0};

bool watchForks() {
  // Only the parent's side: the child of a process with threads may hardly do anything.
  return pthread_atfork([] { noteSpawn("fork"); }, nullptr, nullptr) == 0;
}

}  // namespace

std::shared_ptr<void> copyUnderWay() {
  static const bool watching = watchForks();
  static_cast<void>(watching);
  std::shared_ptr<void> copy(nullptr, [](void *) { --copies; });
  ++copies;
  return copy;
}

void noteSpawn(const char *how) {
  const int count = copies;
  if (count > 0)
    ledger().problem("spawn-during-async-copy",
                     format("%s while %d asynchronous copies were under way", how, count));
}

}  // namespace sim

// For libacl_sim_spawn.so (spawn_preload.cc), which looks it up.
extern "C" void aclsimNoteSpawn(const char *how) {
  sim::noteSpawn(how);
}
