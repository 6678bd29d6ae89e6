// Devices and contexts.
#include <cstring>

#include "../acl_error_codes.h"
#include "call.h"
#include "context.h"
#include "device.h"
#include "lost_device.h"
#include "process.h"
#include "settings.h"
#include "text.h"

using namespace sim;

namespace {

/** From this release on, asking for a context that is not there succeeds and gives NULL. */
constexpr int nullContextSince = 805;

// An Ascend 310P3's figures.
constexpr int64_t aiCores = 8;
constexpr int64_t vectorCores = 7;
constexpr int64_t aiCpus = 7;
constexpr int64_t l2Bytes = 16 << 20;

aclError invalidDevice(int64_t id) {
  if (!refusalOfVisible().empty())
    return fail(acl::ACL_ERROR_RT_INVALID_DEVICEID, "EE2002", refusalOfVisible());
  return fail(
      acl::ACL_ERROR_RT_INVALID_DEVICEID, "EE1001",
      format(
          "The argument is invalid. Reason: Set device failed, invalid device, device=%lld, the valid device "
          "range is [0, %d).",
          static_cast<long long>(id), deviceCount()));
}

aclError notSet(int32_t id) {
  return fail(acl::ACL_ERROR_RT_CONTEXT_RELEASE_ERROR, "EE1001",
              format("The argument is invalid. Reason: Device %d is not set in this process.", id));
}

aclError resetDevice(int32_t id, bool force) {
  Device *device = findDevice(id);
  if (device == nullptr) return invalidDevice(id);
  std::shared_ptr<Context> last;
  bool lost = false;
  {
    Lock lock(device->monitor);
    if (device->setCount == 0 && device->lost == 0) return notSet(id);
    device->setCount = force || device->setCount == 0 ? 0 : device->setCount - 1;
    if (device->setCount > 0) return 0;
    last = contexts().find(device->defaultContext);
    device->defaultContext = nullptr;
    lost = device->lost != 0;
  }
  // Streams are waited for, which must not keep others from the device.
  if (lost)
    recoverDevice(device);
  else if (last != nullptr)
    destroyContext(last, force);
  return 0;
}

}  // namespace

extern "C" {

aclError aclrtGetDeviceCount(uint32_t *count) {
  return invoke("aclrtGetDeviceCount", [&]() -> aclError {
    if (count == nullptr) return nullArgument("count");
    *count = static_cast<uint32_t>(deviceCount());
    if (refusalOfVisible().empty()) return 0;
    return fail(acl::ACL_ERROR_RT_NO_DEVICE, "EE2002", refusalOfVisible());
  });
}

aclError aclrtSetDevice(int32_t deviceId) {
  return invoke("aclrtSetDevice", [&]() -> aclError {
    Device *device = findDevice(deviceId);
    if (device == nullptr) return invalidDevice(deviceId);
    const aclError lost = answerOfLost(*device, "aclrtSetDevice");
    if (lost != 0) return lost;
    Lock lock(device->monitor);
    if (device->defaultContext == nullptr) device->defaultContext = createContext(device, true)->handle;
    ++device->setCount;
    threadState().context = device->defaultContext;
    return 0;
  });
}

aclError aclrtResetDevice(int32_t deviceId) {
  return invoke("aclrtResetDevice", [&] { return resetDevice(deviceId, false); });
}

aclError aclrtResetDeviceForce(int32_t deviceId) {
  return invoke("aclrtResetDeviceForce", [&] { return resetDevice(deviceId, true); });
}

aclError aclrtGetDevice(int32_t *deviceId) {
  return invoke("aclrtGetDevice", [&]() -> aclError {
    if (deviceId == nullptr) return nullArgument("deviceId");
    const auto context = requireContext();
    if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
    *deviceId = context->device->id;
    return 0;
  });
}

aclError aclrtGetRunMode(aclrtRunMode *runMode) {
  return invoke("aclrtGetRunMode", [&]() -> aclError {
    if (runMode == nullptr) return nullArgument("runMode");
    *runMode = ACL_HOST;
    return 0;
  });
}

const char *aclrtGetSocName(void) {
  return invokeOr<const char *>("aclrtGetSocName", nullptr, [] { return settings().socName.c_str(); });
}

aclError aclrtSetTsDevice(aclrtTsId tsId) {
  return invoke("aclrtSetTsDevice", [&]() -> aclError {
    if (tsId < ACL_TS_ID_AICORE || tsId >= ACL_TS_ID_RESERVED)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "The task scheduler id is out of range.");
    return requireContext() == nullptr ? acl::ACL_ERROR_RT_CONTEXT_NULL : 0;
  });
}

