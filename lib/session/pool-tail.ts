/** When a pool of NPUs and CPU sessions leaves a run to the NPUs, because they would finish it sooner. */
import type { Place } from './pool-place'
import type { Device } from './session'

/** How much the newest run counts for what runs are thought to take. */
const newestShare = 0.2

/** What runs take on each kind of device, and what follows from that. */
export class RunTimesByKind {
  readonly #ms = new Map<Device['kind'], number>()

  learn(kind: Device['kind'], runMs: number): void {
    const known = this.#ms.get(kind)
    this.#ms.set(kind, known === undefined ? runMs : known + newestShare * (runMs - known))
  }

  /**
   * Whether the NPUs will be through with everything that waits before the CPU could be through with one of it: then a
   * run begun on the CPU would hold up the end. Nothing is known of the first runs, so both kinds get one.
   */
  npusAreSooner(places: readonly Place[], waiting: number): boolean {
    const npus = places.filter(place => place.device.kind === 'npu' && place.session !== undefined)
    const [npuMs, cpuMs] = [this.#ms.get('npu'), this.#ms.get('cpu')]
    if (npus.length === 0 || npuMs === undefined || cpuMs === undefined) return false
    const ahead = npus.reduce((sum, { runs }) => sum + runs.length, waiting)
    return (ahead * npuMs) / npus.length <= cpuMs
  }
}
