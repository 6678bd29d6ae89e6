// A process must not be spawned while an asynchronous copy is under way: the child shares pages the device is
// writing. Spawns at such a time become problems of the report.
#ifndef SIMULATOR_SPAWN_WATCH_H_
#define SIMULATOR_SPAWN_WATCH_H_

#include <memory>

namespace sim {

/** Lives as long as one asynchronous copy is queued or running. Makes the first one begin the watch over
 * fork. */
std::shared_ptr<void> copyUnderWay();
/** Called before a process is spawned with `how`. */
void noteSpawn(const char *how);

}  // namespace sim

#endif  // SIMULATOR_SPAWN_WATCH_H_
