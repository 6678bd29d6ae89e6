// Streams.
#include "../acl_error_codes.h"
#include "call.h"
#include "callbacks.h"
#include "context.h"
#include "process.h"
#include "text.h"

using namespace sim;

namespace {

constexpr uint32_t lowestPriority = 7;
constexpr uint32_t knownFlags = ACL_STREAM_FAST_LAUNCH | ACL_STREAM_FAST_SYNC | ACL_STREAM_PERSISTENT |
                                ACL_STREAM_HUGE | ACL_STREAM_CPU_SCHEDULE | ACL_STREAM_DEVICE_USE_ONLY;

aclError makeStream(aclrtStream *stream, uint32_t priority, size_t flag) {
  if (stream == nullptr) return nullArgument("stream");
  const auto context = requireContext();
  if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
  if (priority > lowestPriority || (flag & ~static_cast<size_t>(knownFlags)) != 0)
    return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1003",
                format("Priority %u or flag 0x%zx of the stream is out of range.", priority, flag));
  if (availableStreams() <= 0)
    return fail(acl::ACL_ERROR_RT_NO_STREAM_RESOURCE, "EL0009", "The device has no streams left.");
  *stream = createStream(*context, priority)->handle;
  return 0;
}

/** Does `action` with the stream behind `handle` when it belongs to the current context. */
template <class Action>
aclError withStream(aclrtStream handle, Action action) {
  const auto context = requireContext();
  if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
  std::shared_ptr<Stream> stream;
  const aclError code = resolveStream(*context, handle, &stream);
  return code != 0 ? code : action(*stream);
}

aclError removeStream(aclrtStream handle, bool drop) {
  if (handle == nullptr) return nullArgument("stream");
  return withStream(handle, [&](Stream &stream) -> aclError {
    const auto context = findCurrentContext();
    if (context != nullptr && context->defaultStream->handle == handle)
      return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1001", "A default stream cannot be destroyed.");
    stream.close(drop);
    streams().remove(handle);
    callbacks().forget(handle);
    return 0;
  });
}

aclError checkTimeout(int32_t timeout) {
  if (timeout == -1 || timeout > 0) return 0;
  return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1003",
              format("Timeout %d is invalid: it must be -1 or greater than 0.", timeout));
}

Nanoseconds deadlineOf(int32_t timeoutMs) {
  return timeoutMs < 0 ? forever : monotonicNow() + static_cast<Nanoseconds>(timeoutMs) * 1'000'000;
}

aclError synchronizeDevice(Nanoseconds deadline) {
  const auto context = requireContext();
  if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
  aclError first = 0;
  for (const auto &stream : streams().all()) {
    if (stream->device != context->device) continue;
    const aclError code = stream->synchronize(deadline);
    if (first == 0) first = code;
  }
  return first;
}

}  // namespace

