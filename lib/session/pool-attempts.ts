/** On which devices the runs of a pool failed, and what that says about trying them again. */
import { SessionError } from '../errors'
import type { Device } from './session'

/** A run that was begun, and failed for a reason that lies with the device. */
export interface FailedAttempt {
  readonly device: Device
  readonly error: Error
}

/** The session is gone, for no fault of the run. */
const lostCodes: ReadonlySet<string> = new Set(['SESSION_FAULTED', 'ACL_DEVICE_FAULT'])

/** So close to its caller's own deadline, a run that is out of time says nothing about the device. */
const nearlyDueMs = 5

/** Names a device among those of one pool. */
export const deviceName = (device: Device): string => (device.kind === 'cpu' ? 'cpu' : `npu ${device.id}`)

/**
 * - `not begun`: the session was lost before it came to the run.
 * - `lost`: with the session that computed it.
 * - `late`: an NPU did not end it in time. On the CPU, where a process computes, the time is the run's own doing.
 * - `own`: another session would have done no better, or nobody waits any more.
 */
export type Failure = 'not begun' | 'lost' | 'late' | 'own'

/** `deadlineMs`: until when the caller waits, on the clock of `performance.now()`. */
export function failureOf(error: unknown, device: Device, deadlineMs: number | undefined): Failure {
  if (!(error instanceof SessionError)) return 'own'
  if (lostCodes.has(error.code)) return error.detail['started'] === false ? 'not begun' : 'lost'
  const isDue = deadlineMs !== undefined && performance.now() > deadlineMs - nearlyDueMs
  return error.code === 'RUN_TIMEOUT' && device.kind === 'npu' && !isDue ? 'late' : 'own'
}

export function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new SessionError('RUN_FAILED', String(cause))
}

/** A session words it for those who set a `timeoutMs` with `run()`. */
export function tookTooLong(error: unknown, runTimeoutMs: number | undefined): SessionError | undefined {
  if (runTimeoutMs === undefined || !(error instanceof SessionError) || error.code !== 'RUN_TIMEOUT') return
  if (error.detail['timeoutMs'] !== runTimeoutMs) return
  return new SessionError(
    'RUN_TIMEOUT',
    `the model took longer than ${runTimeoutMs} ms for one run, which is the most that was allowed`,
    { runTimeoutMs },
  )
}

/** Of each run that is open, and of its result when it has one. */
export class Attempts {
  readonly #failed = new WeakMap<object, readonly FailedAttempt[]>()

  /** Of a run, of its outputs or of the error it rejected with. */
  of(subject: object): readonly FailedAttempt[] {
    return this.#failed.get(subject) ?? []
  }

  add(run: object, attempt: FailedAttempt): void {
    this.#failed.set(run, [...this.of(run), attempt])
  }

  /** From a run to its outcome. */
  handOver(run: object, outcome: object): void {
    const attempts = this.#failed.get(run)
    if (attempts !== undefined) this.#failed.set(outcome, attempts)
  }
}
