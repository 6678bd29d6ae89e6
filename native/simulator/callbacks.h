// Host functions that streams ask for: each stream is subscribed by one thread, which runs them when it asks.
#ifndef SIMULATOR_CALLBACKS_H_
#define SIMULATOR_CALLBACKS_H_

#include <deque>
#include <map>
#include <memory>

#include "monitor.h"
#include "stream.h"

namespace sim {

class Callbacks {
 public:
  /** 107011 when the stream has a thread already. */
  aclError subscribe(uint64_t thread, const void *stream);
  /** 107012 when that thread does not serve the stream. Drops what is still pending for it. */
  aclError unsubscribe(uint64_t thread, const void *stream);
  bool subscribed(const void *stream);
  /** Of a stream that is gone: whoever waits for its callbacks hears that there is no stream any more. */
  void forget(const void *stream);
  /**
   * On the device: hands `callback` to the stream's thread, and with `wait` comes back when it has run, was
   * dropped, or the stream is aborted.
   */
  enum class Wait { No, Yes };
  void hand(const void *stream, aclrtCallback callback, void *data, Wait wait,
            const Cancellation &cancellation);
  /** Runs one pending callback of `thread`; 107012 when it serves no stream, 507012 at the deadline. */
  aclError process(uint64_t thread, Nanoseconds deadline);

 private:
  struct Pending {
    const void *stream;
    aclrtCallback callback;
    void *data;
    bool done = false;
  };
  bool serves(uint64_t thread) const;
  /** Under the monitor. */
  void remove(std::map<const void *, uint64_t>::iterator subscription);

  Monitor monitor_;
  std::map<const void *, uint64_t> threadOfStream_;
  std::map<uint64_t, std::deque<std::shared_ptr<Pending>>> pending_;
};

Callbacks &callbacks();

}  // namespace sim

#endif  // SIMULATOR_CALLBACKS_H_
