// Host functions in streams.
#include "../acl_error_codes.h"
#include "call.h"
#include "callbacks.h"
#include "context.h"
#include "process.h"
#include "text.h"

using namespace sim;

namespace {

aclError findStream(aclrtStream handle, std::shared_ptr<Stream> *stream) {
  const auto context = requireContext();
  return context == nullptr ? acl::ACL_ERROR_RT_CONTEXT_NULL : resolveStream(*context, handle, stream);
}

aclError submit(Stream *stream, Task task) {
  if (stream->submit(std::move(task)) != 0) return 0;
  return fail(acl::ACL_ERROR_RT_STREAM_TASK_FULL, "EZ9999", "The stream takes no more tasks.");
}

}  // namespace

extern "C" {

aclError aclrtSubscribeReport(uint64_t threadId, aclrtStream stream) {
  return invoke("aclrtSubscribeReport", [&] {
    std::shared_ptr<Stream> found;
    const aclError code = findStream(stream, &found);
    return code != 0 ? code : callbacks().subscribe(threadId, found->handle);
  });
}

aclError aclrtUnSubscribeReport(uint64_t threadId, aclrtStream stream) {
  return invoke("aclrtUnSubscribeReport", [&] {
    std::shared_ptr<Stream> found;
    const aclError code = findStream(stream, &found);
    return code != 0 ? code : callbacks().unsubscribe(threadId, found->handle);
  });
}

aclError aclrtProcessReport(int32_t timeout) {
  return invoke("aclrtProcessReport", [&]() -> aclError {
    if (timeout != -1 && timeout <= 0)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
                  format("Timeout %d is invalid: it must be -1 or greater than 0.", timeout));
    const Nanoseconds deadline =
        timeout < 0 ? forever : monotonicNow() + static_cast<Nanoseconds>(timeout) * 1'000'000;
    return callbacks().process(static_cast<uint64_t>(pthread_self()), deadline);
  });
}

aclError aclrtLaunchCallback(aclrtCallback fn, void *userData, aclrtCallbackBlockType blockType,
                             aclrtStream stream) {
  return invoke("aclrtLaunchCallback", [&]() -> aclError {
    if (blockType != ACL_CALLBACK_NO_BLOCK && blockType != ACL_CALLBACK_BLOCK)
      return fail(acl::ACL_ERROR_INVALID_PARAM, "EH0001",
                  format("Block type %d is out of range.", blockType));
    if (fn == nullptr)
      return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1004", "The callback must not be NULL.");
    std::shared_ptr<Stream> found;
    const aclError code = findStream(stream, &found);
    if (code != 0) return code;
    if (!callbacks().subscribed(found->handle))
      return fail(acl::ACL_ERROR_RT_STREAM_NO_CB_REG, "EE1001", "No thread has subscribed the stream.");
    const auto wait = blockType == ACL_CALLBACK_BLOCK ? Callbacks::Wait::Yes : Callbacks::Wait::No;
    const aclrtStream handle = found->handle;
    return submit(found.get(), [=](const TaskTurn &turn) -> aclError {
      callbacks().hand(handle, fn, userData, wait, turn.cancellation);
      return 0;
    });
  });
}

// The stream's own thread is as good as any of CANN's: a foreign one without a context.
aclError aclrtLaunchHostFunc(aclrtStream stream, aclrtHostFunc fn, void *args) {
  return invoke("aclrtLaunchHostFunc", [&]() -> aclError {
    if (fn == nullptr)
      return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1004", "The function must not be NULL.");
    std::shared_ptr<Stream> found;
    const aclError code = findStream(stream, &found);
    if (code != 0) return code;
    return submit(found.get(), [=](const TaskTurn &) -> aclError {
      fn(args);
      return 0;
    });
  });
}

}  // extern "C"
