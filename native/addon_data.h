#pragma once

#include "open_sessions.h"
#include "probe.h"

namespace ascend {

/** What belongs to one JavaScript environment: the main thread's or a worker_thread's. */
struct AddonData {
  OpenSessions sessions;
  OpenProbes probes;

  /** Ends what is there and waits for it; how many did not end in time. */
  size_t Leave() { return sessions.Leave() + probes.Leave(); }
};

}  // namespace ascend
