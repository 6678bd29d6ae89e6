/** Windows of samples in, scores out: what turns a session that runs tensors into one that scores speech. */
import { SessionError } from '../errors'
import type { Device, FailedAttempt, RunOptions, SessionPool } from '../session'
import { onAbort } from '../abort-listeners'
import { batchInList, RunTimes } from './batch-choice'
import type { ScoreInterface } from './score-interface'

export interface WindowOptions extends RunOptions {
  /** The row of a fixed batch, modulo its size; by default the next free one. Equal windows in one row have equal scores. */
  readonly position?: number | undefined
  /** How many windows there are, all positions taken together; behind the last full run smaller gears are used then. */
  readonly total?: number | undefined
}

/** A caller whose window waits to share a run, or shares one. */
interface Waiting {
  readonly samples: Float32Array
  readonly position: number | undefined
  /** Until when it waits for others, on the clock of `performance.now()`. */
  readonly dueAtMs: number
  readonly timeoutMs: number | undefined
  /** False once the caller has its score, or no longer waits for it. */
  isOpen: () => boolean
  resolve: (score: ScoredWindow) => void
  reject: (error: unknown) => void
}

/** What a window scored, and what computed that. */
export interface ScoredWindow {
  /** `logits[:, 1]`: higher means more bona fide. */
  readonly score: number
  readonly device: Device
  /** Devices on which it failed before. */
  readonly failedOver: readonly FailedAttempt[]
}

/** Those of a list are on their way: two or three clips are decoded in that time. */
const listWaitMs = 15

/**
 * For callers of their own: with Poisson arrivals at 10 to 90 % of what runs of 8 in 47 ms or in 16 ms can do, the median is
 * within 2 ms of the best one (bench/batch-wait.ts). While every session computes, callers gather anyway.
 */
export const defaultBatchWaitMs = 5

/** Callers whose windows go into runs of the same size, in the order they came. */
interface Lane {
  readonly batch: number
  waiting: Waiting[]
  timer: NodeJS.Timeout | undefined
}

export interface WindowScorerOptions {
  /** How many runs of the pool make progress at the same time. */
  readonly parallelRuns: number
  /** How long a window without a position may wait for others beside an idle session; default {@link defaultBatchWaitMs}. */
  readonly batchWaitMs?: number | undefined
}

/**
 * Scores windows one by one for its caller; on a model whose runs hold several, callers share them. A full run starts at
 * once. One that is not full starts when its first caller has waited and a session is idle: behind a busy one it would
 * only keep out those who are still to come.
 */
export class WindowScorer {
  readonly #pool: SessionPool
  readonly #interface: ScoreInterface
  readonly #parallelRuns: number
  readonly #batchWaitMs: number
  readonly #lanes = new Map<number, Lane>()
  readonly #runTimes = new RunTimes()
  #runs = 0

  constructor(
    pool: SessionPool,
    scoreInterface: ScoreInterface,
    { parallelRuns, batchWaitMs = defaultBatchWaitMs }: WindowScorerOptions,
  ) {
    this.#pool = pool
    this.#interface = scoreInterface
    this.#parallelRuns = parallelRuns
    this.#batchWaitMs = batchWaitMs
  }

  score(samples: Float32Array, options: WindowOptions = {}): Promise<ScoredWindow> {
    const { position, total, ...runOptions } = options
    const batch = batchInList(this.#interface.batches ?? [1], position, total)
    if (batch === 1) return this.#run([samples], runOptions).then(scores => scores[0]!)
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted()
      const lane = this.#lane(batch)
      const dueAtMs = performance.now() + (position === undefined ? this.#batchWaitMs : listWaitMs)
      lane.waiting.push(waitingCaller({ samples, position, dueAtMs }, runOptions, resolve, reject))
      this.#flush(lane)
    })
  }

