// Events: marks in streams that hosts and other streams wait for.
#ifndef SIMULATOR_EVENT_H_
#define SIMULATOR_EVENT_H_

#include "../acl_abi.h"
#include "handle_table.h"
#include "monitor.h"
#include "stream.h"

namespace sim {

class Event {
 public:
  Event(aclrtEvent handle, Device *device, uint32_t flags) : handle(handle), device(device), flags(flags) {}

  const aclrtEvent handle;
  Device *const device;
  const uint32_t flags;

  /** A record is queued; returns its number, which complete() takes when the stream gets there or drops it.
   */
  uint64_t recorded();
  /** Of the last record so far; 0 without one. Whatever is queued later means this one, not those to come. */
  uint64_t lastRecord();
  void complete(uint64_t record);
  /** Forgets all up to `record`. */
  void reset(uint64_t record);
  /** Also true when nothing was recorded: there is nothing to wait for. */
  bool done();
  bool everRecorded();
  /** Waits for `record`; false at the deadline, and when the device is lost. */
  bool wait(uint64_t record, Nanoseconds deadline, const Cancellation *cancellation);
  /** Has those who wait look again. */
  void wake();
  /** When the last completed record was reached; 0 before. */
  Nanoseconds completedAt();

 private:
  Monitor monitor_;
  uint64_t records_ = 0;
  uint64_t completed_ = 0;
  Nanoseconds completedAt_ = 0;
};

HandleTable<Event> &events();

}  // namespace sim

#endif  // SIMULATOR_EVENT_H_
