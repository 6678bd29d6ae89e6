// Opaque handles: numbers that look like pointers, belong to no memory (non-canonical addresses) and are
// never used twice, so that a stale handle is noticed instead of meaning somebody else's object.
#ifndef SIMULATOR_HANDLE_TABLE_H_
#define SIMULATOR_HANDLE_TABLE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "monitor.h"

namespace sim {

template <class Object>
class HandleTable {
 public:
  explicit HandleTable(uint64_t kind) : kind_(kind) {}

  /** `make` gets the new handle and returns the object. */
  template <class Make>
  std::shared_ptr<Object> add(Make make) {
    Lock lock(monitor_);
    void *handle = reinterpret_cast<void *>(uint64_t{0x0AC1} << 48 | kind_ << 40 | ++serial_ << 4);
    std::shared_ptr<Object> object = make(handle);
    objects_.emplace(handle, object);
    return object;
  }

  std::shared_ptr<Object> find(const void *handle) const {
    Lock lock(monitor_);
    const auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second;
  }

  std::shared_ptr<Object> remove(const void *handle) {
    Lock lock(monitor_);
    const auto found = objects_.find(handle);
    if (found == objects_.end()) return nullptr;
    std::shared_ptr<Object> object = std::move(found->second);
    objects_.erase(found);
    return object;
  }

  std::vector<std::shared_ptr<Object>> all() const {
    Lock lock(monitor_);
    std::vector<std::shared_ptr<Object>> objects;
    for (const auto &entry : objects_) objects.push_back(entry.second);
    return objects;
  }

  size_t size() const {
    Lock lock(monitor_);
    return objects_.size();
  }

 private:
  const uint64_t kind_;
  mutable Monitor monitor_;
  std::map<const void *, std::shared_ptr<Object>> objects_;
  uint64_t serial_ = 0;
};

}  // namespace sim

#endif  // SIMULATOR_HANDLE_TABLE_H_
