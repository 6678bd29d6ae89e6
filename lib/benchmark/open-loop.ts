/** Load that does not wait for its answers: requests come at times fixed before, as callers of a service do. */
import { setImmediate as turnOfTheLoop, setTimeout as delay } from 'node:timers/promises'
import { ArgumentRangeError, ArgumentTypeError, assertKnownOptions, errorCode } from '../errors'
import { createPool, type Device, type SessionPool, type TimeSummary } from '../session'
import { checkCount } from '../session/arguments'
import { arrivalTimesMs, type ArrivalProcess } from './arrivals'
import { bytesOfInput } from './input-files'
import { releaseWithinMs } from './timed-session'
import { madeUpRequest } from './made-up-data'
import { checkBenchmarkOptions, isOffline, type BenchmarkOptions } from './options'
import { batchOf, chooseShapes } from './shapes'
import { figuresOf, type TimeFigures } from './statistics'
import { warmUp } from './warm-up'

export interface RateOptions extends Pick<
  BenchmarkOptions,
  | 'model'
  | 'devices'
  | 'sessionsPerDevice'
  | 'threads'
  | 'shape'
  | 'pureData'
  | 'libraryPath'
  | 'runTimeoutMs'
  | 'signal'
> {
  /** Requests a second on average, each a whole input of the model. */
  readonly perSecond: number
  /** Default `poisson`. */
  readonly arrivals?: ArrivalProcess
  /** How long requests arrive; default 30. What is waiting then is still answered. */
  readonly seconds?: number
  /** Of the arrivals; default 1. */
  readonly seed?: number
  /** Runs before anything counts, for each session; default 20. */
  readonly warmup?: number
  /** Requests that may wait for a session, and 256 MB of them in any case; one more is refused, and counted. Default 10,000. */
  readonly queueLimit?: number
  readonly onProgress?: (progress: { readonly done: number; readonly of: number }) => void
}

export interface RateBenchmark {
  /** What computed, each device once. */
  readonly devices: readonly Device[]
  readonly sessions: number
  readonly batchSize: number
  readonly arrivals: ArrivalProcess
  readonly seed: number
  /** Requests a second that were to arrive. */
  readonly perSecond: number
  /** Requests that were due. */
  readonly due: number
  readonly answered: number
  /** Turned away because `queueLimit` others were waiting. */
  readonly refused: number
  /** Answers a second, from the first arrival to the last answer. */
  readonly answersPerSecond: number
  /** From when a request was due to its answer: what was sent late counts from when it was due. */
  readonly responseMs: TimeFigures
  /** How long after it was due a request was sent: timers of Node know milliseconds. */
  readonly latenessMs: TimeFigures
  /** Computing alone, warm-up included, from a histogram that is exact to a thousandth. */
  readonly computeMs: TimeSummary | null
  /** The most requests at a time that were sent and not answered. */
  readonly mostOpen: number
  /** Requests without an answer when the last one was sent. */
  readonly openAtEnd: number
  /** More came than could be computed: requests were refused, or the queue grew to the end. */
  readonly isOverloaded: boolean
  /** False when the signal, or a run that failed, ended it early. */
  readonly complete: boolean
  /** What failed first; null where nothing did. */
  readonly stoppedBy: Error | null
}

const optionNames = [
  ...['model', 'devices', 'sessionsPerDevice', 'threads', 'shape', 'pureData', 'libraryPath'],
  ...['runTimeoutMs', 'signal', 'perSecond', 'arrivals', 'seconds', 'seed', 'warmup', 'queueLimit'],
  'onProgress',
]
/** The pool's own limit is not used: what is refused is decided here, by bytes as well. */
const mostQueued = 1_000_000
/** Their times are kept until the end, 8 bytes each. */
const mostRequests = 10_000_000

/**
 * Sends made-up inputs at a given rate, whether or not the answers to those before are there, and tells how long answers
 * take. A loop that waits for its answers hides every stall but for one request; here all that were due meanwhile show.
 *
 * @throws as `benchmark()`; ArgumentRangeError `INVALID_ARGUMENT` for rates and times that make no load or too much of it
 * @example
 * ```ts
 * const { responseMs, isOverloaded } = await benchmarkAtRate({ model: 'aasist.om', perSecond: 120 })
 * console.log(responseMs.p99Ms, isOverloaded)
 * ```
 */
