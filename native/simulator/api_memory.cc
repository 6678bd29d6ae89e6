// Device and pinned host memory, copies, fills.
#include <cstdio>

#include "../acl_error_codes.h"
#include "allocation.h"
#include "call.h"
#include "context.h"
#include "copy.h"
#include "ledger.h"
#include "lost_device.h"
#include "pinned_memory.h"
#include "process.h"
#include "settings.h"
#include "spawn_watch.h"
#include "task_failure.h"
#include "text.h"

using namespace sim;

namespace {

constexpr int automaticAttributesSince = 805;
/** CANN's open sources free pinned memory without a context; what came before wants one by its documents. */
constexpr int freeHostAnywhereSince = 805;

aclError cacheCall(const void *devPtr, size_t size) {
  if (devPtr == nullptr) return nullArgument("devPtr");
  if (size == 0) return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "Size 0 is invalid.");
  return requireContext() == nullptr ? acl::ACL_ERROR_RT_CONTEXT_NULL : 0;
}

aclError enqueue(const Context &context, aclrtStream handle, Task task, bool waitForIt) {
  std::shared_ptr<Stream> stream;
  const aclError code = resolveStream(context, handle, &stream);
  if (code != 0) return code;
  const uint64_t aborts = stream->aborts();
  const uint64_t ticket = stream->submit(std::move(task));
  if (ticket == 0)
    return fail(acl::ACL_ERROR_RT_STREAM_TASK_FULL, "EZ9999", "The stream takes no more tasks.");
  if (!waitForIt || stream->waitFor(ticket, aborts)) return 0;
  // The caller may do with its memory what it likes after this call.
  stream->waitWhileRunning(ticket);
  const aclError lost = answerOfLost(*context.device, "An asynchronous copy");
  return lost != 0 ? lost : fail(acl::ACL_ERROR_RT_STREAM_ABORT, "EE1001", "The stream is aborted.");
}

/** A copy or a fill as a task of `device`; `task` answers its code. */
template <class Body>
Task deviceTask(Device *device, Body body) {
  return [device, body, copy = copyUnderWay()](const TaskTurn &turn) {
    aclError code = answerOfLost(*device, "A task");
    if (code == 0) code = body();
    if (isDeviceFailure(code))
      reportTaskFailure({turn.taskId, turn.streamId, turn.threadId, static_cast<uint32_t>(device->id),
                         static_cast<uint32_t>(code)},
                        {"MemcpyAsync", {}, {}});
    return code;
  };
}

/** Copies from and to memory the driver has not pinned cannot outlive the call. */
bool pageable(const CopyRequest &request) {
  for (const void *address : {static_cast<const void *>(request.destination), request.source})
    if (deviceOf(address) == nullptr && !pinnedMemory().contains(address, request.bytes)) return true;
  return false;
}

/** A copy of `height` rows of `width` bytes, a pitch apart on each side. */
struct RowCopies {
  void *destination;
  size_t destinationPitch;
  const void *source;
  size_t sourcePitch;
  size_t width;
  size_t height;
  aclrtMemcpyKind kind;

  aclError check(const Context &context) const {
    if (destination == nullptr) return nullArgument("dst");
    if (source == nullptr) return nullArgument("src");
    const bool known = kind == ACL_MEMCPY_HOST_TO_DEVICE || kind == ACL_MEMCPY_DEVICE_TO_HOST ||
                       kind == ACL_MEMCPY_DEVICE_TO_DEVICE;
    if (width == 0 || height == 0 || width > destinationPitch || width > sourcePitch || !known)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
                  format("A copy of %zu rows of %zu bytes with pitches %zu and %zu of kind %d is invalid.",
                         height, width, destinationPitch, sourcePitch, kind));
    return checkCopyAddresses(whole(), context);
  }

  bool pageable() const { return ::pageable(whole()); }

  aclError run() const {
    aclError code = 0;
    for (size_t row = 0; row < height && code == 0; ++row)
      code = copyNow({static_cast<uint8_t *>(destination) + row * destinationPitch, width,
                      static_cast<const uint8_t *>(source) + row * sourcePitch, width, kind});
    return code;
  }

 private:
  /** From the first row's beginning to the last one's end, for checks of addresses. */
  CopyRequest whole() const {
    const size_t longest = destinationPitch > sourcePitch ? destinationPitch : sourcePitch;
    // More rows than there are addresses are as invalid as too many.
    const size_t before =
        height - 1 > (SIZE_MAX - width) / longest ? SIZE_MAX - width : (height - 1) * longest;
    return {destination, before + width, source, before + width, kind};
  }
};

}  // namespace

