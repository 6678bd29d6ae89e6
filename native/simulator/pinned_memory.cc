#include "pinned_memory.h"

#include <cstdlib>

#include "settings.h"

namespace sim {

void *PinnedMemory::allocate(size_t bytes) {
  void *memory = nullptr;
  Lock lock(monitor_);
  const uint64_t limit = settings().pinnedMemoryBytes;
  if (bytes_ > limit || bytes > limit - bytes_) return nullptr;
  if (posix_memalign(&memory, 64, bytes) != 0) return nullptr;
  blocks_.emplace(reinterpret_cast<uintptr_t>(memory), bytes);
  bytes_ += bytes;
  return memory;
}

bool PinnedMemory::free(void *address) {
  {
    Lock lock(monitor_);
    const auto block = blocks_.find(reinterpret_cast<uintptr_t>(address));
    if (block == blocks_.end()) return false;
    bytes_ -= block->second;
    blocks_.erase(block);
  }
  ::free(address);
  return true;
}

bool PinnedMemory::contains(const void *address, size_t bytes) const {
  const auto at = reinterpret_cast<uintptr_t>(address);
  Lock lock(monitor_);
  auto block = blocks_.upper_bound(at);
  if (block == blocks_.begin()) return false;
  --block;
  const size_t offset = at - block->first;
  return offset < block->second && bytes <= block->second - offset;
}

PinnedMemory::Usage PinnedMemory::usage() const {
  Lock lock(monitor_);
  return {blocks_.size(), bytes_};
}

PinnedMemory &pinnedMemory() {
  static auto *const instance = new PinnedMemory();
  return *instance;
}

}  // namespace sim
