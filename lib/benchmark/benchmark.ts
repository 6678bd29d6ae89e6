/** Pure inference: how long a model computes, and how many inputs a second that makes. */
import { ArgumentRangeError, ArgumentTypeError, assertKnownOptions } from '../errors'
import type { Device, Outputs } from '../session'
import { openSession } from '../session/create-session'
import type { Session } from '../session/session'
import { RunRecorder } from '../session/session-stats'
import { writeOutputs, type OutputFiles, type SampleFiles } from './output-files'
import { requestsOfFiles } from './input-files'
import { madeUpRequest, type PureData } from './made-up-data'
import type { Request, RequestSource } from './requests'
import { SampleLog, type Sample } from './sample-log'
import { batchOf, chooseShapes, type ShapeChoice } from './shapes'
import { coveredMs, figuresOf, type Interval, type TimeFigures } from './statistics'

export interface BenchmarkOptions {
  /** An offline model (.om) for NPUs, or an ONNX model for the CPU. */
  readonly model: string
  /** Device ids that compute side by side; default: NPU 0 for an offline model, the CPU for an ONNX one. */
  readonly devices?: readonly number[]
  /** Sessions on each device, each with the model loaded; default 1. */
  readonly sessionsPerDevice?: number
  /** Threads of a CPU session; default 1. */
  readonly threads?: number
  readonly shape?: ShapeChoice
  /** Files, or a folder for each input; default: data made up. */
  readonly inputs?: readonly string[]
  /** What made-up data is; default zeros. */
  readonly pureData?: PureData
  /** How often each request is computed; default 1. */
  readonly loop?: number
  /** Runs of the first request before anything counts, in each session; default 1. */
  readonly warmupCount?: number
  /** How many inputs a run counts for; default: the first dimension of the first input. */
  readonly batchSize?: number
  /**
   * `one after the other` (default) brings the next inputs when the results are back; `overlapped` keeps a session busy:
   * copies go on beside the computation.
   */
  readonly order?: 'one after the other' | 'overlapped'
  /** Whether each device computes all inputs (default), or its share. */
  readonly sharing?: 'all on each' | 'divided'
  /** Bytes to set aside for each output, in their order, where the model leaves sizes open. */
  readonly outputBytes?: readonly number[]
  /** Where results go, by the place of the device in `devices`. */
  readonly output?: (place: number) => OutputFiles
  readonly libraryPath?: string
  /**
   * Stops it; what was measured by then is returned as `complete: false`. Before the first run counts, as while models
   * are loaded, it rejects with the signal's reason. A run under way is waited for, five seconds at most.
   */
  readonly signal?: AbortSignal
  readonly onEvent?: (event: BenchmarkEvent) => void
}

export type BenchmarkEvent =
  | { readonly kind: 'opened'; readonly device: Device; readonly batchSize: number; readonly runs: number }
  | { readonly kind: 'warm'; readonly device: Device; readonly runs: number }
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
  /** False when the signal ended it before all runs were done. */
  readonly complete: boolean
}

/** Nobody waits longer for a device that does not answer any more. */
const releaseWithinMs = 5000

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
  checkOptions(options)
  const devices: readonly (number | 'cpu')[] = options.devices ?? [isOffline(options.model) ? 0 : 'cpu']
  const failed = new AbortController()
  const signal = AbortSignal.any([failed.signal, ...(options.signal === undefined ? [] : [options.signal])])
  const done = await Promise.allSettled(
    devices.map(async (device, place) => {
      try {
        return await onDevice(device, { place, of: devices.length }, { ...options, signal })
      } catch (error) {
        // One that cannot go on ends the others: a sum over some of the devices would be no figure.
        failed.abort(error)
        throw error
      }
    }),
  )
  if (failed.signal.aborted) throw failed.signal.reason
  const results = done.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
  return {
    devices: results,
    throughput: results.reduce((total, { throughput }) => total + throughput, 0),
    complete: results.every(({ complete }) => complete),
  }
}

const isOffline = (model: string): boolean => !/\.onnx$/i.test(model)

const optionNames = [
  ...[
    'model',
    'devices',
    'sessionsPerDevice',
    'threads',
    'shape',
    'inputs',
    'pureData',
    'loop',
    'warmupCount',
  ],
  ...['batchSize', 'order', 'sharing', 'outputBytes', 'output', 'libraryPath', 'signal', 'onEvent'],
]
const choices = {
  pureData: ['zero', 'random'],
  order: ['one after the other', 'overlapped'],
  sharing: ['all on each', 'divided'],
} as const

