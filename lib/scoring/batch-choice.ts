/** Which of a model's batches holds what waits. Pure functions. */

/** The largest run that so many windows fill, or the smallest there is. */
export const largestFitting = (batches: readonly number[], windows: number): number =>
  batches.findLast(size => size <= windows) ?? batches[0]!

/** How much the newest run counts for what its size is thought to take. */
const newestShare = 0.2

/** What runs of each size take, learnt from those that began on an idle session. */
export class RunTimes {
  readonly #byBatch = new Map<number, number>()

  learn(batch: number, runMs: number): void {
    const known = this.#byBatch.get(batch)
    this.#byBatch.set(batch, known === undefined ? runMs : known + newestShare * (runMs - known))
  }

  /**
   * The next run for so many waiting windows, no more than the largest run holds: the smallest that holds all of them,
   * unless several smaller ones are known to end sooner. A size that has never run is taken for quick, and so gets known.
   */
  choose(batches: readonly number[], windows: number): number {
    let best = { batch: batches.at(-1)!, ms: Infinity }
    const totals = [0]
    for (let count = 1; count <= windows; count += 1) {
      best = { batch: batches.at(-1)!, ms: Infinity }
      // From the largest down, with a tie for the larger: one run leaves less to chance than two.
      for (let index = batches.length - 1; index >= 0; index -= 1) {
        const batch = batches[index]!
        const isLargerThanNeeded = index > 0 && batches[index - 1]! >= count
        if (isLargerThanNeeded) continue
        const ms = (this.#byBatch.get(batch) ?? 0) + totals[Math.max(0, count - batch)]!
        if (ms < best.ms) best = { batch, ms }
      }
      totals.push(best.ms)
    }
    return best.batch
  }
}

/**
 * The size of the run that a window of a list belongs to: the largest, and behind the last full one of those what fits in
 * turn. It depends on nothing but the window's place in its list, so that a part of the list scores as it does in the
 * whole.
 */
export function batchInList(
  batches: readonly number[],
  position: number | undefined,
  total: number | undefined,
): number {
  const most = batches.at(-1)!
  if (position === undefined || total === undefined) return most
  let begin = total - (total % most)
  if (position < begin) return most
  for (;;) {
    const size = largestFitting(batches, total - begin)
    begin += size
    if (position < begin) return size
  }
}
