#include "copy.h"

#include <cstring>

#include "../acl_error_codes.h"
#include "ledger.h"
#include "process.h"
#include "settings.h"
#include "text.h"
#include "thread_state.h"
#include "waiting.h"

namespace sim {

namespace {

constexpr int moreKindsSince = 800;
constexpr int zeroCountSucceedsSince = 901;

enum class Side { Host, Device, Either };

Side destinationSide(aclrtMemcpyKind kind) {
  if (kind == ACL_MEMCPY_DEFAULT) return Side::Either;
  return kind == ACL_MEMCPY_HOST_TO_HOST || kind == ACL_MEMCPY_DEVICE_TO_HOST ? Side::Host : Side::Device;
}

Side sourceSide(aclrtMemcpyKind kind) {
  if (kind == ACL_MEMCPY_DEFAULT) return Side::Either;
  const bool host = kind == ACL_MEMCPY_HOST_TO_HOST || kind == ACL_MEMCPY_HOST_TO_DEVICE ||
                    kind == ACL_MEMCPY_HOST_TO_BUF_TO_DEVICE;
  return host ? Side::Host : Side::Device;
}

aclError checkSide(const char *which, const void *address, size_t bytes, Side side, const Context &context) {
  const Device *device = deviceOf(address);
  std::string reason;
  if (side == Side::Host && device != nullptr)
    reason = "is device memory, the kind of the copy says host memory";
  else if (side == Side::Device && device == nullptr)
    reason = "is not device memory, the kind of the copy says so";
  else if (device != nullptr && device != context.device)
    reason =
        format("is memory of device %d, the current context is on device %d", device->id, context.device->id);
  else if (device != nullptr && device->memory.span(address, bytes).data == nullptr)
    reason = format("has not %zu bytes in one block of device memory", bytes);
  if (reason.empty()) return 0;
  const std::string text = format("The %s address %p %s.", which, address, reason.c_str());
  ledger().problem("bad-address", text);
  return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1001", "The argument is invalid. Reason: " + text);
}

aclError sizeProblem(const char *what, size_t bytes, size_t capacity) {
  return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1003",
              format("%s of %zu bytes with room for %zu is invalid: it must be greater than 0 and fit.", what,
                     bytes, capacity));
}

/** Where the host can reach `address`; keeps device memory from going away. */
uint8_t *reach(const void *address, size_t bytes, Backing *hold) {
  const Device *device = deviceOf(address);
  if (device == nullptr) return static_cast<uint8_t *>(const_cast<void *>(address));
  DeviceSpan span = device->memory.span(address, bytes);
  *hold = std::move(span.backing);
  return span.data;
}

aclError lostWhileQueued(const void *address) {
  ledger().problem("freed-while-queued", format("%p was freed while a task on it was queued", address));
  return fail(acl::ACL_ERROR_RT_SYS_DMA, "EZ9999",
              format("The device cannot access %p: it was freed while the task was queued.", address));
}

}  // namespace

aclError checkCopyArguments(const CopyRequest &request, CopyCheck *outcome) {
  *outcome = CopyCheck::NothingToDo;
  if (request.bytes == 0 && settings().cannRelease >= zeroCountSucceedsSince) return 0;
  if (request.destination == nullptr) return nullArgument("dst");
  if (request.source == nullptr) return nullArgument("src");
  const aclrtMemcpyKind last = settings().cannRelease >= moreKindsSince ? ACL_MEMCPY_INTER_DEVICE_TO_DEVICE
                                                                        : ACL_MEMCPY_DEVICE_TO_DEVICE;
  if (request.kind < ACL_MEMCPY_HOST_TO_HOST || request.kind > last)
    return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
                format("Copy kind %d is out of range.", request.kind));
  if (request.bytes == 0 || request.destinationBytes == 0 || request.bytes > request.destinationBytes)
    return sizeProblem("A copy", request.bytes, request.destinationBytes);
  if (request.destination != request.source) *outcome = CopyCheck::Proceed;
  return 0;
}

aclError checkCopyAddresses(const CopyRequest &request, const Context &context) {
  const aclError code =
      checkSide("destination", request.destination, request.bytes, destinationSide(request.kind), context);
  return code != 0 ? code
                   : checkSide("source", request.source, request.bytes, sourceSide(request.kind), context);
}

aclError copyNow(const CopyRequest &request) {
  const Nanoseconds start = monotonicNow();
  Backing heldDestination;
  Backing heldSource;
  uint8_t *destination = reach(request.destination, request.bytes, &heldDestination);
  const uint8_t *source = reach(request.source, request.bytes, &heldSource);
  if (destination == nullptr) return lostWhileQueued(request.destination);
  if (source == nullptr) return lostWhileQueued(request.source);
  memmove(destination, source, request.bytes);
  const double rate = settings().copyGigabytesPerSecond;
  if (rate > 0) waitUntil(start + toNanoseconds(static_cast<double>(request.bytes) / rate));
  return 0;
}

aclError checkMemset(const void *address, size_t capacity, size_t bytes, CopyCheck *outcome) {
  *outcome = CopyCheck::NothingToDo;
  if (bytes == 0 && settings().cannRelease >= zeroCountSucceedsSince) return 0;
  if (address == nullptr) return nullArgument("devPtr");
  if (bytes == 0 || bytes > capacity) return sizeProblem("A memset", bytes, capacity);
  const Device *device = deviceOf(address);
  if (device != nullptr && device->memory.span(address, bytes).data == nullptr) {
    const std::string text = format("%p has not %zu bytes in one block of device memory", address, bytes);
    ledger().problem("bad-address", text);
    return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1001", "The argument is invalid. Reason: " + text + ".");
  }
  *outcome = CopyCheck::Proceed;
  return 0;
}

aclError memsetNow(void *address, int value, size_t bytes) {
  Backing held;
  uint8_t *data = reach(address, bytes, &held);
  if (data == nullptr) return lostWhileQueued(address);
  memset(data, value & 0xFF, bytes);
  return 0;
}

}  // namespace sim
