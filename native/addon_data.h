#pragma once

#include "open_sessions.h"

namespace ascend {

/** What belongs to one JavaScript environment: the main thread's or a worker_thread's. */
struct AddonData {
  OpenSessions sessions;
};

}  // namespace ascend