export async function benchmarkAtRate(options: RateOptions): Promise<RateBenchmark> {
  assertKnownOptions(options, optionNames, 'benchmarkAtRate()')
  const {
    perSecond,
    arrivals = 'poisson',
    seconds = 30,
    seed = 1,
    warmup = 20,
    queueLimit = 10_000,
  } = options
  const { model, devices, sessionsPerDevice, threads, shape, pureData, libraryPath, runTimeoutMs } = options
  checkBenchmarkOptions({
    model,
    ...(devices && { devices }),
    ...(sessionsPerDevice !== undefined && { sessionsPerDevice }),
    ...(threads !== undefined && { threads }),
    ...(pureData && { pureData }),
    ...(runTimeoutMs !== undefined && { runTimeoutMs }),
    warmup,
  })
  checkLoad(options)
  checkCount('queueLimit', queueLimit, { least: 0, most: 1_000_000 })
  const { signal } = options
  const places = (devices ?? [0]).length * (sessionsPerDevice ?? 1)
  await using pool = await createPool(model, {
    device: isOffline(model) ? (devices ?? [0]) : 'cpu',
    sessions: isOffline(model) ? places : (sessionsPerDevice ?? 1),
    queueLimit: mostQueued,
    exitWaitMs: releaseWithinMs,
    ...(!isOffline(model) && { threadsPerSession: threads ?? 1 }),
    ...(libraryPath !== undefined && { libraryPath }),
    ...(runTimeoutMs !== undefined && { runTimeoutMs }),
    ...(signal && { signal }),
  })
  const choice = shape ?? { kind: 'as the model says' }
  const shapes = chooseShapes(pool.inputMetadata, choice)
  const { feeds } = await madeUpRequest(shapes, pureData ?? 'zero').at(0)
  // The pool gives each run to a session that is free: all of them get as many.
  await Promise.all(
    Array.from({ length: pool.stats().sessions }, () =>
      warmUp([{ session: pool, timesMs: () => [] }], feeds, warmup, signal ? { signal } : {}),
    ),
  )
  const dueMs = arrivalTimesMs(arrivals, { perSecond, seconds, seed })
  if (dueMs.length === 0) {
    throw new ArgumentRangeError(`${perSecond} a second for ${seconds} s are no request: take more of both`, {
      option: 'seconds',
    })
  }
  const bytes = shapes.reduce((sum, each) => sum + bytesOfInput(each), 0)
  const limit = Math.min(queueLimit, Math.floor(mostWaitingBytes / Math.max(1, bytes)))
  const load = new Load(pool, { dueMs, mostOpen: limit + pool.stats().sessions }, options)
  const measured = await load.run(feeds)
  return {
    devices: pool.devices,
    sessions: pool.stats().sessions,
    batchSize: batchOf(shapes, choice),
    ...{ arrivals, seed, perSecond },
    ...measured,
    computeMs: pool.stats().executeMs,
  }
}

function checkLoad({ perSecond, seconds = 30, arrivals, seed = 1 }: RateOptions): void {
  for (const [name, value] of [
    ['perSecond', perSecond],
    ['seconds', seconds],
  ] as const) {
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) continue
    throw new ArgumentRangeError(`${name} is ${String(value)}; it must be a number above 0`, { option: name })
  }
  if (perSecond * seconds > mostRequests) {
    throw new ArgumentRangeError(
      `${perSecond} requests a second for ${seconds} s are more than ${mostRequests}: shorten the time`,
      { option: 'seconds' },
    )
  }
  if (arrivals !== undefined && !['poisson', 'even'].includes(arrivals)) {
    throw new ArgumentTypeError(`arrivals is ${arrivals as string}; it must be poisson or even`, {
      option: 'arrivals',
    })
  }
  checkCount('seed', seed, { least: 0, most: 2 ** 31 - 1 })
}

type Measured = Pick<
  RateBenchmark,
  | 'due'
  | 'answered'
  | 'refused'
  | 'answersPerSecond'
  | 'responseMs'
  | 'latenessMs'
  | 'mostOpen'
  | 'openAtEnd'
  | 'isOverloaded'
  | 'complete'
  | 'stoppedBy'
