/** The one interface in front of every back end. Member names are onnxruntime-common's `InferenceSession`. */
import type { Feeds, Outputs, TensorMetadata } from './tensor'

/** What a session computes on. */
export type Device =
  | {
      readonly kind: 'cpu'
      readonly threads: number
      /** Why it is no NPU, where `auto` looked for one. */
      readonly reason?: string
    }
  | { readonly kind: 'npu'; readonly id: number; readonly socName: string }

export interface RunOptions {
  /**
   * Work that has not begun is dropped at once; a run that has begun cannot be stopped, its result is discarded.
   * Either way the promise rejects at once with `signal.reason`.
   */
  readonly signal?: AbortSignal
  /** Milliseconds for waiting and running together; then `RUN_TIMEOUT`. Above 0, at most 2,147,483,647. */
  readonly timeoutMs?: number
}

/** Milliseconds over all samples so far; quantiles are exact to three digits. */
export interface TimeSummary {
  readonly count: number
  readonly min: number
  readonly mean: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** Counters since the session was created, and times of the runs that succeeded (null before the first). */
export interface SessionStats {
  /** `faulted` sessions reject every run with `SESSION_FAULTED`. */
  readonly state: 'ready' | 'faulted' | 'released'
  /** Accepted runs that have not begun. */
  readonly queued: number
  /** Runs being computed, among them those whose caller stopped waiting. */
  readonly running: number
  /** Runs that gave their result to the caller. */
  readonly done: number
  /** Runs that rejected for any reason but the caller's own `signal`. Refused ones (bad input, full queue) do not count. */
  readonly failed: number
  /** Runs given up through `signal`. */
  readonly cancelled: number
  /** From `run()` to its result: waiting, copying and computing. */
  readonly latencyMs: TimeSummary | null
  /** Computing alone, measured where it happens. */
  readonly executeMs: TimeSummary | null
  /** Waiting in the session, from being accepted to being computed, without the copies; null where nobody measures it. */
  readonly queueMs: TimeSummary | null
  /** Copies to a device with memory of its own; null where there is none. */
  readonly copyInMs: TimeSummary | null
  /** Copies back from such a device. */
  readonly copyOutMs: TimeSummary | null
  /** Copies both ways, by run. */
  readonly copyMs: TimeSummary | null
}

/**
 * Something that runs one model. Any number of calls may be open at once; they are done in the order they were made.
 *
 * @example
 * ```ts
 * await using session = await createSession('model.onnx')
 * const outputs = await session.run({ x: { type: 'float32', dims: [1, 3], data: Float32Array.of(1, 2, 3) } })
 * ```
 */
export interface Session extends AsyncDisposable {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  readonly inputMetadata: readonly TensorMetadata[]
  readonly outputMetadata: readonly TensorMetadata[]
  readonly device: Device
  /**
   * Computes the outputs named in `fetches` (all of them by default). Inputs are copied before `run` returns, so the
   * caller may reuse its arrays at once, and its buffers are never detached.
   *
   * Every mistake rejects, none throws: `INPUT_MISSING`, `INPUT_TYPE`, `INPUT_SHAPE`, `OUTPUT_UNKNOWN`,
   * `INVALID_ARGUMENT`, `UNKNOWN_OPTION`, `QUEUE_FULL`, `RUN_FAILED`, `RUN_TIMEOUT`, `ACL_OUT_OF_MEMORY`,
   * `ACL_DEVICE_FAULT`, `SESSION_FAULTED`, `SESSION_RELEASED`, or the signal's own reason.
   */
  run(feeds: Feeds, fetches?: readonly string[], options?: RunOptions): Promise<Outputs>
  stats(): SessionStats
  /** Lets the run in progress end, rejects those that have not begun with `SESSION_RELEASED`. May be called again. */
  release(): Promise<void>
}
