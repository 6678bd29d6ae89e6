// What belongs to the process and not to a session: AscendCL's initialisation and the devices that are open.
// The state is shared by all worker_threads, and by nothing but this one image of the add-on, which is never
// unmapped.
#pragma once

#include "library.h"

namespace ascend {

/**
 * Tells CANN to leave the process's signal handlers alone, unless its user has decided. Once a process, by
 * whoever comes first of its JavaScript threads and before that starts a thread of ours: changing the
 * environment is not safe beside readers, and later calls change nothing.
 */
void PrepareEnvironment();

/**
 * Initialises AscendCL once a process. That another user of it has done so is fine. There is no counterpart:
 * finalizing would pull the ground from under that other user and under calls still in progress, and the
 * driver cleans up when the process ends.
 */
void Initialise(const AclApi &api);

/** Keeps a device open for the process: the first lease sets it, the end of the last one resets it. */
class DeviceLease {
 public:
  DeviceLease(const AclApi &api, int device);
  ~DeviceLease();
  DeviceLease(const DeviceLease &) = delete;
  DeviceLease &operator=(const DeviceLease &) = delete;

 private:
  const AclApi &api_;
  int device_;
};

}  // namespace ascend