>

/** A burst of Poisson arrivals leaves as many waiting for a moment. */
const waitingWithoutOverload = 20
/** Of the requests: where more of them wait at the end, more came than went. */
const waitingShare = 0.01
/** What waits is a copy of the inputs each. */
const mostWaitingBytes = 2 ** 28
/** How long requests that are late may be sent without looking whether answers are there, or a Ctrl-C. */
const longestTurnMs = 5

/** Requests on their way. */
class Load {
  readonly #pool: SessionPool
  readonly #dueMs: Float64Array
  /** Requests that may be open. */
  readonly #limit: number
  readonly #options: RateOptions
  readonly #responses: number[] = []
  readonly #lateness: number[] = []
  readonly #ending = new AbortController()
  #open = 0
  #mostOpen = 0
  #refused = 0
  #lastAnswerMs = 0
  #turnAtMs = 0
  #stoppedBy: Error | null = null

  constructor(
    pool: SessionPool,
    { dueMs, mostOpen }: { readonly dueMs: Float64Array; readonly mostOpen: number },
    options: RateOptions,
  ) {
    this.#pool = pool
    this.#dueMs = dueMs
    this.#limit = mostOpen
    this.#options = options
  }

  async run(feeds: Parameters<SessionPool['run']>[0]): Promise<Measured> {
    const { signal, onProgress } = this.#options
    const stop = AbortSignal.any([this.#ending.signal, ...(signal ? [signal] : [])])
    const pending = new Set<Promise<void>>()
    const beganAtMs = performance.now()
    let sent = 0
    for (const due of this.#dueMs) {
      await this.#until(beganAtMs + due, stop)
      if (stop.aborted) break
      sent += 1
      this.#lateness.push(performance.now() - beganAtMs - due)
      if (this.#open >= this.#limit) {
        this.#refused += 1
        continue
      }
      this.#open += 1
      this.#mostOpen = Math.max(this.#mostOpen, this.#open)
      const answer = this.#send(feeds, beganAtMs + due, stop)
      pending.add(answer)
      void answer.finally(() => pending.delete(answer))
      onProgress?.({ done: this.#responses.length, of: this.#dueMs.length })
    }
    const openAtEnd = this.#open
    const waiting = openAtEnd - this.#pool.stats().sessions
    await Promise.all(pending)
    const due = this.#dueMs.length
    const answered = this.#responses.length
    const lastsMs = this.#lastAnswerMs - beganAtMs - (this.#dueMs[0] ?? 0)
    const grown = waiting > Math.max(waitingWithoutOverload, waitingShare * sent)
    return {
      due,
      answered,
      refused: this.#refused,
      answersPerSecond: answered > 0 ? (1000 * answered) / lastsMs : 0,
      responseMs: figuresOf(this.#responses),
      latenessMs: figuresOf(this.#lateness),
      mostOpen: this.#mostOpen,
      openAtEnd,
      isOverloaded: this.#refused > 0 || grown,
      complete: sent === due && answered + this.#refused === due,
      stoppedBy: this.#stoppedBy,
    }
  }

  /** Returns at once where it is late already: such requests are sent one behind the other. */
  async #until(atMs: number, signal: AbortSignal): Promise<void> {
    const aheadMs = atMs - performance.now()
    if (aheadMs <= 0 && performance.now() - this.#turnAtMs < longestTurnMs) return
    if (aheadMs > 0) await delay(aheadMs, undefined, { signal }).catch(() => undefined)
    // A timer may fire up to a millisecond early.
    do await turnOfTheLoop()
    while (performance.now() < atMs && !signal.aborted)
    this.#turnAtMs = performance.now()
  }

  async #send(feeds: Parameters<SessionPool['run']>[0], dueAtMs: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#pool.run(feeds, undefined, { signal })
      this.#lastAnswerMs = performance.now()
      this.#responses.push(this.#lastAnswerMs - dueAtMs)
    } catch (error) {
      if (errorCode(error) === 'QUEUE_FULL') this.#refused += 1
      else if (!signal.aborted) {
        this.#stoppedBy = error instanceof Error ? error : new Error(String(error))
        this.#ending.abort()
      }
    } finally {
      this.#open -= 1
    }
  }
}
