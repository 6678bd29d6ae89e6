import { ArgumentTypeError } from '../errors'
import { checkLibraryPath } from './acl-options'
import { checkCount, checkOptionKeys, checkSignal, checkTimeout } from './arguments'
import type { ModelSource, SessionOptions } from './create-session'
import { checkDevices } from './devices'
import type { DeviceChoice } from './devices'
import type { Device } from './session'

export interface FailoverEvent {
  /** Which of the pool's places the session held, from 0. */
  readonly place: number
  /** What that place computes on. */
  readonly device: Device
  /**
   * `SESSION_FAULTED`, or `RUN_TIMEOUT` when a run past its `timeoutMs` was ended with its process; where the last
   * replacement could not be opened, the error of `createSession`, such as `MODEL_NOT_FOUND`.
   */
  readonly error: Error
  /** `given up`: the place stays empty, because replacements broke down or could not be opened either. */
  readonly replacement: 'starting' | 'given up'
}

export interface PoolOptions extends Pick<
  SessionOptions,
  'isolation' | 'graphOptimization' | 'memory' | 'exitWaitMs' | 'libraryPath' | 'outputBytes' | 'signal'
> {
  /**
   * `auto` (default) takes NPUs for an offline model and the CPU for an ONNX one, `npu` every NPU there is; numbers are
   * NPUs' device ids. `npu+cpu`: every NPU and sessions on the CPU beside them, for a model given as `{ om, onnx }`; who
   * is free takes the next run, but none is begun on the CPU that the NPUs would finish sooner.
   */
  readonly device?: 'auto' | 'cpu' | 'npu' | 'npu+cpu' | number | readonly number[]
  /**
   * Default on the CPU: the CPUs this process may use, divided by `threadsPerSession`. On NPUs: one each; several
   * sessions are spread over the NPUs in turn. With `npu+cpu` those on the CPU, by default one CPU less. At most 1,024; on the CPU 4 a CPU, and 32 in any case.
   */
  readonly sessions?: number
  /** CPU only: default 1, because several one-thread sessions finish more runs a second than one with several threads. */
  readonly threadsPerSession?: number
  /**
   * Milliseconds a session may take for one run, then `RUN_TIMEOUT`; default: no limit. Other than `timeoutMs` of
   * `run()` it leaves waiting out: the clock starts when a session begins. For that no run is sent ahead to a busy
   * session. Above 0, at most 2,147,483,647.
   */
  readonly runTimeoutMs?: number
  /** Runs that may wait for a free session, over all sessions; default 256. One more rejects with `QUEUE_FULL`. */
  readonly queueLimit?: number
  /**
   * A session was lost, and the run it was computing is tried once more on another one; or, after that, no replacement
   * could be opened (`given up`).
   */
  readonly onFailover?: (event: FailoverEvent) => void
}

const poolOptionNames = [
  'device',
  'isolation',
  'graphOptimization',
  'memory',
  'exitWaitMs',
  'libraryPath',
  'outputBytes',
  'signal',
  'sessions',
  'threadsPerSession',
  'runTimeoutMs',
  'queueLimit',
  'onFailover',
] as const satisfies readonly (keyof PoolOptions)[]

export interface PoolSettings {
  readonly sessions: number | undefined
  readonly threadsPerSession: number
  readonly devices: DeviceChoice
  readonly libraryPath: string
  readonly runTimeoutMs: number | undefined
  readonly queueLimit: number
  readonly onFailover: ((event: FailoverEvent) => void) | undefined
  readonly signal: AbortSignal | undefined
  readonly sessionOptions: SessionOptions
}

/** @throws ArgumentTypeError, ArgumentRangeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION` */
export function checkPoolOptions(options: PoolOptions): PoolSettings {
  checkOptionKeys(options, poolOptionNames, 'createPool()')
  const {
    device,
    sessions,
    threadsPerSession = 1,
    runTimeoutMs,
    queueLimit = 256,
    onFailover,
    signal,
    ...sessionOptions
  } = options
  const limits = { least: 1, most: 1024 }
  const threads = checkCount('threadsPerSession', threadsPerSession, limits)
  if (onFailover !== undefined && typeof onFailover !== 'function') {
    throw new ArgumentTypeError('onFailover must be a function')
  }
  return {
    sessions: sessions === undefined ? undefined : checkCount('sessions', sessions, limits),
    threadsPerSession: threads,
    devices: checkDevices(device),
    libraryPath: checkLibraryPath(options.libraryPath),
    runTimeoutMs: runTimeoutMs === undefined ? undefined : checkTimeout('runTimeoutMs', runTimeoutMs),
    queueLimit: checkCount('queueLimit', queueLimit, { least: 0, most: 1_000_000 }),
    onFailover,
    signal: checkSignal(signal),
    sessionOptions: { ...sessionOptions, threads },
  }
}

/** What replacements are opened from: the caller's bytes may change once the pool stands. */
export function copyModel(model: ModelSource): ModelSource {
  if (typeof model === 'string') return model
  if (ArrayBuffer.isView(model)) return Uint8Array.from(model)
  const copy = (form: string | Uint8Array | undefined): string | Uint8Array | undefined =>
    typeof form === 'object' ? Uint8Array.from(form) : form
  const [om, onnx] = [copy(model.om), copy(model.onnx)]
  return { ...(om !== undefined && { om }), ...(onnx !== undefined && { onnx }) }
}
