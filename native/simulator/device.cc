#include "device.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <vector>

#include "settings.h"
#include "text.h"

namespace sim {

namespace {

constexpr int32_t largestCount = 64;

struct DeviceTable {
  Monitor monitor;
  /** Written under the monitor, read without it. */
  std::atomic<Device *> devices[largestCount] = {};
};

DeviceTable &table() {
  static DeviceTable *const instance = new DeviceTable();
  return *instance;
}

/** The leading part of the list that is valid, as CANN does: ascending ids without repetition. */
int32_t countVisible() {
  const int32_t all = settings().devices;
  const char *list = getenv("ASCEND_RT_VISIBLE_DEVICES");
  if (list == nullptr) return all;
  int32_t count = 0;
  int64_t before = -1;
  for (const std::string &text : split(list, ',')) {
    int64_t id = 0;
    if (!parseInteger(text, &id) || id <= before || id >= all) break;
    before = id;
    ++count;
  }
  return count;
}

}  // namespace

Nanoseconds Timeline::reserve(Nanoseconds readyAt, Nanoseconds duration) {
  Lock lock(monitor_);
  end_ = std::max(end_, readyAt) + duration;
  return end_;
}

int32_t deviceCount() {
  static const int32_t count = std::min(countVisible(), largestCount);
  return count;
}

Device *findDevice(int64_t id) {
  if (id < 0 || id >= deviceCount()) return nullptr;
  std::atomic<Device *> &place = table().devices[id];
  if (Device *device = place.load(std::memory_order_acquire)) return device;
  Lock lock(table().monitor);
  if (place.load(std::memory_order_relaxed) == nullptr)
    place.store(
        new Device(static_cast<int32_t>(id), settings().deviceMemoryBytes, settings().deviceReserveBytes),
        std::memory_order_release);
  return place.load(std::memory_order_relaxed);
}

Device *deviceOf(const void *address) {
  for (int32_t id = 0; id < deviceCount(); ++id) {
    Device *device = table().devices[id].load(std::memory_order_acquire);
    if (device != nullptr && device->memory.owns(address)) return device;
  }
  return nullptr;
}

}  // namespace sim
