#pragma once

#include <algorithm>
#include <utility>

#include "acl_error.h"

namespace ascend {

/** A block of device memory. Needs a current context, except for being freed. */
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(const AclApi &api, size_t bytes) : api_(&api), bytes_(bytes) {
    // Nothing can be allocated in size 0, but a tensor may be empty and still needs an address.
    Check(api, api.aclrtMalloc(&data_, std::max<size_t>(bytes, 1), ACL_MEM_MALLOC_HUGE_FIRST), "aclrtMalloc");
  }
  ~DeviceBuffer() {
    if (data_ != nullptr) api_->aclrtFree(data_);
  }
  DeviceBuffer(DeviceBuffer &&other) noexcept { *this = std::move(other); }
  DeviceBuffer &operator=(DeviceBuffer &&other) noexcept {
    std::swap(api_, other.api_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  void *data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  const AclApi *api_ = nullptr;
  void *data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace ascend
