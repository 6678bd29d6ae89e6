/** A place of a pool: a session, or the gap that one has left. */
import type { PackedWork } from './packed-tensor'
import type { PendingRun } from './pending-run'
import type { Device, Session } from './session'

export interface Place {
  readonly index: number
  readonly device: Device
  session: Session | undefined
  /** Given to `session` and not back yet, in order: the first one is being computed. */
  runs: PendingRun<PackedWork>[]
  /** When the session began with the run it computes, or last ended one; on the clock of `performance.now()`. */
  headSinceMs: number
  /** A run was given up by its caller, and the session may still compute it. */
  mayCompute: boolean
  /** When its last run ended, on the clock of `performance.now()`. */
  lastEndMs: number
  /** Sessions lost in this place, or not even opened, since the last run that succeeded in it. */
  lostInARow: number
}

export function newPlace(session: Session, index: number): Place {
  return {
    ...{ index, device: session.device, session, runs: [], mayCompute: false },
    ...{ headSinceMs: 0, lastEndMs: 0, lostInARow: 0 },
  }
}

/**
 * Runs that nobody waits for any more. Asked only where there may be one: statistics take 60 µs and leave garbage that
 * only a full collection removes (80 MB in 70,000 runs).
 */
export function runningIn(place: Place, session: Session): number {
  if (!place.mayCompute) return 0
  const { running } = session.stats()
  place.mayCompute = running > 0
  return running
}
