// Contexts: bound to a device, owners of streams, current per thread.
#ifndef SIMULATOR_CONTEXT_H_
#define SIMULATOR_CONTEXT_H_

#include <memory>

#include "device.h"
#include "handle_table.h"
#include "stream.h"

namespace sim {

class Context {
 public:
  Context(aclrtContext handle, Device *device, bool isDefault)
      : handle(handle), device(device), isDefault(isDefault) {}

  const aclrtContext handle;
  Device *const device;
  /** Made by aclrtSetDevice, shared by all threads that set the device. */
  const bool isDefault;
  /** Set once, right after construction. */
  std::shared_ptr<Stream> defaultStream;
};

HandleTable<Context> &contexts();

std::shared_ptr<Context> createContext(Device *device, bool isDefault);
std::shared_ptr<Stream> createStream(const Context &context, uint32_t priority);
/** Waits for the streams of the context, or drops their work, and removes them and it. */
void destroyContext(const std::shared_ptr<Context> &context, bool dropWork);

/** The calling thread's context, null when it has none or it is gone. */
std::shared_ptr<Context> findCurrentContext();
/** The same; leaves ACL's message for 107002 when it is null. */
std::shared_ptr<Context> requireContext();
/**
 * The stream behind a handle, for a call in `context`; NULL means the default stream.
 * @return 0, or 107003 for a stream of another context or of none
 */
aclError resolveStream(const Context &context, aclrtStream handle, std::shared_ptr<Stream> *stream);

/** A number no stream has had: for streams that models make for themselves. */
int32_t newStreamId();

/** Streams of `device` that can still be made. */
int64_t availableStreams();

}  // namespace sim

#endif  // SIMULATOR_CONTEXT_H_
