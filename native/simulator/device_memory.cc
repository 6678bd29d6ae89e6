#include "device_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "../acl_error_codes.h"
#include "text.h"
#include "thread_state.h"

namespace sim {

namespace {

constexpr size_t page = 4096;
/** Small blocks come filled with this, because device memory is not zeroed; larger ones would cost their
 * pages. */
constexpr int garbage = 0xCD;
constexpr size_t largestFilledBlock = 1 << 20;
constexpr size_t backingAlignment = 64;

size_t roundUp(size_t bytes, size_t to) {
  return (bytes + to - 1) / to * to;
}

}  // namespace

DeviceMemory::DeviceMemory(uint64_t capacity, uint64_t reserve) : capacity_(capacity), reserve_(reserve) {
  // Twice the capacity, so that address space is never what an allocation fails for.
  rangeBytes_ = roundUp(capacity * 2 + (1 << 30), page);
  void *range = mmap(nullptr, rangeBytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) {
    fail(acl::ACL_ERROR_BAD_ALLOC, "EH0010",
         format("Failed to reserve %zu MB of address space for the device's memory. Give the process more "
                "(ulimit -v), or the device less (ACL_SIM_MEMORY_MB).",
                rangeBytes_ >> 20));
    throw std::bad_alloc();
  }
  base_ = reinterpret_cast<uintptr_t>(range);
}

DeviceMemory::~DeviceMemory() {
  munmap(reinterpret_cast<void *>(base_), rangeBytes_);
}

uint64_t DeviceMemory::findGap(size_t bytes) {
  for (const uint64_t from : {cursor_, uint64_t{0}}) {
    uint64_t offset = from;
    auto next = blocks_.upper_bound(base_ + offset);
    if (next != blocks_.begin()) {
      const auto before = std::prev(next);
      const uint64_t end = before->first - base_ + roundUp(before->second.bytes, page) + page;
      if (end > offset) offset = end;
    }
    for (; next != blocks_.end(); ++next) {
      if (next->first - base_ >= offset + bytes + page) return offset;
      offset = next->first - base_ + roundUp(next->second.bytes, page) + page;
    }
    if (offset + bytes + page <= rangeBytes_) return offset;
  }
  return UINT64_MAX;
}

void *DeviceMemory::allocate(size_t bytes) {
  Lock lock(monitor_);
  // Neither sum may overflow: sizes are the caller's.
  if (bytes > capacity_ - used_ || capacity_ - used_ - bytes < reserve_) return nullptr;
  const uint64_t offset = findGap(bytes);
  if (offset == UINT64_MAX) return nullptr;
  void *memory = nullptr;
  if (posix_memalign(&memory, backingAlignment, bytes) != 0) return nullptr;
  if (bytes <= largestFilledBlock) memset(memory, garbage, bytes);
  const uintptr_t address = base_ + offset;
  blocks_.emplace(address, Block{bytes, Backing(static_cast<uint8_t *>(memory), ::free)});
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  cursor_ = offset + roundUp(bytes, page) + page;
  return reinterpret_cast<void *>(address);
}

bool DeviceMemory::free(const void *address) {
  Backing last;  // released without the lock
  Lock lock(monitor_);
  const auto block = blocks_.find(reinterpret_cast<uintptr_t>(address));
  if (block == blocks_.end()) return false;
  used_ -= block->second.bytes;
  last = std::move(block->second.backing);
  blocks_.erase(block);
  return true;
}

void DeviceMemory::freeAll() {
  std::map<uintptr_t, Block> last;  // released without the lock
  Lock lock(monitor_);
  last.swap(blocks_);
  used_ = 0;
}

bool DeviceMemory::owns(const void *address) const {
  const auto at = reinterpret_cast<uintptr_t>(address);
  return at >= base_ && at - base_ < rangeBytes_;
}

DeviceSpan DeviceMemory::span(const void *address, size_t bytes) const {
  const auto at = reinterpret_cast<uintptr_t>(address);
  Lock lock(monitor_);
  auto block = blocks_.upper_bound(at);
  if (block == blocks_.begin()) return {};
  --block;
  const size_t offset = at - block->first;
  if (offset >= block->second.bytes || bytes > block->second.bytes - offset) return {};
  return {block->second.backing, block->second.backing.get() + offset, block->second.bytes - offset};
}

uint64_t DeviceMemory::used() const {
  Lock lock(monitor_);
  return used_;
}

uint64_t DeviceMemory::peak() const {
  Lock lock(monitor_);
  return peak_;
}

size_t DeviceMemory::blocks() const {
  Lock lock(monitor_);
  return blocks_.size();
}

}  // namespace sim
