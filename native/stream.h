#pragma once

#include "acl_error.h"

namespace ascend {

/** A queue of device work. */
class Stream {
 public:
  explicit Stream(const AclApi &api) : api_(api) {
    Check(api, api.aclrtCreateStream(&stream_), "aclrtCreateStream");
  }
  ~Stream() { api_.aclrtDestroyStream(stream_); }
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;

  aclrtStream get() const { return stream_; }

  /**
   * After a time-out work may still be in progress: breaks it off, where CANN can, and waits for quiet. False
   * when there is none within kQuietWaitMs, or no way to know.
   */
  bool Discard() {
    if (api_.aclrtStreamAbort != nullptr) api_.aclrtStreamAbort(stream_);
    return api_.aclrtSynchronizeStreamWithTimeout != nullptr &&
           api_.aclrtSynchronizeStreamWithTimeout(stream_, kQuietWaitMs) == acl::ACL_SUCCESS;
  }

 private:
  /** What is not broken off by then does not answer; well below the default of exitWaitMs. */
  static constexpr int32_t kQuietWaitMs = 2000;

  const AclApi &api_;
  aclrtStream stream_ = nullptr;
};

}  // namespace ascend
