/** What a detector and its methods can be told, and the checks of it. */
import { ArgumentRangeError, ArgumentTypeError, assertKnownOptions } from '../errors'
import type { PoolOptions } from '../session'
import { checkJudgementOptions, type JudgementOptions } from './judgement'
import { checkCount, checkSignal } from '../session/arguments'
import { tileChoices, type TileChoice, type TilesEvent } from './cpu-tiles'
import { compilationChoiceNames, type CompilationChoices, type CompilationEvent } from './npu/model-for-npus'

export interface DetectorOptions extends JudgementOptions {
  /**
   * Path of a checkpoint (`.pth`), an ONNX model or an offline model (`.om`), or the bytes of one. Default: the demo
   * weights of this package, which are for trying things out and say so with every score.
   */
  readonly model?: string | Uint8Array
  /** Path of the checkpoint's configuration; default: its name with `.conf`. */
  readonly config?: string
  /**
   * `auto` (default): NPUs, where there are some and an offline model for them or atc to make it, otherwise the CPU;
   * {@link Detector.whyNotNpu} says why. `npu`: every NPU there is; numbers are device ids of NPUs. A checkpoint or an
   * ONNX model is compiled for them once and kept in the cache (`offlineModelFor`), for clips one by one. `npu+cpu` of
   * these two: NPUs and the CPU beside them, one queue. Scores of the two differ in their last digits, and which computed
   * one is in its `device`.
   */
  readonly device?: PoolOptions['device']
  /** How a model is compiled that is not yet; default: `target: 'npu'` and what atc does by itself. */
  readonly compile?: CompilationChoices
  /** Compiling takes minutes: what happens in them. */
  readonly onCompile?: (event: CompilationEvent) => void
  /**
   * Sessions working side by side. Default: as many as there are CPUs for this process, one thread each; on NPUs one
   * each.
   */
  readonly sessions?: number
  /** As `sessions`, which comes before it, but only where it turns out that the CPU computes. */
  readonly cpuSessions?: number
  /**
   * Checkpoints on the CPU: which time tiles the graph is cut into. `stored` (default): those measured for this CPU, if
   * they have been, otherwise those of every machine (`default`); `measured` measures them now if need be, in some
   * seconds, and keeps them in the cache. Scores differ by less than 1e-5.
   */
  readonly tiles?: TileChoice
  /** What happens while tiles are measured. */
  readonly onTiles?: (event: TilesEvent) => void
  /** CPU only: where a session computes; default `thread`, or `process` with `runTimeoutMs`. */
  readonly isolation?: PoolOptions['isolation']
  /**
   * Milliseconds the model may take for one run; then its session is replaced. On NPUs the clip is tried once more on
   * another NPU, then on the CPU where there is a model for it; otherwise it has the error `RUN_TIMEOUT`. Waiting does
   * not count. Default: no limit. On the CPU sessions are processes then, because a run in a thread cannot be stopped.
   */
  readonly runTimeoutMs?: number
  /**
   * Milliseconds that a clip of `score()` waits at most for others to share its run, on a model whose runs hold several
   * (a fixed batch, or gears); default 5, at most 10,000. It waits only beside an idle session: while all are busy clips
   * gather anyway, and a full run never waits. 0 starts at once with what is there.
   */
  readonly batchWaitMs?: number
  /** Runs that may wait; default 256. One more rejects with `QUEUE_FULL`. */
  readonly queueLimit?: number
  /** Audio at another rate than 16 kHz: `convert` (default) or `refuse`. */
  readonly resample?: 'convert' | 'refuse'
  /** Audio with several channels: `average` (default) or `refuse`. */
  readonly channels?: 'average' | 'refuse'
  /**
   * Longest clip: what is longer has the error `AUDIO_TOO_LARGE` and is not decoded any further, whatever its header says.
   * Above 0; default any length, of which the model hears the beginning. For `scoreRecording()` there is no limit.
   */
  readonly maxSeconds?: number
  /** A session was lost and its run is tried once more on another one. */
  readonly onFailover?: PoolOptions['onFailover'] & {}
  /** Gives up loading. */
  readonly signal?: AbortSignal
}

export interface ScoreOptions {
  readonly signal?: AbortSignal
  /** For the run of the model, waiting included. */
  readonly timeoutMs?: number
}

