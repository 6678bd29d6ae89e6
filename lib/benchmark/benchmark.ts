/** Pure inference: how long a model computes, and how many inputs a second that makes. */
import { EventEmitter, once } from 'node:events'
import { ArgumentTypeError } from '../errors'
import type { Device, Session } from '../session'
import { runClosedLoop } from './closed-loop'
import { requestsOfFiles, requestsOfShapedFiles } from './input-files'
import { openTimedSession, type TimedSession } from './timed-session'
import { madeUpRequest } from './made-up-data'
import { checkBenchmarkOptions, isOffline, type BenchmarkOptions } from './options'
import { writeOutputs, type SampleFiles } from './output-files'
import type { RequestSource } from './requests'
import type { Sample } from './sample-log'
import { batchOf, chooseShapes, type ShapeChoice } from './shapes'
import { coveredMs, figuresOf, type Interval, type TimeFigures } from './statistics'
import { warmUp, type WarmedUp } from './warm-up'

/** How files are put together, in bytes where sizes are meant. */
export interface FilesPerRun {
  readonly fileBytes: number
  readonly inputBytes: number
  readonly filesPerRun: number
  /** Without the repetitions of `loop`. */
  readonly runs: number
}

export type BenchmarkEvent =
  | { readonly kind: 'opened'; readonly device: Device; readonly batchSize: number; readonly runs: number }
  /** Several files make one run of a model with a batch: how they are put together. */
  | { readonly kind: 'files'; readonly device: Device; readonly files: FilesPerRun }
  | ({ readonly kind: 'warm'; readonly device: Device } & WarmedUp)
  | { readonly kind: 'progress'; readonly device: Device; readonly done: number; readonly runs: number }

/** What one device did. */
export interface DeviceBenchmark {
  readonly device: Device
  readonly batchSize: number
  /** Computing alone, measured where it happens; no copies. */
  readonly computeMs: TimeFigures
  /** Null where there is no memory but the host's. */
  readonly copyInMs: TimeFigures | null
  readonly copyOutMs: TimeFigures | null
  /** How long each run computed, in the order they ended. */
  readonly computeTimesMs: readonly number[]
  /** When each run computed, in milliseconds on the machine's monotonic clock, in the order they ended. */
  readonly computeIntervals: readonly Interval[]
  /** Mean time a run takes of the device: with several sessions their overlap counts once. */
  readonly meanMs: number
  /** Inputs a second while it computes: 1000 × batch size / mean. */
  readonly throughput: number
  /** Inputs a second from the first run's beginning to the last one's end, with all that goes on between them. */
  readonly wallThroughput: number
  readonly startedAt: Date
  readonly endedAt: Date
  /** Ascending by number; empty without `output`. */
  readonly files: readonly SampleFiles[]
  /** False when the signal ended it before all runs were done. */
  readonly complete: boolean
}

export interface Benchmark {
  readonly devices: readonly DeviceBenchmark[]
  /** Of all devices together. */
  readonly throughput: number
  /** False when the signal, or a run that took longer than `runTimeoutMs`, ended it before all runs were done. */
  readonly complete: boolean
  /** `RUN_TIMEOUT`; null where no run took too long. */
  readonly stoppedBy: Error | null
}

/** Two buffer sets in the session, and one more whose inputs are on their way. */
const runsInFlight = 3

/**
 * Runs a model on made-up data or files and measures it. Times are those of ais_bench: around the execution of the model,
 * without copies, on a monotonic clock.
 *
 * @throws SessionError and ModelError as `createSession()` does; DatasetError `DATASET_INVALID`, `OUTPUT_UNWRITABLE`;
 * SessionError `INPUT_SHAPE`, `INPUT_TYPE`; ArgumentTypeError, ArgumentRangeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`; the
 * signal's reason
 * @example
 * ```ts
 * const { devices } = await benchmark({ model: 'aasist.om', loop: 1000 })
 * console.log(devices[0]!.computeMs.p99Ms, devices[0]!.throughput)
 * ```
 */
