/** From audio files to scores: how many a second, what the model alone would do, and what lies between the two. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { ArgumentTypeError, assertKnownOptions } from '../errors'
import { Detector, type DetectorOptions } from '../scoring'
import type { Device } from '../session'
import { checkCount } from '../session/arguments'
import { stagesOf, sumsBetween, type EndToEndStage } from './end-to-end-stages'

export interface EndToEndOptions extends Pick<
  DetectorOptions,
  'model' | 'config' | 'device' | 'sessions' | 'compile' | 'onCompile' | 'resample' | 'channels' | 'signal'
> {
  /** Paths of audio files, at least one. */
  readonly files: readonly string[]
  /** How often all of them are scored, one list behind the other; default 1. */
  readonly loop?: number
  /** After each clip that counts. */
  readonly onProgress?: (progress: { readonly done: number; readonly of: number }) => void
}

export interface EndToEndBenchmark {
  readonly devices: readonly Device[]
  readonly sessions: number
  /** Threads that read and decode. */
  readonly preparationThreads: number
  /** Clips in one run, with gears the most. */
  readonly batch: number
  readonly clips: number
  /** Clips without a score: they were read for nothing, and are not among the clips a second. */
  readonly failed: number
  readonly wallSeconds: number
  readonly clipsPerSecond: number
  /** What the sessions do by the times of their executions alone, as many clips a run as there were. */
  readonly pureClipsPerSecond: number
  readonly stages: readonly EndToEndStage[]
  /** What had the least time to spare: a stage, or this thread's event loop. */
  readonly bottleneck: {
    readonly name: 'decode' | 'copy in' | 'execute' | 'copy out' | 'event loop'
    readonly busy: number
  }
  readonly eventLoop: { readonly busy: number; readonly delayP99Ms: number }
}

const optionNames = [
  ...['files', 'loop', 'onProgress', 'model', 'config', 'device', 'sessions', 'compile', 'onCompile'],
  ...['resample', 'channels', 'signal'],
]

/** Their list is made before it begins. */
const mostClips = 10_000_000

/** Clips before anything counts, for each session: threads start with them, and code is compiled. */
const warmUpClips = 16

/**
 * Scores files as `scoreFiles()` does, and tells where the time goes.
 *
 * @throws as `Detector.load()` and `scoreFiles()` do; where no clip has a score, the error of the first; ArgumentTypeError, ArgumentRangeError `INVALID_ARGUMENT`,
 * `UNKNOWN_OPTION`; the signal's reason
 * @example
 * ```ts
 * const { clipsPerSecond, pureClipsPerSecond, bottleneck } = await benchmarkEndToEnd({ model: 'aasist.om', files })
 * ```
 */
export async function benchmarkEndToEnd(options: EndToEndOptions): Promise<EndToEndBenchmark> {
  assertKnownOptions(options, optionNames, 'benchmarkEndToEnd()')
  const { files, loop = 1, onProgress, ...loading } = options
  if (!Array.isArray(files) || files.length === 0 || files.some(file => typeof file !== 'string')) {
    throw new ArgumentTypeError('files must be the paths of audio files, at least one', { option: 'files' })
  }
  checkCount('loop', loop, { least: 1, most: Math.max(1, Math.floor(mostClips / files.length)) })
  await using detector = await Detector.load(loading)
  const sessions = detector.stats().sessions
  const warmUp = Math.min(files.length * loop, warmUpClips * sessions)
  const scoring = options.signal === undefined ? {} : { signal: options.signal }
  const results = detector.scoreFiles(repeated(files, warmUp), scoring)
  while ((await results.next()).done !== true);
  return await measure(detector, { files, clips: files.length * loop, scoring, onProgress })
}

async function measure(
  detector: Detector,
  {
    files,
    clips,
    scoring,
    onProgress,
  }: {
    readonly files: readonly string[]
    readonly clips: number
    readonly scoring: Pick<EndToEndOptions, 'signal'>
    readonly onProgress: EndToEndOptions['onProgress']
  },
): Promise<EndToEndBenchmark> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const before = detector.stats()
  const loopBefore = performance.eventLoopUtilization()
  delay.enable()
  const beganAtMs = performance.now()
  let [done, failed] = [0, 0]
  let firstError: Error | undefined
  for await (const { error } of detector.scoreFiles(repeated(files, clips), scoring)) {
    done += 1
    if (error !== undefined) {
      failed += 1
      firstError ??= error
    }
    onProgress?.({ done, of: clips })
  }
  // Figures of nothing would be zeros without a reason.
  if (firstError !== undefined && failed === clips) throw firstError
  const wallMs = performance.now() - beganAtMs
  delay.disable()
  const loopBusy = performance.eventLoopUtilization(loopBefore).utilization
  const sums = sumsBetween(before, detector.stats())
  const stages = stagesOf(sums, wallMs)
  const busy = stages.flatMap(({ name, busy: share }) =>
    share === null || name === 'wait' || name === 'rest' ? [] : [{ name, busy: share }],
  )
  return {
    devices: detector.devices,
    sessions: sums.sessions,
    preparationThreads: sums.threads,
    batch: detector.batch ?? 1,
    clips,
    failed,
    wallSeconds: wallMs / 1000,
    clipsPerSecond: (1000 * (clips - failed)) / wallMs,
    pureClipsPerSecond: sums.executeMs > 0 ? (1000 * sums.sessions * sums.clips) / sums.executeMs : 0,
    stages,
    bottleneck: [...busy, { name: 'event loop' as const, busy: loopBusy }].reduce((most, each) =>
      each.busy > most.busy ? each : most,
    ),
    eventLoop: { busy: loopBusy, delayP99Ms: delay.percentile(99) / 1e6 },
  }
}

/** An array, so that a model with gears knows how long the list is. */
const repeated = (files: readonly string[], count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => files[index % files.length]!)