extern "C" {

aclError aclrtMalloc(void **devPtr, size_t size, aclrtMemMallocPolicy) {
  return invoke("aclrtMalloc", [&] { return allocateBlock(devPtr, size, Padding::Extra32); });
}

aclError aclrtMallocAlign32(void **devPtr, size_t size, aclrtMemMallocPolicy) {
  return invoke("aclrtMallocAlign32", [&] { return allocateBlock(devPtr, size, Padding::None); });
}

aclError aclrtMallocWithCfg(void **devPtr, size_t size, aclrtMemMallocPolicy, aclrtMallocConfig *) {
  return invoke("aclrtMallocWithCfg", [&] { return allocateBlock(devPtr, size, Padding::Extra32); });
}

aclError aclrtMallocCached(void **devPtr, size_t size, aclrtMemMallocPolicy) {
  return invoke("aclrtMallocCached", [&] { return allocateBlock(devPtr, size, Padding::Extra32); });
}

// A PCIe card's host has no cache over device memory.
aclError aclrtMemFlush(void *devPtr, size_t size) {
  return invoke("aclrtMemFlush", [&] { return cacheCall(devPtr, size); });
}

aclError aclrtMemInvalidate(void *devPtr, size_t size) {
  return invoke("aclrtMemInvalidate", [&] { return cacheCall(devPtr, size); });
}

aclError aclrtFree(void *devPtr) {
  return invoke("aclrtFree", [&] { return freeBlock(devPtr); });
}

aclError aclrtMallocHost(void **hostPtr, size_t size) {
  return invoke("aclrtMallocHost", [&]() -> aclError {
    if (hostPtr == nullptr) return nullArgument("hostPtr");
    if (size == 0) return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "Size 0 is invalid.");
    if (requireContext() == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
    void *memory = pinnedMemory().allocate(size);
    if (memory == nullptr)
      return fail(acl::ACL_ERROR_RT_MEMORY_ALLOCATION, "EL0004",
                  format("Failed to pin %zu bytes of host memory.", size));
    *hostPtr = memory;
    return 0;
  });
}

aclError aclrtFreeHost(void *hostPtr) {
  return invoke("aclrtFreeHost", [&]() -> aclError {
    if (hostPtr == nullptr) return nullArgument("hostPtr");
    if (settings().cannRelease < freeHostAnywhereSince && requireContext() == nullptr)
      return acl::ACL_ERROR_RT_CONTEXT_NULL;
    if (pinnedMemory().free(hostPtr)) return 0;
    const std::string text = format("%p is not the start of a block from aclrtMallocHost", hostPtr);
    ledger().problem("bad-free", text);
    return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1001", "The argument is invalid. Reason: " + text + ".");
  });
}

aclError aclrtMemcpy(void *dst, size_t destMax, const void *src, size_t count, aclrtMemcpyKind kind) {
  return invoke("aclrtMemcpy", [&]() -> aclError {
    const CopyRequest request{dst, destMax, src, count, kind};
    CopyCheck outcome = CopyCheck::NothingToDo;
    aclError code = checkCopyArguments(request, &outcome);
    if (code != 0) return code;
    const auto context = requireContext();
    if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
    if (outcome == CopyCheck::NothingToDo) return 0;
    code = checkCopyAddresses(request, *context);
    return code != 0 ? code : copyNow(request);
  });
}

aclError aclrtMemcpyAsync(void *dst, size_t destMax, const void *src, size_t count, aclrtMemcpyKind kind,
                          aclrtStream stream) {
  return invoke("aclrtMemcpyAsync", [&]() -> aclError {
    const CopyRequest request{dst, destMax, src, count, kind};
    CopyCheck outcome = CopyCheck::NothingToDo;
    aclError code = checkCopyArguments(request, &outcome);
    if (code != 0) return code;
    if (kind == ACL_MEMCPY_HOST_TO_HOST)
      return fail(acl::ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "EE1001",
                  "An asynchronous copy from host to host is not supported.");
    const auto context = requireContext();
    if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
    if (outcome == CopyCheck::NothingToDo) return 0;
    code = checkCopyAddresses(request, *context);
    if (code != 0) return code;
    const bool onDevice = deviceOf(dst) != nullptr && deviceOf(src) != nullptr;
    if (onDevice && (reinterpret_cast<uintptr_t>(dst) | reinterpret_cast<uintptr_t>(src)) % 64 != 0)
      return fail(acl::ACL_ERROR_RT_ADDR_UNALIGNED, "EE1001",
                  "An asynchronous copy on the device needs addresses that are 64-byte aligned.");
    return enqueue(*context, stream, deviceTask(context->device, [request] { return copyNow(request); }),
                   pageable(request));
  });
}

aclError aclrtMemcpy2d(void *dst, size_t dpitch, const void *src, size_t spitch, size_t width, size_t height,
                       aclrtMemcpyKind kind) {
  return invoke("aclrtMemcpy2d", [&]() -> aclError {
    const RowCopies copies{dst, dpitch, src, spitch, width, height, kind};
    const auto context = requireContext();
    if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
    const aclError code = copies.check(*context);
    return code != 0 ? code : copies.run();
  });
}

aclError aclrtMemcpy2dAsync(void *dst, size_t dpitch, const void *src, size_t spitch, size_t width,
                            size_t height, aclrtMemcpyKind kind, aclrtStream stream) {
  return invoke("aclrtMemcpy2dAsync", [&]() -> aclError {
    const RowCopies copies{dst, dpitch, src, spitch, width, height, kind};
    const auto context = requireContext();
    if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
    const aclError code = copies.check(*context);
    if (code != 0) return code;
    return enqueue(*context, stream, deviceTask(context->device, [copies] { return copies.run(); }),
                   copies.pageable());
  });
}

aclError aclrtMemset(void *devPtr, size_t maxCount, int32_t value, size_t count) {
  return invoke("aclrtMemset", [&]() -> aclError {
    CopyCheck outcome = CopyCheck::NothingToDo;
    const aclError code = checkMemset(devPtr, maxCount, count, &outcome);
    if (code != 0) return code;
    if (requireContext() == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
    return outcome == CopyCheck::NothingToDo ? 0 : memsetNow(devPtr, value, count);
  });
}

aclError aclrtMemsetAsync(void *devPtr, size_t maxCount, int32_t value, size_t count, aclrtStream stream) {
  return invoke("aclrtMemsetAsync", [&]() -> aclError {
    CopyCheck outcome = CopyCheck::NothingToDo;
    const aclError code = checkMemset(devPtr, maxCount, count, &outcome);
    if (code != 0) return code;
    const auto context = requireContext();
    if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
    if (outcome == CopyCheck::NothingToDo) return 0;
    const bool waitForIt = deviceOf(devPtr) == nullptr && !pinnedMemory().contains(devPtr, count);
    return enqueue(*context, stream,
                   deviceTask(context->device, [=] { return memsetNow(devPtr, value, count); }), waitForIt);
  });
}

aclError aclrtGetMemInfo(aclrtMemAttr attr, size_t *free, size_t *total) {
  return invoke("aclrtGetMemInfo", [&]() -> aclError {
    if (free == nullptr || total == nullptr) return nullArgument("free");
    const bool automatic = settings().cannRelease >= automaticAttributesSince;
    if (attr < ACL_DDR_MEM || attr > (automatic ? ACL_MEM_P2P_HUGE1G : ACL_HBM_MEM_P2P_HUGE1G))
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
                  format("Memory attribute %d is out of range.", attr));
    const auto context = requireContext();
    if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
    // A 310P has DDR only; from 8.5 on questions about HBM are answered for it.
    const bool ddr = attr == ACL_DDR_MEM || attr == ACL_DDR_MEM_HUGE || attr == ACL_DDR_MEM_NORMAL;
    const DeviceMemory &memory = context->device->memory;
    *total = ddr || automatic ? memory.capacity() : 0;
    *free = ddr || automatic ? memory.capacity() - memory.used() : 0;
    return 0;
  });
}

aclError aclrtGetMemUsageInfo(int32_t deviceId, aclrtMemUsageInfo *memUsageInfo, size_t inputNum,
                              size_t *outputNum) {
  return invoke("aclrtGetMemUsageInfo", [&]() -> aclError {
    if (memUsageInfo == nullptr || inputNum == 0) return nullArgument("memUsageInfo");
    if (outputNum == nullptr) return nullArgument("outputNum");
    const Device *device = findDevice(deviceId);
    if (device == nullptr)
      return fail(acl::ACL_ERROR_RT_INVALID_DEVICEID, "EE1001", format("Device %d is invalid.", deviceId));
    // All that is there belongs to one component.
    *memUsageInfo = {};
    snprintf(memUsageInfo->name, sizeof memUsageInfo->name, "APP");
    memUsageInfo->curMemSize = device->memory.used();
    memUsageInfo->memPeakSize = device->memory.peak();
    *outputNum = 1;
    return 0;
  });
}

// A 310P's driver does not map host memory.
aclError aclrtHostRegister(void *, uint64_t, aclrtHostRegisterType, void **) {
  return invoke("aclrtHostRegister", [] {
    return fail(acl::ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "EE1001", "Host memory cannot be registered.");
  });
}

aclError aclrtHostUnregister(void *) {
  return invoke("aclrtHostUnregister", [] {
    return fail(acl::ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "EE1001", "Host memory cannot be registered.");
  });
}

aclError aclrtPointerGetAttributes(const void *ptr, aclrtPtrAttributes *attributes) {
  return invoke("aclrtPointerGetAttributes", [&]() -> aclError {
    if (ptr == nullptr) return nullArgument("ptr");
    if (attributes == nullptr) return nullArgument("attributes");
    const Device *device = deviceOf(ptr);
    *attributes = {};
    attributes->location.id = device != nullptr ? static_cast<uint32_t>(device->id) : 0;
    attributes->location.type = ACL_MEM_LOCATION_TYPE_UNREGISTERED;
    if (device != nullptr)
      attributes->location.type = ACL_MEM_LOCATION_TYPE_DEVICE;
    else if (pinnedMemory().contains(ptr, 1))
      attributes->location.type = ACL_MEM_LOCATION_TYPE_HOST;
    attributes->pageSize = 4096;
    return 0;
  });
}

}  // extern "C"