export async function benchmark(options: BenchmarkOptions): Promise<Benchmark> {
  checkBenchmarkOptions(options)
  const devices: readonly (number | 'cpu')[] = options.devices ?? [isOffline(options.model) ? 0 : 'cpu']
  const failed = new AbortController()
  const lateOnes: Error[] = []
  const start = new Start(devices.length)
  const signal = AbortSignal.any([failed.signal, ...(options.signal === undefined ? [] : [options.signal])])
  const done = await Promise.allSettled(
    devices.map(async (device, place) => {
      try {
        const { result, late } = await onDevice(
          device,
          { place, of: devices.length, start },
          { ...options, signal },
        )
        if (late !== undefined) {
          lateOnes.push(late)
          failed.abort(late)
        }
        return result
      } catch (error) {
        // One that cannot go on ends the others: a sum over some of the devices would be no figure.
        failed.abort(error)
        throw error
      }
    }),
  )
  if (done.some(each => each.status === 'rejected')) throw failed.signal.reason
  const results = done.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
  return {
    devices: results,
    throughput: results.reduce((total, { throughput }) => total + throughput, 0),
    complete: results.every(({ complete }) => complete),
    stoppedBy: lateOnes[0] ?? null,
  }
}

interface Share {
  readonly place: number
  readonly of: number
  readonly start: Start
}

/** All devices begin to count together: a sum over one that is through and one that warms up would be no figure. */
class Start {
  readonly #given = new EventEmitter()
  #missing: number

  constructor(devices: number) {
    this.#missing = devices
    this.#given.setMaxListeners(0)
  }

