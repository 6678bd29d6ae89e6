/** What a benchmark can be told, and the checks of it. */
import { ArgumentTypeError, assertKnownOptions } from '../errors'
import { checkCount, checkTimeout } from '../session/arguments'
import type { BenchmarkEvent } from './benchmark'
import type { PureData } from './made-up-data'
import type { OutputFiles } from './output-files'
import type { ShapeChoice } from './shapes'

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
  /**
   * Runs of the first request before anything counts, in each session; default 1. `until steady`: until times no longer
   * change (medians of three blocks of 20 within 2 %); at most 2,000 runs or a minute.
   */
  readonly warmup?: number | 'until steady'
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
   * Milliseconds a run may take, waiting for the device included; default: no limit. One past it ends the benchmark,
   * which returns what was measured by then with the error as `stoppedBy`.
   */
  readonly runTimeoutMs?: number
  /**
   * Stops it; what was measured by then is returned as `complete: false`. Before the first run counts, as while models
   * are loaded, it rejects with the signal's reason. A run under way is waited for, five seconds at most.
   */
  readonly signal?: AbortSignal
  readonly onEvent?: (event: BenchmarkEvent) => void
}

/** By its name, as ais_bench does it. */
export const isOffline = (model: string): boolean => /\.om$/i.test(model)

const optionNames = [
  ...['model', 'devices', 'sessionsPerDevice', 'threads', 'shape', 'inputs', 'pureData', 'loop', 'warmup'],
  ...['batchSize', 'order', 'sharing', 'outputBytes', 'output', 'libraryPath', 'runTimeoutMs'],
  ...['signal', 'onEvent'],
]
/** Each has the model in memory. */
const mostSessions = 1024
/** The times of each are kept. */
const mostRuns = 10_000_000

const choices = {
  pureData: ['zero', 'random'],
  order: ['one after the other', 'overlapped'],
  sharing: ['all on each', 'divided'],
} as const

/** @throws ArgumentTypeError, ArgumentRangeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION` */
export function checkBenchmarkOptions(options: BenchmarkOptions): void {
  assertKnownOptions(options, optionNames, 'benchmark()')
  if (typeof options.model !== 'string' || options.model === '') {
    throw new ArgumentTypeError('model must be the path of an .om or .onnx file', { option: 'model' })
  }
  if (!isOffline(options.model) && !/\.onnx$/i.test(options.model)) {
    throw new ArgumentTypeError(
      `model is ${options.model}, and a benchmark takes an offline model (.om) for NPUs or an ONNX model (.onnx) for the CPU: ` +
        'aasist convert makes an .onnx of a checkpoint, aasist compile an .om of an .onnx',
      { option: 'model' },
    )
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
  if (options.warmup !== undefined && options.warmup !== 'until steady') {
    checkCount('warmup', options.warmup, { least: 0, most: mostRuns })
  }
  for (const [name, most] of [
    ['sessionsPerDevice', mostSessions],
    ['threads', mostSessions],
    ['loop', mostRuns],
    ['batchSize', mostRuns],
  ] as const) {
    if (options[name] !== undefined) checkCount(name, options[name], { least: 1, most })
  }
  if (options.runTimeoutMs !== undefined) checkTimeout('runTimeoutMs', options.runTimeoutMs)
  if (options.devices !== undefined && !isOffline(options.model)) {
    throw new ArgumentTypeError(
      'an ONNX model runs on the CPU, and devices are NPUs: compile it with aasist compile, or leave the devices out',
      { option: 'devices' },
    )
  }
}
