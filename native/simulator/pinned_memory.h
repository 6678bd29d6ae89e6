// Host memory from aclrtMallocHost: real memory, known by its range so that copies from it can be
// asynchronous.
#ifndef SIMULATOR_PINNED_MEMORY_H_
#define SIMULATOR_PINNED_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <map>

#include "monitor.h"

namespace sim {

class PinnedMemory {
 public:
  struct Usage {
    size_t blocks;
    size_t bytes;
  };
  /** 64-byte aligned; null when there is none. */
  void *allocate(size_t bytes);
  /** False when `address` is not the start of a block. */
  bool free(void *address);
  bool contains(const void *address, size_t bytes) const;
  Usage usage() const;

 private:
  mutable Monitor monitor_;
  std::map<uintptr_t, size_t> blocks_;
  size_t bytes_ = 0;
};

PinnedMemory &pinnedMemory();

}  // namespace sim

#endif  // SIMULATOR_PINNED_MEMORY_H_