  #lane(batch: number): Lane {
    let lane = this.#lanes.get(batch)
    if (lane === undefined) {
      lane = { batch, waiting: [], timer: undefined }
      this.#lanes.set(batch, lane)
    }
    return lane
  }

  #flush(lane: Lane): void {
    clearTimeout(lane.timer)
    lane.timer = undefined
    for (;;) {
      lane.waiting = lane.waiting.filter(({ isOpen }) => isOpen())
      if (lane.waiting.length === 0) return
      const rows = rowsOf(lane.waiting, lane.batch)
      const isFull = rows.every(caller => caller !== undefined)
      if (isFull) {
        this.#start(lane, rows)
        continue
      }
      // The end of a run comes by here.
      if (this.#runs >= this.#parallelRuns) return
      const waitMs = Math.min(...lane.waiting.map(({ dueAtMs }) => dueAtMs)) - performance.now()
      if (waitMs > 0) {
        // Timers keep whole milliseconds, and one that comes early would be set once more.
        lane.timer = setTimeout(() => this.#flush(lane), Math.ceil(waitMs))
        return
      }
      this.#start(lane, this.#smallerRun(rows))
    }
  }

  /** Callers without a place of their own are in the first rows, so a smaller run can hold them. */
  #smallerRun(rows: Rows): Rows {
    const callers = rows.filter(caller => caller !== undefined)
    if (callers.some(({ position }) => position !== undefined)) return rows
    return rows.slice(0, this.#runTimes.choose(this.#interface.batches!, callers.length))
  }

  #start(lane: Lane, rows: Rows): void {
    const group = rows.filter(caller => caller !== undefined)
    lane.waiting = lane.waiting.filter(caller => !group.includes(caller))
    // One caller's time-out must not take the others' run with it, so the session gets the longest.
    const timeoutMs = Math.max(...group.map(caller => caller.timeoutMs ?? Infinity))
    const isBegunAtOnce = this.#runs < this.#parallelRuns
    const startedAtMs = performance.now()
    this.#runs += 1
    const windows = rows.map(caller => caller?.samples)
    this.#run(windows, Number.isFinite(timeoutMs) ? { timeoutMs } : {})
      .then(
        scores => {
          if (isBegunAtOnce) this.#runTimes.learn(rows.length, performance.now() - startedAtMs)
          rows.forEach((caller, row) => caller?.resolve(scores[row]!))
        },
        (error: unknown) => group.forEach(({ reject }) => reject(error)),
      )
      .finally(() => {
        this.#runs -= 1
        for (const each of this.#lanes.values()) this.#flush(each)
      })
  }

  /** A window for each row; those nobody asked for may be missing. */
  async #run(windows: readonly (Float32Array | undefined)[], options: RunOptions): Promise<ScoredWindow[]> {
    const { input, output, windowSamples } = this.#interface
    const batch = windows.length
    const only = batch === 1 ? windows[0] : undefined
    const data = only ?? unwritten(batch * windowSamples)
    if (only === undefined) {
      // Empty rows repeat another one: zeros would be another clip to compute, and could be slower.
      const filler = windows.find(window => window !== undefined)!
      for (const [row, window] of windows.entries()) data.set(window ?? filler, row * windowSamples)
    }
    const feeds = { [input]: { type: 'float32', dims: [batch, windowSamples], data } } as const
    const outputs = await this.#pool.runGivenAway(feeds, [output], options)
    const logits = outputs[output]!.data as Float32Array
    const device = this.#pool.deviceOf(outputs)!
    const failedOver = this.#pool.failedAttempts(outputs)
    return windows.map((_, row) => ({ score: logits[2 * row + 1]!, device, failedOver }))
  }
}

/** Zeros would be written for nothing; `Slow` memory is never part of a pool. */
const unwritten = (samples: number): Float32Array =>
  new Float32Array(Buffer.allocUnsafeSlow(samples * Float32Array.BYTES_PER_ELEMENT).buffer)

/** The callers of a run by row; those nobody asked for are missing. */
type Rows = readonly (Waiting | undefined)[]

/** A run's callers by row: each row's first, and callers that do not mind in what is left. */
function rowsOf(callers: readonly Waiting[], batch: number): Rows {
  const rows = Array.from<Waiting | undefined>({ length: batch })
  for (const caller of callers) {
    if (caller.position !== undefined) rows[caller.position % batch] ??= caller
  }
  const anywhere = callers.filter(({ position }) => position === undefined).values()
  return rows.map(caller => caller ?? anywhere.next().value)
}

/** Its own signal and time-out end the waiting of one caller; the run it shares goes on for the others. */
function waitingCaller(
  given: Pick<Waiting, 'samples' | 'position' | 'dueAtMs'>,
  { signal, timeoutMs }: RunOptions,
  resolve: (score: ScoredWindow) => void,
  reject: (error: unknown) => void,
): Waiting {
  let open = true
  const settle = (act: () => void): void => {
    if (!open) return
    open = false
    clearTimeout(timer)
    unsubscribe?.()
    act()
  }
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => settle(() => reject(timedOut(timeoutMs))), timeoutMs)
  const unsubscribe = signal && onAbort(signal, () => settle(() => reject(signal.reason)))
  return {
    ...given,
    timeoutMs,
    isOpen: () => open,
    resolve: score => settle(() => resolve(score)),
    reject: error => settle(() => reject(error)),
  }
}

function timedOut(timeoutMs: number): SessionError {
  return new SessionError(
    'RUN_TIMEOUT',
    `the run took longer than its timeoutMs of ${Number(timeoutMs.toFixed(1))} ms, waiting included`,
    { timeoutMs },
  )
}
