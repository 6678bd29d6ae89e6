#include "event.h"

#include <algorithm>

namespace sim {

namespace {

/** How soon a stream that waits for an event notices that it was aborted. */
constexpr Nanoseconds cancellationInterval = 5'000'000;

}  // namespace

uint64_t Event::recorded() {
  Lock lock(monitor_);
  return ++records_;
}

uint64_t Event::lastRecord() {
  Lock lock(monitor_);
  return records_;
}

void Event::complete(uint64_t record) {
  Lock lock(monitor_);
  if (record <= completed_) return;
  completed_ = record;
  completedAt_ = monotonicNow();
  monitor_.notifyAll();
}

void Event::reset(uint64_t record) {
  Lock lock(monitor_);
  completed_ = std::max(completed_, record);
  completedAt_ = 0;
  monitor_.notifyAll();
}

bool Event::done() {
  Lock lock(monitor_);
  return completed_ >= records_;
}

bool Event::everRecorded() {
  Lock lock(monitor_);
  return records_ > 0;
}

bool Event::wait(uint64_t record, Nanoseconds deadline, const Cancellation *cancellation) {
  Lock lock(monitor_);
  while (completed_ < record) {
    if (cancellation != nullptr && cancellation->cancelled()) return false;
    if (device->lost != 0) return false;
    const Nanoseconds now = monotonicNow();
    if (now >= deadline) return false;
    if (cancellation != nullptr)
      monitor_.waitUntil(std::min(deadline, now + cancellationInterval));
    else if (deadline == forever)
      monitor_.wait();
    else
      monitor_.waitUntil(deadline);
  }
  return true;
}

void Event::wake() {
  Lock lock(monitor_);
  monitor_.notifyAll();
}

Nanoseconds Event::completedAt() {
  Lock lock(monitor_);
  return completed_ >= records_ ? completedAt_ : 0;
}

HandleTable<Event> &events() {
  static auto *const table = new HandleTable<Event>(3);
  return *table;
}

}  // namespace sim