extern "C" {

aclError aclrtCreateStream(aclrtStream *stream) {
  return invoke("aclrtCreateStream", [&] { return makeStream(stream, 0, 0); });
}

aclError aclrtCreateStreamWithConfig(aclrtStream *stream, uint32_t priority, uint32_t flag) {
  return invoke("aclrtCreateStreamWithConfig", [&] { return makeStream(stream, priority, flag); });
}

aclError aclrtCreateStreamV2(aclrtStream *stream, const aclrtStreamConfigHandle *handle) {
  return invoke("aclrtCreateStreamV2", [&] {
    return handle == nullptr ? nullArgument("handle") : makeStream(stream, handle->priority, handle->flag);
  });
}

aclError aclrtDestroyStream(aclrtStream stream) {
  return invoke("aclrtDestroyStream", [&] { return removeStream(stream, false); });
}

aclError aclrtDestroyStreamForce(aclrtStream stream) {
  return invoke("aclrtDestroyStreamForce", [&] { return removeStream(stream, true); });
}

aclError aclrtSynchronizeStream(aclrtStream stream) {
  return invoke("aclrtSynchronizeStream",
                [&] { return withStream(stream, [](Stream &found) { return found.synchronize(forever); }); });
}

aclError aclrtSynchronizeStreamWithTimeout(aclrtStream stream, int32_t timeout) {
  return invoke("aclrtSynchronizeStreamWithTimeout", [&]() -> aclError {
    const Nanoseconds deadline = deadlineOf(timeout);
    const aclError code = checkTimeout(timeout);
    return code != 0 ? code : withStream(stream, [&](Stream &found) { return found.synchronize(deadline); });
  });
}

aclError aclrtSynchronizeDevice(void) {
  return invoke("aclrtSynchronizeDevice", [] { return synchronizeDevice(forever); });
}

aclError aclrtSynchronizeDeviceWithTimeout(int32_t timeout) {
  return invoke("aclrtSynchronizeDeviceWithTimeout", [&]() -> aclError {
    const Nanoseconds deadline = deadlineOf(timeout);
    const aclError code = checkTimeout(timeout);
    return code != 0 ? code : synchronizeDevice(deadline);
  });
}

aclError aclrtStreamQuery(aclrtStream stream, aclrtStreamStatus *status) {
  return invoke("aclrtStreamQuery", [&]() -> aclError {
    if (status == nullptr) return nullArgument("status");
    return withStream(stream, [&](Stream &found) -> aclError {
      *status = found.idle() ? ACL_STREAM_STATUS_COMPLETE : ACL_STREAM_STATUS_NOT_READY;
      return 0;
    });
  });
}

aclError aclrtStreamAbort(aclrtStream stream) {
  return invoke("aclrtStreamAbort", [&]() -> aclError {
    if (stream == nullptr) return nullArgument("stream");
    return withStream(stream, [](Stream &found) -> aclError {
      found.abort();
      return 0;
    });
  });
}

aclError aclrtSetStreamFailureMode(aclrtStream stream, uint64_t mode) {
  return invoke("aclrtSetStreamFailureMode", [&]() -> aclError {
    if (stream == nullptr) return nullArgument("stream");
    return withStream(stream, [&](Stream &found) -> aclError {
      if (mode > ACL_STOP_ON_FAILURE || !found.setStopOnFailure(mode == ACL_STOP_ON_FAILURE))
        return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1003",
                    "The failure mode must be 0 or 1 and can be set once for a stream.");
      return 0;
    });
  });
}

aclError aclrtStreamGetId(aclrtStream stream, int32_t *streamId) {
  return invoke("aclrtStreamGetId", [&]() -> aclError {
    if (streamId == nullptr) return nullArgument("streamId");
    return withStream(stream, [&](Stream &found) -> aclError {
      *streamId = found.id;
      return 0;
    });
  });
}

aclError aclrtStreamGetPriority(aclrtStream stream, uint32_t *priority) {
  return invoke("aclrtStreamGetPriority", [&]() -> aclError {
    if (priority == nullptr) return nullArgument("priority");
    return withStream(stream, [&](Stream &found) -> aclError {
      *priority = found.priority;
      return 0;
    });
  });
}

aclError aclrtGetStreamAvailableNum(uint32_t *streamCount) {
  return invoke("aclrtGetStreamAvailableNum", [&]() -> aclError {
    if (streamCount == nullptr) return nullArgument("streamCount");
    if (requireContext() == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
    *streamCount = availableStreams() > 0 ? static_cast<uint32_t>(availableStreams()) : 0;
    return 0;
  });
}

// Limits for operators inside a model: nothing here runs so long.
aclError aclrtSetOpWaitTimeout(uint32_t) {
  return invoke("aclrtSetOpWaitTimeout", [] { return 0; });
}

aclError aclrtSetOpExecuteTimeOut(uint32_t) {
  return invoke("aclrtSetOpExecuteTimeOut",
                [] { return requireContext() == nullptr ? acl::ACL_ERROR_RT_CONTEXT_NULL : 0; });
}

}  // extern "C"
