/** Windows of samples in, scores out: what turns a session that runs tensors into one that scores speech. */
import { SessionError } from '../errors'
import type { Device, FailedAttempt, RunOptions, SessionPool } from '../session'
import { onAbort } from '../abort-listeners'
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

/** How long a run of a model with a fixed batch waits to be filled: two or three clips are decoded in that time. */
const fillWaitMs = 15

/** Callers whose windows go into runs of the same size. */
interface Lane {
  readonly batch: number
  waiting: Waiting[]
  waitedLongEnough: boolean
  timer: NodeJS.Timeout | undefined
}

/** Scores windows one by one for its caller; for a model with a fixed batch, several callers share a run. */
export class WindowScorer {
  readonly #pool: SessionPool
  readonly #interface: ScoreInterface
  readonly #parallelRuns: number
  readonly #lanes = new Map<number, Lane>()
  #runs = 0

  /** `parallelRuns`: how many runs of the pool make progress at the same time. */
  constructor(pool: SessionPool, scoreInterface: ScoreInterface, parallelRuns: number) {
    this.#pool = pool
    this.#interface = scoreInterface
    this.#parallelRuns = parallelRuns
  }

  score(samples: Float32Array, options: WindowOptions = {}): Promise<ScoredWindow> {
    const { position, total, ...runOptions } = options
    const batch = batchOf(this.#interface.batches ?? [1], position, total)
    if (batch === 1) return this.#run([samples], runOptions).then(scores => scores[0]!)
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted()
      const lane = this.#lane(batch)
      lane.waiting.push(waitingCaller({ samples, position }, runOptions, resolve, reject))
      if (lane.timer === undefined) this.#startTimer(lane)
      this.#flush(lane)
    })
  }

  #lane(batch: number): Lane {
    let lane = this.#lanes.get(batch)
    if (lane === undefined) {
      lane = { batch, waiting: [], waitedLongEnough: false, timer: undefined }
      this.#lanes.set(batch, lane)
    }
    return lane
  }

  #startTimer(lane: Lane): void {
    lane.timer = setTimeout(() => {
      lane.waitedLongEnough = true
      this.#flush(lane)
    }, fillWaitMs)
  }

  /** Starts a full run, or one with rows to spare when its callers have waited and it would not wait itself. */
  #flush(lane: Lane): void {
    const { batch } = lane
    lane.waiting = lane.waiting.filter(({ isOpen }) => isOpen())
    const placed = rowsOf(lane.waiting, batch)
    const filled = placed.filter(caller => caller !== undefined)
    const isDue = lane.waitedLongEnough && this.#runs < this.#parallelRuns
    if (filled.length > 0 && filled.length < batch && !isDue) return
    // Callers without a place of their own are in the first rows, so a smaller run can hold them.
    const isFree = filled.every(({ position }) => position === undefined)
    const rows = isFree ? placed.slice(0, largestFitting(this.#interface.batches!, filled.length)) : placed
    const group = rows.filter(caller => caller !== undefined)
    lane.waiting = lane.waiting.filter(caller => !group.includes(caller))
    clearTimeout(lane.timer)
    lane.timer = undefined
    lane.waitedLongEnough = false
    if (group.length === 0) return
    // Callers whose row was taken begin to wait for the next run.
    if (lane.waiting.length > 0) this.#startTimer(lane)
    // One caller's time-out must not take the others' run with it, so the session gets the longest.
    const timeoutMs = Math.max(...group.map(caller => caller.timeoutMs ?? Infinity))
    this.#runs += 1
    const windows = rows.map(caller => caller?.samples)
    this.#run(windows, Number.isFinite(timeoutMs) ? { timeoutMs } : {})
      .then(
        scores => rows.forEach((caller, row) => caller?.resolve(scores[row]!)),
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
    const data = only ?? new Float32Array(batch * windowSamples)
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

/** The largest run that so many windows fill, or the smallest there is. A run takes as long as it has rows. */
const largestFitting = (batches: readonly number[], windows: number): number =>
  batches.findLast(size => size <= windows) ?? batches[0]!

/**
 * The size of the run that a window belongs to: the largest, and behind the last full one of those what fits in turn. It
 * depends on nothing but the window's place in its list, so that a part of the list scores as it does in the whole.
 */
function batchOf(
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

/** A run's callers by row: each row's first, and callers that do not mind in what is left. */
function rowsOf(callers: readonly Waiting[], batch: number): (Waiting | undefined)[] {
  const rows = Array.from<Waiting | undefined>({ length: batch })
  for (const caller of callers) {
    if (caller.position !== undefined) rows[caller.position % batch] ??= caller
  }
  const anywhere = callers.filter(({ position }) => position === undefined).values()
  return rows.map(caller => caller ?? anywhere.next().value)
}

/** Its own signal and time-out end the waiting of one caller; the run it shares goes on for the others. */
function waitingCaller(
  { samples, position }: Pick<Waiting, 'samples' | 'position'>,
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
    samples,
    position,
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
