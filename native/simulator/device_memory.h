// Memory of one simulated device: addresses of a reserved range that the host cannot touch, each block backed
// by host memory elsewhere. So a stray access crashes as loudly as it should, a wrong memcpy kind is seen,
// and every access is checked against its block's bounds.
#ifndef SIMULATOR_DEVICE_MEMORY_H_
#define SIMULATOR_DEVICE_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "monitor.h"

namespace sim {

/** Host memory behind a block; who holds it may use it after the block was freed, as a device in mid-run
 * would. */
using Backing = std::shared_ptr<uint8_t>;

/** Where a device address leads. */
struct DeviceSpan {
  Backing backing;
  uint8_t *data = nullptr;
  /** Bytes from `data` to the end of its block. */
  size_t available = 0;
};

class DeviceMemory {
 public:
  /** Allocations leave `reserve` of `capacity` free. */
  DeviceMemory(uint64_t capacity, uint64_t reserve);
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;

  /** Null when the device is full. The address is 64-byte aligned. */
  void *allocate(size_t bytes);
  /** False when `address` is not the start of a block. */
  bool free(const void *address);
  void freeAll();
  /** Whether `address` is in the device's range, whether or not there is a block. */
  bool owns(const void *address) const;
  /** The block that holds all of [address, address + bytes); `data` is null when there is none. */
  DeviceSpan span(const void *address, size_t bytes) const;

  uint64_t capacity() const { return capacity_; }
  uint64_t used() const;
  /** The most there ever was in use. */
  uint64_t peak() const;
  size_t blocks() const;

 private:
  struct Block {
    size_t bytes;
    Backing backing;
  };
  uint64_t findGap(size_t bytes);

  const uint64_t capacity_;
  const uint64_t reserve_;
  uint64_t rangeBytes_ = 0;
  uintptr_t base_ = 0;
  mutable Monitor monitor_;
  std::map<uintptr_t, Block> blocks_;
  uint64_t used_ = 0;
  uint64_t peak_ = 0;
  /** Addresses are handed out onwards from here, so that a freed one comes back late and its misuse is
   * noticed. */
  uint64_t cursor_ = 0;
};

}  // namespace sim

#endif  // SIMULATOR_DEVICE_MEMORY_H_