function checkOptions(options: BenchmarkOptions): void {
  assertKnownOptions(options, optionNames, 'benchmark()')
  if (typeof options.model !== 'string' || options.model === '') {
    throw new ArgumentTypeError('model must be the path of an .om or .onnx file', { option: 'model' })
  }
  for (const [name, known] of Object.entries(choices)) {
    const value = options[name as keyof typeof choices]
    if (value === undefined || known.some(each => each === value)) continue
    throw new ArgumentTypeError(`${name} must be one of ${known.join(', ')}, found ${value}`, {
      option: name,
    })
  }
  for (const name of ['devices', 'inputs'] as const) {
    if (options[name]?.length !== 0) continue
    throw new ArgumentTypeError(`${name} is an empty list; name some, or leave it out`, { option: name })
  }
  for (const [name, least] of [
    ['sessionsPerDevice', 1],
    ['threads', 1],
    ['loop', 1],
    ['warmupCount', 0],
    ['batchSize', 1],
  ] as const) {
    const value = options[name]
    if (value === undefined || (Number.isSafeInteger(value) && value >= least)) continue
    throw new ArgumentRangeError(`${name} must be a whole number from ${least} up, found ${String(value)}`, {
      option: name,
    })
  }
  if (options.devices !== undefined && !isOffline(options.model)) {
    throw new ArgumentTypeError(
      'an ONNX model runs on the CPU, and devices are NPUs: compile it with aasist compile, or leave the devices out',
      { option: 'devices' },
    )
  }
}

interface Share {
  readonly place: number
  readonly of: number
}

interface Lane {
  readonly session: Session
  readonly log: SampleLog
}

async function onDevice(
  device: number | 'cpu',
  share: Share,
  options: BenchmarkOptions,
): Promise<DeviceBenchmark> {
  const lanes: Lane[] = []
  try {
    const outputBytes = await outputBytesOf(device, options)
    for (let count = options.sessionsPerDevice ?? 1; count > 0; count -= 1) {
      lanes.push(await openLane(device, options, outputBytes))
    }
    return await measure(lanes, share, options)
  } finally {
    await Promise.all(lanes.map(({ session }) => session.release()))
  }
}

async function openLane(
  device: number | 'cpu',
  { model, threads, libraryPath, signal }: BenchmarkOptions,
  outputBytes: Readonly<Record<string, number>>,
): Promise<Lane> {
  const log = new SampleLog()
  const session = await openSession(
    model,
    {
      device,
      exitWaitMs: releaseWithinMs,
      ...(signal !== undefined && { signal }),
      ...(device === 'cpu' ? { threads: threads ?? 1 } : { outputBytes }),
      ...(libraryPath !== undefined && { libraryPath }),
    },
    new RunRecorder(log),
  )
  return { session, log }
}

/** ais_bench gives sizes in the order of the outputs, whose names only an open model tells. */
async function outputBytesOf(
  device: number | 'cpu',
  options: BenchmarkOptions,
): Promise<Readonly<Record<string, number>>> {
  const sizes = options.outputBytes ?? []
  if (sizes.length === 0 || device === 'cpu') return {}
  const { session } = await openLane(device, options, {})
  await session.release()
  const names = session.outputNames
  if (sizes.length === names.length)
    return Object.fromEntries(names.map((name, index) => [name, sizes[index]!]))
  throw new ArgumentTypeError(
    `${sizes.length} output sizes are given, and the model has ${names.length} outputs: ${names.join(', ')}`,
    { option: 'outputBytes' },
  )
}

