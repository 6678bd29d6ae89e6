// Events.
#include "../acl_error_codes.h"
#include "call.h"
#include "context.h"
#include "event.h"
#include "lost_device.h"
#include "process.h"
#include "text.h"

using namespace sim;

namespace {

/** 310P. */
constexpr size_t eventLimit = 1023;
constexpr uint32_t knownFlags = ACL_EVENT_SYNC | ACL_EVENT_CAPTURE_STREAM_PROGRESS | ACL_EVENT_TIME_LINE |
                                ACL_EVENT_DEVICE_USE_ONLY | ACL_EVENT_EXTERNAL | ACL_EVENT_IPC;

aclError makeEvent(aclrtEvent *event, uint32_t flag) {
  if (event == nullptr) return nullArgument("event");
  const auto context = requireContext();
  if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
  if (flag == 0 || (flag & ~knownFlags) != 0)
    return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1003", format("Event flag 0x%x is out of range.", flag));
  if (events().size() >= eventLimit)
    return fail(acl::ACL_ERROR_RT_NO_EVENT_RESOURCE, "EL0009", "The device has no events left.");
  *event = events()
               .add([&](void *handle) { return std::make_shared<Event>(handle, context->device, flag); })
               ->handle;
  return 0;
}

/** Does `action` with the event behind `handle`. */
template <class Action>
aclError withEvent(aclrtEvent handle, Action action) {
  if (handle == nullptr) return nullArgument("event");
  if (requireContext() == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
  const auto event = events().find(handle);
  if (event == nullptr)
    return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1001", "The event was destroyed before, or is none.");
  return action(event);
}

aclError enqueue(aclrtStream handle, Task task) {
  const auto context = requireContext();
  if (context == nullptr) return acl::ACL_ERROR_RT_CONTEXT_NULL;
  std::shared_ptr<Stream> stream;
  const aclError code = resolveStream(*context, handle, &stream);
  if (code != 0) return code;
  if (stream->submit(std::move(task)) != 0) return 0;
  return fail(acl::ACL_ERROR_RT_STREAM_TASK_FULL, "EZ9999", "The stream takes no more tasks.");
}

aclError synchronizeEvent(aclrtEvent handle, Nanoseconds deadline) {
  return withEvent(handle, [&](const std::shared_ptr<Event> &event) -> aclError {
    if (event->wait(event->lastRecord(), deadline, nullptr)) return 0;
    const aclError lost = answerOfLost(*event->device, "Event synchronize");
    if (lost != 0) return lost;
    return fail(acl::ACL_ERROR_RT_EVENT_SYNC_TIMEOUT, "EE1002", "Event synchronize timed out.");
  });
}

aclError streamWaitEvent(aclrtStream stream, aclrtEvent handle, Nanoseconds patience) {
  return withEvent(handle, [&](const std::shared_ptr<Event> &event) {
    const uint64_t record = event->lastRecord();
    return enqueue(stream, [event, record, patience](const TaskTurn &turn) -> aclError {
      const Nanoseconds deadline = patience == forever ? forever : monotonicNow() + patience;
      if (event->wait(record, deadline, &turn.cancellation)) return 0;
      const aclError lost = answerOfLost(*event->device, "A wait for an event");
      if (lost != 0) return lost;
      return fail(acl::ACL_ERROR_RT_EVENT_SYNC_TIMEOUT, "EE1002",
                  "The stream's wait for an event timed out.");
    });
  });
}

}  // namespace

extern "C" {

aclError aclrtCreateEvent(aclrtEvent *event) {
  return invoke("aclrtCreateEvent", [&] { return makeEvent(event, ACL_EVENT_SYNC | ACL_EVENT_TIME_LINE); });
}

aclError aclrtCreateEventWithFlag(aclrtEvent *event, uint32_t flag) {
  return invoke("aclrtCreateEventWithFlag", [&] { return makeEvent(event, flag); });
}

aclError aclrtCreateEventExWithFlag(aclrtEvent *event, uint32_t flag) {
  return invoke("aclrtCreateEventExWithFlag", [&] { return makeEvent(event, flag); });
}

aclError aclrtDestroyEvent(aclrtEvent event) {
  return invoke("aclrtDestroyEvent", [&] {
    // A record that is still queued holds the event until it is done.
    return withEvent(event, [&](const std::shared_ptr<Event> &) -> aclError {
      events().remove(event);
      return 0;
    });
  });
}

aclError aclrtRecordEvent(aclrtEvent event, aclrtStream stream) {
  return invoke("aclrtRecordEvent", [&] {
    return withEvent(event, [&](const std::shared_ptr<Event> &found) -> aclError {
      const uint64_t record = found->recorded();
      // At the task's end or when it is dropped: nobody waits for a record that will not come.
      const auto complete = [found, record](void *) { found->complete(record); };
      return enqueue(stream, [end = std::shared_ptr<void>(nullptr, complete)](const TaskTurn &) -> aclError {
        return 0;
      });
    });
  });
}

aclError aclrtResetEvent(aclrtEvent event, aclrtStream stream) {
  return invoke("aclrtResetEvent", [&] {
    return withEvent(event, [&](const std::shared_ptr<Event> &found) {
      return enqueue(stream, [found, record = found->lastRecord()](const TaskTurn &) -> aclError {
        found->reset(record);
        return 0;
      });
    });
  });
}

aclError aclrtQueryEvent(aclrtEvent event, aclrtEventStatus *status) {
  return invoke("aclrtQueryEvent", [&]() -> aclError {
    if (status == nullptr) return nullArgument("status");
    return withEvent(event, [&](const std::shared_ptr<Event> &found) -> aclError {
      *status = found->done() ? ACL_EVENT_STATUS_COMPLETE : ACL_EVENT_STATUS_NOT_READY;
      return 0;
    });
  });
}

aclError aclrtQueryEventStatus(aclrtEvent event, aclrtEventRecordedStatus *status) {
  return invoke("aclrtQueryEventStatus", [&]() -> aclError {
    if (status == nullptr) return nullArgument("status");
    return withEvent(event, [&](const std::shared_ptr<Event> &found) -> aclError {
      *status = found->done() ? ACL_EVENT_RECORDED_STATUS_COMPLETE : ACL_EVENT_RECORDED_STATUS_NOT_READY;
      return 0;
    });
  });
}

aclError aclrtQueryEventWaitStatus(aclrtEvent event, aclrtEventWaitStatus *status) {
  return invoke("aclrtQueryEventWaitStatus", [&]() -> aclError {
    if (status == nullptr) return nullArgument("status");
    return withEvent(event, [&](const std::shared_ptr<Event> &found) -> aclError {
      *status = found->done() ? ACL_EVENT_WAIT_STATUS_COMPLETE : ACL_EVENT_WAIT_STATUS_NOT_READY;
      return 0;
    });
  });
}

aclError aclrtSynchronizeEvent(aclrtEvent event) {
  return invoke("aclrtSynchronizeEvent", [&] { return synchronizeEvent(event, forever); });
}

aclError aclrtSynchronizeEventWithTimeout(aclrtEvent event, int32_t timeout) {
  return invoke("aclrtSynchronizeEventWithTimeout", [&]() -> aclError {
    if (timeout != -1 && timeout <= 0)
      return fail(acl::ACL_ERROR_RT_PARAM_INVALID, "EE1003", format("Timeout %d is invalid.", timeout));
    return synchronizeEvent(
        event, timeout < 0 ? forever : monotonicNow() + static_cast<Nanoseconds>(timeout) * 1'000'000);
  });
}

aclError aclrtStreamWaitEvent(aclrtStream stream, aclrtEvent event) {
  return invoke("aclrtStreamWaitEvent", [&] { return streamWaitEvent(stream, event, forever); });
}

aclError aclrtStreamWaitEventWithTimeout(aclrtStream stream, aclrtEvent event, int32_t timeout) {
  return invoke("aclrtStreamWaitEventWithTimeout", [&] {
    // Seconds, as aclrtSetOpWaitTimeout; 0 and less: no limit.
    return streamWaitEvent(stream, event,
                           timeout <= 0 ? forever : static_cast<Nanoseconds>(timeout) * 1'000'000'000);
  });
}

aclError aclrtEventElapsedTime(float *ms, aclrtEvent startEvent, aclrtEvent endEvent) {
  return invoke("aclrtEventElapsedTime", [&]() -> aclError {
    if (ms == nullptr) return nullArgument("ms");
    return withEvent(startEvent, [&](const std::shared_ptr<Event> &start) {
      return withEvent(endEvent, [&](const std::shared_ptr<Event> &end) -> aclError {
        if (start->completedAt() == 0 || end->completedAt() == 0)
          return fail(acl::ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID, "EE1001",
                      "An event was not recorded or is not complete.");
        if (end->completedAt() < start->completedAt())
          return fail(acl::ACL_ERROR_RT_EVENT_TIMESTAMP_REVERSAL, "EE1001",
                      "The end event is before the start event.");
        *ms = static_cast<float>(end->completedAt() - start->completedAt()) / 1e6F;
        return 0;
      });
    });
  });
}

aclError aclrtEventGetTimestamp(aclrtEvent event, uint64_t *timestamp) {
  return invoke("aclrtEventGetTimestamp", [&]() -> aclError {
    if (timestamp == nullptr) return nullArgument("timestamp");
    return withEvent(event, [&](const std::shared_ptr<Event> &found) -> aclError {
      if (found->completedAt() == 0)
        return fail(acl::ACL_ERROR_RT_EVENT_TIMESTAMP_INVALID, "EE1001", "The event is not complete.");
      *timestamp = static_cast<uint64_t>(found->completedAt() / 1000);
      return 0;
    });
  });
}

}  // extern "C"
