// One simulated device: its memory, how often it was set, its default context, and the unit that executes
// models.
#ifndef SIMULATOR_DEVICE_H_
#define SIMULATOR_DEVICE_H_

#include <atomic>
#include <memory>
#include <string>

#include "../acl_abi.h"
#include "device_memory.h"
#include "monitor.h"

namespace sim {

/**
 * The cores of a device do one model after the other. `Timeline` says when, for executions that take time
 * without computing anything: each starts at the end of the one before or when it was asked for, whichever is
 * later.
 */
class Timeline {
 public:
  /** Reserves `duration` from `readyAt` on; returns the end. */
  Nanoseconds reserve(Nanoseconds readyAt, Nanoseconds duration);

 private:
  Monitor monitor_;
  Nanoseconds end_ = 0;
};

class Device {
 public:
  Device(int32_t id, uint64_t memoryBytes, uint64_t reserveBytes)
      : id(id), memory(memoryBytes, reserveBytes) {}

  const int32_t id;
  DeviceMemory memory;
  Timeline timeline;
  /** Held while a model computes. */
  Monitor cores;
  /** What every call on a lost device answers; 0 for one that works. */
  std::atomic<aclError> lost{0};

  /** Guards the two below. */
  Monitor monitor;
  int64_t setCount = 0;
  aclrtContext defaultContext = nullptr;
};

/** Why ASCEND_RT_VISIBLE_DEVICES leaves no devices though it names some; else empty. */
const std::string &refusalOfVisible();
/** Visible devices: ACL_SIM_DEVICES, cut down by ASCEND_RT_VISIBLE_DEVICES. */
int32_t deviceCount();
/** Null for an id out of range. Devices come into being when first used and stay. */
Device *findDevice(int64_t id);
/** The device whose address range holds `address`; null for host addresses. */
Device *deviceOf(const void *address);

}  // namespace sim

#endif  // SIMULATOR_DEVICE_H_
