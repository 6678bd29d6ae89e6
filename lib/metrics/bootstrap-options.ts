import { ArgumentRangeError, ArgumentTypeError, assertKnownOptions } from '../errors'

export interface BootstrapOptions {
  /** Whole number, 1…100,000. Default 1,000. */
  readonly replicates?: number
  /** Share of the replicates inside an interval, above 0 and below 1. Default 0.95. */
  readonly level?: number
  /** Whole number, 0…4,294,967,295. Default 1. */
  readonly seed?: number
  /** Ends the work; the promise is rejected with its reason. */
  readonly signal?: AbortSignal
  /** Called after every replicate. */
  readonly onProgress?: (progress: BootstrapProgress) => void
}

export interface BootstrapProgress {
  /** Replicates done so far. */
  readonly done: number
  readonly total: number
}

export interface BootstrapSettings {
  readonly replicates: number
  readonly level: number
  readonly seed: number
  readonly signal: AbortSignal | undefined
  readonly onProgress: BootstrapOptions['onProgress']
}

const OPTION_NAMES = ['replicates', 'level', 'seed', 'signal', 'onProgress']

/** @throws ArgumentRangeError, ArgumentTypeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION` */
export function bootstrapSettings(options: BootstrapOptions): BootstrapSettings {
  assertKnownOptions(options, OPTION_NAMES, 'bootstrapIntervals')
  const { replicates = 1000, level = 0.95, seed = 1, signal, onProgress } = options
  assertWholeNumber('replicates', replicates, { least: 1, most: 100_000 })
  assertWholeNumber('seed', seed, { least: 0, most: 2 ** 32 - 1 })
  assertNumber('level', level)
  if (!(level > 0 && level < 1)) {
    throw new ArgumentRangeError(`level must be above 0 and below 1, as 0.95, found ${level}`, {
      option: 'level',
    })
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new ArgumentTypeError(`signal must be an AbortSignal, found ${typeof signal}`, { option: 'signal' })
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new ArgumentTypeError(`onProgress must be a function, found ${typeof onProgress}`, {
      option: 'onProgress',
    })
  }
  return { replicates, level, seed, signal, onProgress }
}

function assertNumber(option: string, value: unknown): void {
  if (typeof value === 'number') return
  throw new ArgumentTypeError(`${option} must be a number, found ${typeof value}`, { option })
}

function assertWholeNumber(
  option: string,
  value: number,
  { least, most }: { least: number; most: number },
): void {
  assertNumber(option, value)
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new ArgumentRangeError(`${option} must be a whole number from ${least} to ${most}, found ${value}`, {
    option,
  })
}