export interface ScoreFilesOptions {
  /** Files begun and not yet given out; default: three for each session and four more. Bounds memory. */
  readonly concurrency?: number
  readonly signal?: AbortSignal
  /** After each file, in input order. */
  readonly onProgress?: (progress: { readonly done: number; readonly failed: number }) => void
}

/**
 * A file that is part of a longer list. A model with a fixed batch puts its window into row `position` modulo batch: on
 * the row the last bits of a score can depend, so that part of a list scores as it does in the whole.
 */
export interface PlacedFile {
  readonly file: string
  readonly position: number
  /** Files in the whole list: with it the last runs of a model with gears have no more rows than they need. */
  readonly total?: number
}

/** What an evaluation can be told as well, in the order messages name them. */
export const loadingOptionNames: readonly string[] = [
  'model',
  'config',
  'device',
  'compile',
  'onCompile',
  'tiles',
  'onTiles',
  'sessions',
  'isolation',
  'runTimeoutMs',
]
const optionNames = [
  ...loadingOptionNames,
  'cpuSessions',
  'batchWaitMs',
  'queueLimit',
  'threshold',
  'calibration',
  'decideBy',
  'spoofPrior',
  'resample',
  'channels',
  'maxSeconds',
  'onFailover',
  'signal',
]

/** Whoever waits longer for company has mistaken the unit. */
const longestBatchWaitMs = 10_000

/** @throws ArgumentTypeError, ArgumentRangeError INVALID_ARGUMENT, UNKNOWN_OPTION */
export function checkDetectorOptions(options: DetectorOptions): void {
  assertKnownOptions(options, optionNames, 'Detector.load()')
  const { threshold, config, resample, channels, onFailover, onCompile, compile, batchWaitMs, maxSeconds } =
    options
  checkSignal(options.signal)
  if (onFailover !== undefined && typeof onFailover !== 'function') {
    throw new ArgumentTypeError('onFailover must be a function')
  }
  if (onCompile !== undefined && typeof onCompile !== 'function') {
    throw new ArgumentTypeError('onCompile must be a function')
  }
  const { tiles, onTiles, cpuSessions } = options
  if (tiles !== undefined && !tileChoices.includes(tiles)) {
    throw new ArgumentRangeError(`tiles is "${tiles as string}"; it must be one of ${tileChoices.join(', ')}`)
  }
  if (onTiles !== undefined && typeof onTiles !== 'function') {
    throw new ArgumentTypeError('onTiles must be a function')
  }
  if (compile !== undefined) assertKnownOptions(compile, compilationChoiceNames, 'compile')
  if (threshold !== undefined && !Number.isFinite(threshold)) {
    throw new ArgumentRangeError(`threshold is ${String(threshold)}; it must be a finite number`)
  }
  checkJudgementOptions(options)
  if (batchWaitMs !== undefined && !(batchWaitMs >= 0 && batchWaitMs <= longestBatchWaitMs)) {
    throw new ArgumentRangeError(
      `batchWaitMs is ${batchWaitMs}; it must be milliseconds from 0 to ${longestBatchWaitMs}`,
    )
  }
  if (config !== undefined && typeof config !== 'string') throw new ArgumentTypeError('config must be a path')
  if (resample !== undefined && !['convert', 'refuse'].includes(resample)) {
    throw new ArgumentRangeError(`resample is "${resample}"; it must be convert or refuse`)
  }
  if (cpuSessions !== undefined) checkCount('cpuSessions', cpuSessions, { least: 1, most: 1024 })
  if (maxSeconds !== undefined && !(maxSeconds > 0)) {
    throw new ArgumentRangeError(`maxSeconds is ${maxSeconds}; it must be seconds above 0`)
  }
  if (channels !== undefined && !['average', 'refuse'].includes(channels)) {
    throw new ArgumentRangeError(`channels is "${channels}"; it must be average or refuse`)
  }
}

export function checkPlacedFile(placed: PlacedFile | null | undefined): void {
  if (typeof placed?.file !== 'string') {
    throw new ArgumentTypeError('scoreFiles() takes paths, or { file, position } with a path as file')
  }
  if (!Number.isSafeInteger(placed.position) || placed.position < 0) {
    throw new ArgumentRangeError(`position is ${placed.position}; it must be a whole number of at least 0`)
  }
  const { total } = placed
  if (total !== undefined && !(Number.isSafeInteger(total) && total > placed.position)) {
    throw new ArgumentRangeError(
      `total is ${total}; it must be a whole number above position ${placed.position}`,
    )
  }
}
