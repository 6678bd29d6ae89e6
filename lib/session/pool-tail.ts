/** When a pool of NPUs and CPU sessions leaves a run to the NPUs, because they would finish it sooner. */
import type { Place } from './pool-place'
import type { Device } from './session'

/** How much the newest run counts for what runs are thought to take. */
const newestShare = 0.2

/** A run that takes so many times what runs took, and a second in any case, may not end at all. */
const overdueTimes = 10
const leastOverdueMs = 1000

/** What runs take on each kind of device, and what follows from that. */
export class RunTimesByKind {
  readonly #ms = new Map<Device['kind'], number>()

  learn(kind: Device['kind'], runMs: number): void {
    const known = this.#ms.get(kind)
    this.#ms.set(kind, known === undefined ? runMs : known + newestShare * (runMs - known))
  }

  /**
   * Whether the NPUs will be through with everything that waits before the CPU could be through with one of it: then a
   * run begun on the CPU would hold up the end. Nothing is known of the first runs, so both kinds get one. An NPU whose
   * run is long overdue is not counted on.
   */
  npusAreSooner(places: readonly Place[], waiting: number): boolean {
    const [npuMs, cpuMs] = [this.#ms.get('npu'), this.#ms.get('cpu')]
    if (npuMs === undefined || cpuMs === undefined) return false
    const overdueSinceMs = performance.now() - this.overdueMs
    const npus = places.filter(
      ({ device, session, runs, mayCompute, headSinceMs }) =>
        device.kind === 'npu' &&
        session !== undefined &&
        ((runs.length === 0 && !mayCompute) || headSinceMs > overdueSinceMs),
    )
    if (npus.length === 0) return false
    const ahead = npus.reduce((sum, { runs }) => sum + runs.length, waiting)
    return (ahead * npuMs) / npus.length <= cpuMs
  }

  /** How long after its beginning a run on an NPU is overdue. */
  get overdueMs(): number {
    return Math.max(leastOverdueMs, overdueTimes * (this.#ms.get('npu') ?? 0))
  }
}
