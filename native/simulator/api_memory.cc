// Device and pinned host memory, copies, fills.
#include "../acl_error_codes.h"
#include "call.h"
#include "context.h"
#include "copy.h"
#include "ledger.h"
#include "pinned_memory.h"
#include "process.h"
#include "settings.h"
#include "text.h"

using namespace sim;

namespace {

constexpr size_t alignment = 32;
constexpr int automaticAttributesSince = 805;

enum class Padding { None, Extra32 };

aclError allocate(void **devPtr, size_t size, Padding padding) {
  if (devPtr == nullptr) return nullArgument("devPtr");
  if (size == 0)
    return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "Size 0 is invalid: it must be greater than 0.");
  const auto context = requireContext();
  if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
  const size_t extra = padding == Padding::Extra32 ? 2 * alignment - 1 : alignment - 1;
  const size_t bytes = size > SIZE_MAX - extra ? SIZE_MAX : (size + extra) / alignment * alignment;
  void *block = context->device->memory.allocate(bytes);
  if (block == nullptr)
    return fail(
        acl::ACL_ERROR_RT_MEMORY_ALLOCATION, "EL0004",
        format(
            "Failed to allocate memory. Reason: device %d has %llu bytes, %llu are used, %zu were asked for.",
            context->device->id, static_cast<unsigned long long>(context->device->memory.capacity()),
            static_cast<unsigned long long>(context->device->memory.used()), size));
  *devPtr = block;
  return 0;
}

aclError freeDevice(void *devPtr) {
  if (devPtr == nullptr) return nullArgument("devPtr");
  Device *device = deviceOf(devPtr);
  if (device != nullptr && device->memory.free(devPtr)) return 0;
  const std::string text = format("%p is not the start of a block of device memory", devPtr);
  ledger().problem("bad-free", text);
  return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1001", "The argument is invalid. Reason: " + text + ".");
}

aclError cacheCall(const void *devPtr, size_t size) {
  if (devPtr == nullptr) return nullArgument("devPtr");
  if (size == 0) return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001", "Size 0 is invalid.");
  return requireContext() == nullptr ? acl::ACL_ERROR_RT_CONTEXT_NULL : 0;
}

aclError enqueue(const Context &context, aclrtStream handle, Task task, bool waitForIt) {
  std::shared_ptr<Stream> stream;
  const aclError code = resolveStream(context, handle, &stream);
  if (code != 0) return code;
  const uint64_t ticket = stream->submit(std::move(task));
  if (ticket == 0)
    return fail(acl::ACL_ERROR_RT_STREAM_TASK_FULL, "EZ9999", "The stream takes no more tasks.");
  if (waitForIt) stream->waitFor(ticket, forever);
  return 0;
}

/** Copies from and to memory the driver has not pinned cannot outlive the call. */
bool pageable(const CopyRequest &request) {
  for (const void *address : {static_cast<const void *>(request.destination), request.source})
    if (deviceOf(address) == nullptr && !pinnedMemory().contains(address, request.bytes)) return true;
  return false;
}

}  // namespace

extern "C" {

aclError aclrtMalloc(void **devPtr, size_t size, aclrtMemMallocPolicy) {
  return invoke("aclrtMalloc", [&] { return allocate(devPtr, size, Padding::Extra32); });
}

aclError aclrtMallocAlign32(void **devPtr, size_t size, aclrtMemMallocPolicy) {
  return invoke("aclrtMallocAlign32", [&] { return allocate(devPtr, size, Padding::None); });
}

aclError aclrtMallocCached(void **devPtr, size_t size, aclrtMemMallocPolicy) {
  return invoke("aclrtMallocCached", [&] { return allocate(devPtr, size, Padding::Extra32); });
}

// A PCIe card's host has no cache over device memory.
aclError aclrtMemFlush(void *devPtr, size_t size) {
  return invoke("aclrtMemFlush", [&] { return cacheCall(devPtr, size); });
}

aclError aclrtMemInvalidate(void *devPtr, size_t size) {
  return invoke("aclrtMemInvalidate", [&] { return cacheCall(devPtr, size); });
}

aclError aclrtFree(void *devPtr) {
  return invoke("aclrtFree", [&] { return freeDevice(devPtr); });
}

aclError acldvppMalloc(void **devPtr, size_t size) {
  return invoke("acldvppMalloc", [&] { return allocate(devPtr, size, Padding::Extra32); });
}

aclError acldvppFree(void *devPtr) {
  return invoke("acldvppFree", [&] { return freeDevice(devPtr); });
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
    if (requireContext() == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
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
    return enqueue(
        *context, stream, [request](const TaskTurn &) { return copyNow(request); }, pageable(request));
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
    return enqueue(
        *context, stream, [=](const TaskTurn &) { return memsetNow(devPtr, value, count); }, waitForIt);
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