aclError aclrtSetDeviceSatMode(aclrtFloatOverflowMode mode) {
  return invoke("aclrtSetDeviceSatMode", [&]() -> aclError {
    if (mode < ACL_RT_OVERFLOW_MODE_SATURATION || mode >= ACL_RT_OVERFLOW_MODE_UNDEF)
      return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1003", "The overflow mode is out of range.");
    return 0;
  });
}

aclError aclrtQueryDeviceStatus(int32_t deviceId, aclrtDeviceStatus *deviceStatus) {
  return invoke("aclrtQueryDeviceStatus", [&]() -> aclError {
    if (deviceStatus == nullptr) return nullArgument("deviceStatus");
    const Device *device = findDevice(deviceId);
    if (device == nullptr) return invalidDevice(deviceId);
    *deviceStatus = device->lost == 0 ? ACL_RT_DEVICE_STATUS_NORMAL : ACL_RT_DEVICE_STATUS_ABNORMAL;
    return 0;
  });
}

aclError aclrtGetDeviceUtilizationRate(int32_t deviceId, aclrtUtilizationInfo *utilizationInfo) {
  return invoke("aclrtGetDeviceUtilizationRate", [&]() -> aclError {
    if (utilizationInfo == nullptr) return nullArgument("utilizationInfo");
    if (utilizationInfo->utilizationExtend != nullptr)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "utilizationExtend is reserved and must be NULL.");
    if (findDevice(deviceId) == nullptr) return invalidDevice(deviceId);
    *utilizationInfo = {0, 0, 0, -1, nullptr};
    return 0;
  });
}

aclError aclGetDeviceCapability(uint32_t deviceId, aclDeviceInfo deviceInfo, int64_t *value) {
  return invoke("aclGetDeviceCapability", [&]() -> aclError {
    if (value == nullptr) return nullArgument("value");
    if (findDevice(deviceId) == nullptr) return invalidDevice(deviceId);
    if (deviceInfo == ACL_DEVICE_INFO_AI_CORE_NUM)
      *value = aiCores;
    else if (deviceInfo == ACL_DEVICE_INFO_VECTOR_CORE_NUM)
      *value = vectorCores;
    else if (deviceInfo == ACL_DEVICE_INFO_L2_SIZE)
      *value = l2Bytes;
    else
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "The device information asked for does not exist.");
    return 0;
  });
}

aclError aclrtGetDeviceInfo(uint32_t deviceId, aclrtDevAttr attr, int64_t *value) {
  return invoke("aclrtGetDeviceInfo", [&]() -> aclError {
    if (value == nullptr) return nullArgument("value");
    const Device *device = findDevice(deviceId);
    if (device == nullptr) return invalidDevice(deviceId);
    switch (attr) {
      case ACL_DEV_ATTR_AICPU_CORE_NUM:
        *value = aiCpus;
        return 0;
      case ACL_DEV_ATTR_AICORE_CORE_NUM:
      case ACL_DEV_ATTR_CUBE_CORE_NUM:
        *value = aiCores;
        return 0;
      case ACL_DEV_ATTR_VECTOR_CORE_NUM:
        *value = vectorCores;
        return 0;
      case ACL_DEV_ATTR_TOTAL_GLOBAL_MEM_SIZE:
        *value = static_cast<int64_t>(device->memory.capacity());
        return 0;
      case ACL_DEV_ATTR_L2_CACHE_SIZE:
        *value = l2Bytes;
        return 0;
      case ACL_DEV_ATTR_PHY_CHIP_ID:
        *value = device->id;
        return 0;
      case ACL_DEV_ATTR_IS_VIRTUAL:
        *value = 0;
        return 0;
    }
    return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "The device attribute does not exist.");
  });
}

