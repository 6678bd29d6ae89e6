#include "lost_device.h"

#include <cstring>

#include "context.h"
#include "event.h"
#include "model.h"
#include "text.h"
#include "thread_state.h"

namespace sim {

namespace {

/** How many are lost; nearly always none, and calls need not look further. */
std::atomic<int> lostDevices{0};

/** Runtime calls that need nothing of the device, or check the one they name themselves. */
constexpr const char *harmless[] = {"aclrtGetDeviceCount",
                                    "aclrtSetDevice",
                                    "aclrtResetDevice",
                                    "aclrtResetDeviceForce",
                                    "aclrtCreateContext",
                                    "aclrtSetCurrentContext",
                                    "aclrtGetCurrentContext",
                                    "aclrtGetDevice",
                                    "aclrtGetRunMode",
                                    "aclrtGetSocName",
                                    "aclrtGetVersion",
                                    "aclrtGetLastError",
                                    "aclrtPeekAtLastError",
                                    "aclrtQueryDeviceStatus",
                                    "aclrtDeviceCanAccessPeer",
                                    "aclrtPointerGetAttributes",
                                    "aclrtFreeHost",
                                    "aclrtSetDeviceSatMode",
                                    "aclrtSetOpWaitTimeout",
                                    "aclrtSetExceptionInfoCallback",
                                    "aclrtGetTaskIdFromExceptionInfo",
                                    "aclrtGetStreamIdFromExceptionInfo",
                                    "aclrtGetThreadIdFromExceptionInfo",
                                    "aclrtGetDeviceIdFromExceptionInfo",
                                    "aclrtGetErrorCodeFromExceptionInfo"};

/** The others that do need it, by how they begin. */
constexpr const char *onDevice[] = {"aclmdlLoad",     "aclmdlUnload", "aclmdlExecute",     "aclmdlSetDynamic",
                                    "aclmdlSetInput", "acldvpp",      "aclopCompileAndEx", "aclopExecute"};

bool needsDevice(const char *call) {
  if (strncmp(call, "aclrt", 5) == 0) {
    for (const char *name : harmless)
      if (strcmp(call, name) == 0) return false;
    return true;
  }
  for (const char *beginning : onDevice)
    if (strncmp(call, beginning, strlen(beginning)) == 0) return true;
  return false;
}

}  // namespace

void loseDevice(Device *device, aclError code) {
  if (device->lost.exchange(code) == 0) ++lostDevices;
  for (const auto &stream : streams().all())
    if (stream->device == device) stream->wake();
  for (const auto &event : events().all())
    if (event->device == device) event->wake();
}

aclError answerOfLost(const Device &device, const char *call) {
  const aclError code = device.lost;
  if (code == 0) return 0;
  return fail(
      code, "EZ9999",
      format("Inner Error! %s failed with %d: device %d is lost until it is reset.", call, code, device.id));
}

aclError checkLost(const char *call) {
  if (lostDevices == 0 || !needsDevice(call)) return 0;
  const auto context = findCurrentContext();
  return context == nullptr ? 0 : answerOfLost(*context->device, call);
}

void recoverDevice(Device *device) {
  for (const auto &context : contexts().all())
    if (context->device == device) destroyContext(context, true);
  for (const auto &event : events().all())
    if (event->device == device) events().remove(event->handle);
  forgetModels(*device);
  device->memory.freeAll();
  if (device->lost.exchange(0) != 0) --lostDevices;
}

}  // namespace sim
