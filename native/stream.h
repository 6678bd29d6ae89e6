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
    // The plain one waits for what is left in the stream, which after a failure may be for ever.
    if (discarded_ && api_.aclrtDestroyStreamForce != nullptr) {
      api_.aclrtDestroyStreamForce(stream_);
    } else {
      api_.aclrtDestroyStream(stream_);
    }
  }
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;

  aclrtStream get() const { return stream_; }

  /**
   * After a failure work may still be in progress: breaks it off, where CANN can, and waits for quiet. False
   * when there is none within kQuietWaitMs, or no way to know.
   */
  bool Discard() {
    discarded_ = true;
    if (api_.aclrtStreamAbort != nullptr) api_.aclrtStreamAbort(stream_);
    return api_.aclrtSynchronizeStreamWithTimeout != nullptr &&
           IsQuiet(api_.aclrtSynchronizeStreamWithTimeout(stream_, kQuietWaitMs));
  }

 private:
  /** What is not broken off by then does not answer; well below the default of exitWaitMs. */
  static constexpr int32_t kQuietWaitMs = 2000;

  /** A stream whose work failed says so again and is quiet, unless nothing is heard of the device any more.
   */
  static bool IsQuiet(aclError code) {
    switch (ClassOf(code)) {
      case acl::ErrorClass::Timeout:
      case acl::ErrorClass::DeviceOpen:
        return false;
      default:
        return code != acl::ACL_ERROR_RT_LOST_HEARTBEAT && code != acl::ACL_ERROR_RT_SOCKET_CLOSE;
    }
  }

  const AclApi &api_;
  aclrtStream stream_ = nullptr;
  bool discarded_ = false;
};

}  // namespace ascend
