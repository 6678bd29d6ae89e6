// How much memory a session holds, kept by those that allocate it and read on the JavaScript thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace ascend {

using MemoryTally = std::atomic<size_t>;

/** Bytes that count in a tally for as long as this lives. */
class MemoryShare {
 public:
  MemoryShare() = default;
  explicit MemoryShare(std::shared_ptr<MemoryTally> tally, size_t bytes = 0) : tally_(std::move(tally)) {
    Set(bytes);
  }
  ~MemoryShare() { Set(0); }
  MemoryShare(MemoryShare &&other) noexcept { *this = std::move(other); }
  MemoryShare &operator=(MemoryShare &&other) noexcept {
    std::swap(tally_, other.tally_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  void Set(size_t bytes) {
    // Wraps around where it shrinks, and that is right for unsigned numbers.
    if (tally_ != nullptr) *tally_ += bytes - bytes_;
    bytes_ = bytes;
  }

 private:
  std::shared_ptr<MemoryTally> tally_;
  size_t bytes_ = 0;
};

}  // namespace ascend
