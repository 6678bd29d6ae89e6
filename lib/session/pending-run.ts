/** One accepted run from the caller's side: its promise, its deadline, its signal, and what it adds to the counters. */
import { SessionError } from '../errors'
import { onAbort } from '../abort-listeners'
import { poolRuns, sessionRuns, type ObservedRun } from './diagnostics'
import type { RunOptions } from './session'
import type { RunRecorder, StageTimes } from './session-stats'
import type { Outputs } from './tensor'

export type GaveUp = 'aborted' | 'timed out'

export interface PendingRunOptions<Work> {
  /** Where the run was on its way already: its number, and `performance.now()` when it was accepted. */
  readonly sent?: { readonly id: number; readonly acceptedAtMs: number }
  /** What is to be computed, as the back end wants it. */
  readonly work: Work
  readonly options: RunOptions
  readonly recorder: RunRecorder
  /** Where somebody listens. */
  readonly observed?: ObservedRun | undefined
  /**
   * The time is up; timers come before arrivals in a turn of the event loop, and after a long turn the results may be
   * there already: the moment to fetch them.
   */
  readonly onDue?: () => void
  /** The caller no longer waits. `timed out` also comes for a run that was aborted before its time was up. */
  readonly onGiveUp: (run: PendingRun<Work>, why: GaveUp) => void
}

interface Settle {
  readonly resolve: (outputs: Outputs) => void
  readonly reject: (reason: unknown) => void
}

/** `callSite` and the constructor. */
const OWN_FRAMES = 2
/** A microsecond a frame, in every run: these lead to the caller, and to its callers. */
const MOST_FRAMES = OWN_FRAMES + 5
/** Those of node:diagnostics_channel and ours around it, of a pool and of its session. */
const OBSERVING_FRAMES = 10

/** Where a run was asked for, should it fail. */
function callSite(): Error {
  const { stackTraceLimit } = Error
  const isObserved = sessionRuns.hasSubscribers || poolRuns.hasSubscribers
  const most = isObserved ? MOST_FRAMES + OBSERVING_FRAMES : MOST_FRAMES
  if (stackTraceLimit > most) Error.stackTraceLimit = most
  const error = new Error()
  Error.stackTraceLimit = stackTraceLimit
  return error
}

let lastId = 0

/** Runs are numbered in the order they are made. */
export function nextRunId(): number {
  return ++lastId
}

export class PendingRun<Work> {
  readonly id: number
  readonly work: Work
  readonly promise: Promise<Outputs>
  readonly #recorder: RunRecorder
  readonly #observed: ObservedRun | undefined
  readonly #acceptedAtMs: number
  readonly #callSite: Error
  #settle: Settle | undefined
  #timer: NodeJS.Timeout | undefined
  #unsubscribe: (() => void) | undefined
  #forgotten = false

  constructor({ sent, work, options, recorder, observed, onDue, onGiveUp }: PendingRunOptions<Work>) {
    this.#callSite = callSite()
    this.id = sent?.id ?? nextRunId()
    this.#acceptedAtMs = sent?.acceptedAtMs ?? performance.now()
    this.work = work
    this.#recorder = recorder
    this.#observed = observed
    this.promise = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    const { signal, timeoutMs } = options
    if (signal !== undefined) {
      this.#unsubscribe = onAbort(signal, () => {
        const settle = this.#take('cancelled')
        if (settle === undefined) return
        settle.reject(signal.reason)
        onGiveUp(this, 'aborted')
      })
    }
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => {
        onDue?.()
        if (this.#forgotten) return
        this.fail(
          new SessionError(
            'RUN_TIMEOUT',
            `the run took longer than its timeoutMs of ${Number(timeoutMs.toFixed(1))} ms, waiting included`,
            {
              timeoutMs,
            },
          ),
        )
        onGiveUp(this, 'timed out')
      }, timeoutMs)
    }
  }

  /** Whether the caller still waits. */
  get waitedFor(): boolean {
    return this.#settle !== undefined
  }

  /** How long its parts took, as its back end has measured. */
  took(times: StageTimes): void {
    this.#recorder.stages.record(times)
    this.#observed?.took(times)
  }

  succeed(outputs: Outputs): void {
    const settle = this.#take('done')
    if (settle === undefined) return
    this.#recorder.latency.record(performance.now() - this.#acceptedAtMs)
    settle.resolve(outputs)
  }

  fail(error: Error): void {
    const settle = this.#take('failed')
    if (settle === undefined) return
    // A reply arrives on an empty stack; the caller can act on the place that called `run`.
    const frames = this.#callSite.stack?.split('\n').slice(1 + OWN_FRAMES) ?? []
    error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n')
    settle.reject(error)
  }

  /** Nothing will come of this run any more: drops its timer and its listener. */
  forget(): void {
    this.#forgotten = true
    clearTimeout(this.#timer)
    this.#unsubscribe?.()
  }

  #take(outcome: 'done' | 'failed' | 'cancelled'): Settle | undefined {
    const settle = this.#settle
    if (settle === undefined) return undefined
    this.#settle = undefined
    this.#recorder[outcome] += 1
    this.#unsubscribe?.()
    // A run in flight is still watched for its deadline, but that must not keep the process alive.
    this.#timer?.unref()
    return settle
  }
}
