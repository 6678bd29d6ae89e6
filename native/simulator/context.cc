#include "context.h"

#include <atomic>

#include "../acl_error_codes.h"
#include "callbacks.h"
#include "thread_state.h"

namespace sim {

namespace {

/** 310P: default and internal streams included, two of which go to every context. */
constexpr int64_t streamLimit = 1024;

std::atomic<int32_t> nextStreamId{0};

}  // namespace

HandleTable<Context> &contexts() {
  static auto *const table = new HandleTable<Context>(1);
  return *table;
}

std::shared_ptr<Stream> createStream(const Context &context, uint32_t priority) {
  return streams().add([&](void *handle) {
    return std::make_shared<Stream>(handle, context.handle, context.device, nextStreamId++, priority);
  });
}

std::shared_ptr<Context> createContext(Device *device, bool isDefault) {
  auto context =
      contexts().add([&](void *handle) { return std::make_shared<Context>(handle, device, isDefault); });
  context->defaultStream = createStream(*context, 0);
  return context;
}

void destroyContext(const std::shared_ptr<Context> &context, bool dropWork) {
  contexts().remove(context->handle);
  for (const auto &stream : streams().all()) {
    if (stream->context != context->handle) continue;
    stream->close(dropWork);
    streams().remove(stream->handle);
    callbacks().forget(stream->handle);
  }
}

std::shared_ptr<Context> findCurrentContext() {
  return contexts().find(threadState().context);
}

std::shared_ptr<Context> requireContext() {
  auto context = findCurrentContext();
  if (context == nullptr)
    fail(acl::ACL_ERROR_RT_CONTEXT_NULL, "EE1001",
         "The argument is invalid. Reason: The context is a null pointer: no context is current in this "
         "thread.");
  return context;
}

aclError resolveStream(const Context &context, aclrtStream handle, std::shared_ptr<Stream> *stream) {
  *stream = handle == nullptr ? context.defaultStream : streams().find(handle);
  if (*stream != nullptr && (*stream)->context == context.handle) return 0;
  return fail(acl::ACL_ERROR_RT_STREAM_CONTEXT, "EE1010", "The stream is not in the current context.");
}

int32_t newStreamId() {
  return nextStreamId++;
}

int64_t availableStreams() {
  return streamLimit - static_cast<int64_t>(streams().size() + contexts().size());
}

}  // namespace sim
