#include "runtime.h"

#include <cstdlib>
#include <map>
#include <mutex>

#include "acl_error.h"

namespace ascend {
namespace {

struct Device {
  // Opening takes seconds; other devices must not wait for it.
  std::mutex mutex;
  int leases = 0;
};

// Leaked on purpose: an abandoned thread may come back while static objects are destroyed.
Device &DeviceOf(int id) {
  static std::mutex &mutex = *new std::mutex;
  static auto &devices = *new std::map<int, Device>;
  std::lock_guard<std::mutex> lock(mutex);
  return devices[id];
}

void Open(const AclApi &api, int device) {
  try {
    Check(api, api.aclrtSetDevice(device), "aclrtSetDevice");
  } catch (const AclException &exception) {
    AclFailure failure = exception.failure();
    uint32_t count = 0;
    if (api.aclrtGetDeviceCount(&count) == acl::ACL_SUCCESS) failure.visibleDevices = count;
    throw AclException(std::move(failure));
  }
}

}  // namespace

void PrepareEnvironment() {
  static std::mutex &mutex = *new std::mutex;
  static bool prepared = false;
  std::lock_guard<std::mutex> lock(mutex);
  if (prepared) return;
  setenv("ASCEND_COREDUMP_SIGNAL", "none", 0);
  prepared = true;
}

void Initialise(const AclApi &api) {
  static std::mutex &mutex = *new std::mutex;
  static bool initialised = false;
  std::lock_guard<std::mutex> lock(mutex);
  if (initialised) return;
  const aclError code = api.aclInit(nullptr);
  if (code != acl::ACL_ERROR_REPEAT_INITIALIZE) Check(api, code, "aclInit");
  initialised = true;
}

DeviceLease::DeviceLease(const AclApi &api, int device) : api_(api), device_(device) {
  Device &entry = DeviceOf(device);
  std::lock_guard<std::mutex> lock(entry.mutex);
  if (entry.leases == 0) Open(api, device);
  entry.leases += 1;
}

DeviceLease::~DeviceLease() {
  Device &entry = DeviceOf(device_);
  std::lock_guard<std::mutex> lock(entry.mutex);
  entry.leases -= 1;
  // A device that broke down cannot be reset; nothing is left to be done about it here.
  if (entry.leases == 0) api_.aclrtResetDevice(device_);
}

}  // namespace ascend