async function measure(
  lanes: readonly Lane[],
  share: Share,
  options: BenchmarkOptions,
): Promise<DeviceBenchmark> {
  const [{ session }] = lanes as [Lane]
  const { loop = 1, warmupCount = 1, signal, onEvent } = options
  const shape = options.shape ?? { kind: 'as the model says' }
  const shapes = chooseShapes(session.inputMetadata, shape)
  const batchSize = options.batchSize ?? batchOf(shapes, shape)
  const order = options.order ?? 'one after the other'
  const all =
    options.inputs === undefined
      ? madeUpRequest(shapes, options.pureData ?? 'zero')
      : await requestsOfFiles(options.inputs, shapes, {
          batching: order === 'overlapped' ? 'one file a run' : 'several files a run',
          results: options.output === undefined ? 'dropped' : 'kept',
        })
  const source = options.sharing === 'divided' && all.isDivisible ? shareOf(all, share) : all
  const runs = source.count * loop
  onEvent?.({ kind: 'opened', device: session.device, batchSize, runs })
  await warmUp(lanes, source, warmupCount, signal)
  for (const { log } of lanes) log.clear()
  onEvent?.({ kind: 'warm', device: session.device, runs: warmupCount })
  const startedAt = new Date()
  const files: SampleFiles[] = []
  const output = options.output?.(share.place)
  await runAll(lanes, source, {
    loop,
    inFlight: order === 'overlapped' ? runsInFlight : 1,
    signal,
    onDone: done => onEvent?.({ kind: 'progress', device: session.device, done, runs }),
    keep: async (outputs, request) => {
      if (output === undefined) return
      const { samplesPerRequest } = source
      const { outputNames } = session
      files.push(...(await writeOutputs({ outputNames, outputs, request, samplesPerRequest }, output)))
    },
  })
  files.sort((one, other) => one.sample - other.sample)
  return summarize(lanes, { device: session.device, batchSize, runs, startedAt, endedAt: new Date(), files })
}

/** Every n-th request, so that the devices end together. */
function shareOf(source: RequestSource, { place, of }: Share): RequestSource {
  const count = Math.max(0, Math.ceil((source.count - place) / of))
  return { ...source, count, at: async index => ({ ...(await source.at(index * of + place)), index }) }
}

async function warmUp(
  lanes: readonly Lane[],
  source: RequestSource,
  count: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (count === 0 || source.count === 0) return
  const { feeds } = await source.at(0)
  const options = signal === undefined ? {} : { signal }
  for (let round = 0; round < count; round += 1) {
    await Promise.all(lanes.map(({ session }) => session.run(feeds, undefined, options)))
  }
}

interface RunAll {
  readonly loop: number
  /** Runs at a time in each session. */
  readonly inFlight: number
  readonly signal: AbortSignal | undefined
  readonly onDone: (done: number) => void
  readonly keep: (outputs: Outputs, request: Request) => Promise<void>
}

/** Whoever is free takes the next run; the repetitions of a request come one after the other. */
async function runAll(lanes: readonly Lane[], source: RequestSource, options: RunAll): Promise<void> {
  const { loop, inFlight, signal, onDone, keep } = options
  const runOptions = signal === undefined ? {} : { signal }
  const loaded = new Map<number, Promise<Request>>()
  let next = 0
  let done = 0
  let failed = false
  const request = (index: number): Promise<Request> => {
    let found = loaded.get(index)
    if (found === undefined) loaded.set(index, (found = source.at(index)))
    return found
  }
  const work = async (session: Session): Promise<void> => {
    while (!failed && next < source.count * loop) {
      const own = next
      next += 1
      const index = Math.floor(own / loop)
      const isLast = own % loop === loop - 1
      try {
        const current = await request(index)
        if (isLast) loaded.delete(index)
        const outputs = await session.run(current.feeds, undefined, runOptions)
        if (isLast) await keep(outputs, current)
        done += 1
        onDone(done)
      } catch (error) {
        failed = true
        if (signal?.aborted === true) return
        throw error
      }
    }
  }
  const ended = await Promise.allSettled(
    lanes.flatMap(({ session }) => Array.from({ length: inFlight }, () => work(session))),
  )
  const failure = ended.find(each => each.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}

type Known = Pick<DeviceBenchmark, 'device' | 'batchSize' | 'startedAt' | 'endedAt' | 'files'> & {
  readonly runs: number
}

function summarize(lanes: readonly Lane[], { runs, ...known }: Known): DeviceBenchmark {
  const samples = lanes.flatMap(({ log }) => log.samples).sort((one, other) => endOf(one) - endOf(other))
  const intervals = samples.map((sample): Interval => [sample.executeAtMs, endOf(sample)])
  const computeMs = figuresOf(samples.map(({ executeMs }) => executeMs))
  const meanMs = lanes.length === 1 ? computeMs.meanMs : coveredMs(intervals) / Math.max(1, intervals.length)
  const beganAtMs = intervals.reduce((least, [began]) => Math.min(least, began), Infinity)
  const lastsMs = intervals.length === 0 ? 0 : intervals.at(-1)![1] - beganAtMs
  const rate = (ms: number): number => (ms > 0 ? (1000 * known.batchSize) / ms : 0)
  return {
    ...known,
    computeMs,
    copyInMs: figuresOfPart(samples.map(({ copyInMs }) => copyInMs)),
    copyOutMs: figuresOfPart(samples.map(({ copyOutMs }) => copyOutMs)),
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
