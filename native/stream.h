#pragma once

#include "acl_error.h"

namespace ascend {

/** A queue of device work. */
class Stream {
 public:
  explicit Stream(const AclApi &api) : api_(api) {
    Check(api, api.aclrtCreateStream(&stream_), "aclrtCreateStream");
  }
  ~Stream() {
    if (stream_ != nullptr) api_.aclrtDestroyStream(stream_);
  }
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;

  aclrtStream get() const { return stream_; }

  /** After a time-out, work is still in progress: drops it, where CANN can, instead of waiting for it. */
  void Discard() {
    if (api_.aclrtStreamAbort != nullptr) api_.aclrtStreamAbort(stream_);
    if (api_.aclrtDestroyStreamForce == nullptr) return;
    api_.aclrtDestroyStreamForce(stream_);
    stream_ = nullptr;
  }

 private:
  const AclApi &api_;
  aclrtStream stream_ = nullptr;
};

}  // namespace ascend