  /** @throws the signal's reason, when another device cannot begin */
  async together(signal: AbortSignal | undefined): Promise<void> {
    this.#missing -= 1
    if (this.#missing === 0) this.#given.emit('start')
    else await once(this.#given, 'start', signal && { signal }).catch(() => signal?.throwIfAborted())
  }
}

interface Measured {
  readonly result: DeviceBenchmark
  /** The error of a run that took too long. */
  readonly late: Error | undefined
}

async function onDevice(device: number | 'cpu', share: Share, options: BenchmarkOptions): Promise<Measured> {
  const timed: TimedSession[] = []
  try {
    const outputBytes = await outputBytesOf(device, options)
    for (let count = options.sessionsPerDevice ?? 1; count > 0; count -= 1) {
      timed.push(await openTimedSession(device, options, outputBytes))
    }
    return await measure(timed, share, options)
  } finally {
    await Promise.all(timed.map(({ session }) => session.release()))
  }
}

/** ais_bench gives sizes in the order of the outputs, whose names only an open model tells. */
async function outputBytesOf(
  device: number | 'cpu',
  options: BenchmarkOptions,
): Promise<Readonly<Record<string, number>>> {
  const sizes = options.outputBytes ?? []
  if (sizes.length === 0 || device === 'cpu') return {}
  const { session } = await openTimedSession(device, options, {})
  await session.release()
  const names = session.outputNames
  if (sizes.length === names.length)
    return Object.fromEntries(names.map((name, index) => [name, sizes[index]!]))
  throw new ArgumentTypeError(
    `${sizes.length} output size(s) are given, and the model's outputs are: ${names.join(', ')}; give one for each`,
    { option: 'outputBytes' },
  )
}

async function measure(
  timed: readonly TimedSession[],
  share: Share,
  options: BenchmarkOptions,
): Promise<Measured> {
  const [{ session }] = timed as [TimedSession]
  const { loop = 1, warmup = 1, runTimeoutMs, signal, onEvent } = options
  const runOptions = {
    ...(signal && { signal }),
    ...(runTimeoutMs !== undefined && { timeoutMs: runTimeoutMs }),
  }
  const shape = options.shape ?? { kind: 'as the model says' }
  const order = options.order ?? 'one after the other'
  const { source: all, batch } = await requestsOf(session, shape, order, options)
  const source = options.sharing === 'divided' && all.isDivisible ? shareOf(all, share) : all
  const batchSize = options.batchSize ?? (source.batches === undefined ? batch : mean(source.batches))
  const runs = source.count * loop
  onEvent?.({ kind: 'opened', device: session.device, batchSize, runs })
  if (all.filesPerRun !== undefined) {
    onEvent?.({ kind: 'files', device: session.device, files: { ...all.filesPerRun, runs: source.count } })
  }
  if (source.count > 0) {
    const warmed = await warmUp(
      timed.map(lane => ({
        session: lane.session,
        timesMs: () => lane.log.samples.map(({ executeMs }) => executeMs),
      })),
      (await source.at(0)).feeds,
      warmup,
      runOptions,
    )
    onEvent?.({ kind: 'warm', device: session.device, ...warmed })
  }
  await share.start.together(signal)
  for (const { log } of timed) log.clear()
  const startedAt = new Date()
  const files: SampleFiles[] = []
  const output = options.output?.(share.place)
  const sessions = timed.map(lane => lane.session)
  const late = await runClosedLoop(sessions, source, {
    loop,
    inFlight: order === 'overlapped' ? runsInFlight : 1,
    runOptions,
    onDone: done => onEvent?.({ kind: 'progress', device: session.device, done, runs }),
    keep: async (outputs, request) => {
      if (output === undefined) return
      const { samplesPerRequest } = source
      const { outputNames } = session
      files.push(...(await writeOutputs({ outputNames, outputs, request, samplesPerRequest }, output)))
    },
  })
  files.sort((one, other) => one.sample - other.sample)
  const known = { device: session.device, batchSize, runs, startedAt, endedAt: new Date(), files }
  return { result: summarize(timed, known), late }
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) / values.length

async function requestsOf(
  session: Session,
  shape: ShapeChoice,
  order: 'one after the other' | 'overlapped',
  { inputs, output, pureData = 'zero' }: BenchmarkOptions,
): Promise<{ readonly source: RequestSource; readonly batch: number }> {
  const results = output === undefined ? 'dropped' : 'kept'
  if (shape.kind === 'from files') {
    if (inputs === undefined) {
      throw new ArgumentTypeError(
        'shapes are to be taken from files, and none are given: name inputs (--input)',
        {
          option: 'inputs',
        },
      )
    }
    const source = await requestsOfShapedFiles(inputs, session.inputMetadata, { results })
    return { source, batch: mean(source.batches) }
  }
  const shapes = chooseShapes(session.inputMetadata, shape)
  const batch = batchOf(shapes, shape)
  if (inputs === undefined) return { source: madeUpRequest(shapes, pureData), batch }
  const batching = order === 'overlapped' ? 'one file a run' : 'several files a run'
  return { source: await requestsOfFiles(inputs, shapes, { batching, results }), batch }
}

/** Every n-th request, so that the devices end together. */
function shareOf(source: RequestSource, { place, of }: Share): RequestSource {
  const count = Math.max(0, Math.ceil((source.count - place) / of))
  const batches = source.batches?.filter((_, index) => index % of === place)
  return {
    ...source,
    ...(batches && { batches }),
    count,
    at: async index => ({ ...(await source.at(index * of + place)), index }),
  }
}

type Known = Pick<DeviceBenchmark, 'device' | 'batchSize' | 'startedAt' | 'endedAt' | 'files'> & {
  readonly runs: number
}

function summarize(timed: readonly TimedSession[], { runs, ...known }: Known): DeviceBenchmark {
  const samples = timed.flatMap(({ log }) => log.samples).sort((one, other) => endOf(one) - endOf(other))
  const intervals = samples.map((sample): Interval => [sample.executeAtMs, endOf(sample)])
  const computeMs = figuresOf(samples.map(({ executeMs }) => executeMs))
  const meanMs = timed.length === 1 ? computeMs.meanMs : coveredMs(intervals) / Math.max(1, intervals.length)
  const beganAtMs = intervals.reduce((least, [began]) => Math.min(least, began), Infinity)
  const lastsMs = intervals.length === 0 ? 0 : intervals.at(-1)![1] - beganAtMs
  const rate = (ms: number): number => (ms > 0 ? (1000 * known.batchSize) / ms : 0)
  return {
    ...known,
    computeMs,
    copyInMs: figuresOfPart(samples.map(({ copyInMs }) => copyInMs)),
    copyOutMs: figuresOfPart(samples.map(({ copyOutMs }) => copyOutMs)),
    computeTimesMs: samples.map(({ executeMs }) => executeMs),
    computeIntervals: intervals,
    meanMs,
    throughput: rate(meanMs),
    wallThroughput: rate(lastsMs / Math.max(1, samples.length)),
    complete: samples.length === runs,
  }
}

const endOf = ({ executeAtMs, executeMs }: Sample): number => executeAtMs + executeMs

function figuresOfPart(timesMs: readonly (number | undefined)[]): TimeFigures | null {
  const known = timesMs.filter(time => time !== undefined)
  return known.length === 0 ? null : figuresOf(known)
}
