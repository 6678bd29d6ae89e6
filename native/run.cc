#include "run.h"

#include <cstring>

namespace ascend {

Bytes CopyOf(const Source &source, const std::shared_ptr<MemoryTally> &tally) {
  Bytes copy;
  // Uninitialised: every byte is written.
  copy.data.reset(new uint8_t[source.bytes]);
  copy.size = source.bytes;
  copy.share = MemoryShare(tally, source.bytes);
  if (source.bytes > 0) std::memcpy(copy.data.get(), source.data, source.bytes);
  return copy;
}

bool IsFatal(const Failure &failure) {
  if (failure.kind != Failure::Kind::kAcl) return false;
  switch (ClassOf(failure.acl.code)) {
    case acl::ErrorClass::Timeout:
    case acl::ErrorClass::DeviceFault:
    // From a device that was open already: the driver lost it.
    case acl::ErrorClass::DeviceOpen:
      return true;
    default:
      return false;
  }
}

}  // namespace ascend
