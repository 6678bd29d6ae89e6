#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "acl_error.h"

namespace ascend {

/** Pinned host memory, which copies to and from a device go through fastest. Needs a current context. */
class HostBuffer {
 public:
  HostBuffer() = default;
  HostBuffer(const AclApi &api, size_t bytes) : api_(&api), bytes_(bytes) {
    Check(api, api.aclrtMallocHost(&data_, std::max<size_t>(bytes, 1)), "aclrtMallocHost");
  }
  ~HostBuffer() {
    if (data_ != nullptr) api_->aclrtFreeHost(data_);
  }
  HostBuffer(HostBuffer &&other) noexcept { *this = std::move(other); }
  HostBuffer &operator=(HostBuffer &&other) noexcept {
    std::swap(api_, other.api_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  uint8_t *data() const { return static_cast<uint8_t *>(data_); }
  size_t bytes() const { return bytes_; }

 private:
  const AclApi *api_ = nullptr;
  void *data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace ascend
