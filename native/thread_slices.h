// What the session's threads ask of Linux's scheduler.
#pragma once

namespace ascend {

/**
 * For the device thread, which needs a processor for microseconds, but at once: the device stands still
 * meanwhile. Since Linux 6.12 a thread may ask for short slices and gets its turn before those with longer
 * ones: of four devices on two busy processors, the slowest hundredth of waits went from 3.3 ms to 0.5 ms.
 * Older kernels ignore it, and a policy somebody chose with care stays.
 */
void AskForShortSlices();

/**
 * For the copy thread: waking it must not push the device thread off its processor, which would then wait for
 * the copies.
 */
void AskForBatchTurns();

}  // namespace ascend
