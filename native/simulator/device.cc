#include "device.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <string>
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

struct Visible {
  int32_t count;
  std::string refusal;
};

/**
 * As the unit tests of CANN's runtime (8.5) have it: the list ends at the first id that is no device, behind
 * which nothing is looked at, and after as many ids as there are devices; digits count up to the first other
 * character. An id that comes twice or out of order takes all devices away.
 */
Visible readVisible() {
  const int32_t all = settings().devices;
  const char *list = getenv("ASCEND_RT_VISIBLE_DEVICES");
  if (list == nullptr || all == 0) return {all, ""};
  std::vector<int64_t> ids;
  for (const std::string &text : split(list, ',')) {
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    int64_t id = 0;
    if (!parseInteger(text.substr(0, digits), &id) || id >= all) break;
    ids.push_back(id);
    if (digits < text.size() || ids.size() == static_cast<size_t>(all)) break;
  }
  const bool ascending =
      std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<int64_t>()) == ids.end();
  if (ascending && (!ids.empty() || *list == '\0')) return {static_cast<int32_t>(ids.size()), ""};
  return {0, format("The value %s for environment variable ASCEND_RT_VISIBLE_DEVICES is invalid. Expected "
                    "value: ids from 0 to %d in ascending order, none twice, with commas between.",
                    list, all - 1)};
}

const Visible &visible() {
  static const auto *const instance = new Visible(readVisible());
  return *instance;
}

}  // namespace

Nanoseconds Timeline::reserve(Nanoseconds readyAt, Nanoseconds duration) {
  Lock lock(monitor_);
  end_ = std::max(end_, readyAt) + duration;
  return end_;
}

int32_t deviceCount() {
  return std::min(visible().count, largestCount);
}

const std::string &refusalOfVisible() {
  return visible().refusal;
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