aclError aclGetCannAttribute(aclCannAttr cannAttr, int32_t *value) {
  return invoke("aclGetCannAttribute", [&]() -> aclError {
    if (value == nullptr) return nullArgument("value");
    if (cannAttr < ACL_CANN_ATTR_INF_NAN || cannAttr > ACL_CANN_ATTR_JIT_COMPILE)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "The attribute does not exist.");
    // A 310P has neither infinities nor bfloat16 in its cores.
    *value = cannAttr == ACL_CANN_ATTR_JIT_COMPILE ? 1 : 0;
    return 0;
  });
}

aclError aclGetCannAttributeList(const aclCannAttr **cannAttrList, size_t *num) {
  return invoke("aclGetCannAttributeList", [&]() -> aclError {
    static constexpr aclCannAttr available[] = {ACL_CANN_ATTR_JIT_COMPILE};
    if (cannAttrList == nullptr || num == nullptr) return nullArgument("cannAttrList");
    *cannAttrList = available;
    *num = 1;
    return 0;
  });
}

aclError aclrtDeviceCanAccessPeer(int32_t *canAccessPeer, int32_t deviceId, int32_t peerDeviceId) {
  return invoke("aclrtDeviceCanAccessPeer", [&]() -> aclError {
    if (canAccessPeer == nullptr) return nullArgument("canAccessPeer");
    if (findDevice(deviceId) == nullptr) return invalidDevice(deviceId);
    if (findDevice(peerDeviceId) == nullptr) return invalidDevice(peerDeviceId);
    *canAccessPeer = 0;
    return 0;
  });
}

aclError aclrtCreateContext(aclrtContext *context, int32_t deviceId) {
  return invoke("aclrtCreateContext", [&]() -> aclError {
    if (context == nullptr) return nullArgument("context");
    Device *device = findDevice(deviceId);
    if (device == nullptr) return invalidDevice(deviceId);
    const aclError lost = answerOfLost(*device, "aclrtCreateContext");
    if (lost != 0) return lost;
    *context = createContext(device, false)->handle;
    threadState().context = *context;
    return 0;
  });
}

aclError aclrtDestroyContext(aclrtContext context) {
  return invoke("aclrtDestroyContext", [&]() -> aclError {
    if (context == nullptr) return nullArgument("context");
    const auto found = contexts().find(context);
    if (found == nullptr || found->isDefault)
      return fail(
          acl::ACL_ERROR_RT_CONTEXT_NULL, "EE1001",
          "The argument is invalid. Reason: The context was destroyed before, or is a default context.");
    destroyContext(found, false);
    if (threadState().context == context) threadState().context = nullptr;
    return 0;
  });
}

aclError aclrtSetCurrentContext(aclrtContext context) {
  return invoke("aclrtSetCurrentContext", [&]() -> aclError {
    if (context == nullptr) return nullArgument("context");
    // A context that is gone is accepted here and found out by the next call, as with CANN.
    threadState().context = context;
    return 0;
  });
}

aclError aclrtGetCurrentContext(aclrtContext *context) {
  return invoke("aclrtGetCurrentContext", [&]() -> aclError {
    if (context == nullptr) return nullArgument("context");
    const auto current = findCurrentContext();
    *context = current != nullptr ? current->handle : nullptr;
    if (current != nullptr || settings().cannRelease >= nullContextSince) return 0;
    requireContext();
    return acl::ACL_ERROR_RT_CONTEXT_NULL;
  });
}

aclError aclrtCtxGetCurrentDefaultStream(aclrtStream *stream) {
  return invoke("aclrtCtxGetCurrentDefaultStream", [&]() -> aclError {
    if (stream == nullptr) return nullArgument("stream");
    const auto context = requireContext();
    if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
    *stream = context->defaultStream->handle;
    return 0;
  });
}

aclError aclrtGetPrimaryCtxState(int32_t deviceId, uint32_t *flags, int32_t *active) {
  return invoke("aclrtGetPrimaryCtxState", [&]() -> aclError {
    if (active == nullptr) return nullArgument("active");
    if (flags != nullptr)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "flags is reserved and must be NULL.");
    Device *device = findDevice(deviceId);
    if (device == nullptr) return invalidDevice(deviceId);
    Lock lock(device->monitor);
    *active = device->defaultContext != nullptr ? 1 : 0;
    return 0;
  });
}

}  // extern "C"
