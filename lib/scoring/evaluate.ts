import {
  AasistError,
  AudioError,
  assertKnownOptions,
  ArgumentTypeError,
  errorCode,
  errorMessage,
} from '../errors'
import { audioPath, formatEerReport, openCorpus, type Corpus, type Trial } from '../dataset'
import type { ScoredTrial } from '../metrics'
import type { Device, TimeSummary } from '../session'
import { checkSignal } from '../session/arguments'
import { assertAsvChoice, findAsvSource, type AsvPreset } from './asv-source'
import { Detector, type FileScore } from './detector'
import { loadingOptionNames, type DetectorOptions, type PlacedFile } from './detector-options'
import { EvaluationFiles, type EvaluationPaths, type RunEvent } from './evaluation-files'
import { evaluationManifest } from './evaluation-manifest'
import {
  assertIntervalOptions,
  measureTrials,
  type IntervalOptions,
  type ScoredMetrics,
} from './scored-metrics'
import type { NpuRuntime } from './npu-runtime'
import { startProgress, type Progress } from './progress'
import { deviceText, DeviceTally } from './device-tally'
import { versions, type Versions } from './versions'

export interface EvaluateOptions extends Pick<
  DetectorOptions,
  | 'config'
  | 'device'
  | 'compile'
  | 'onCompile'
  | 'tiles'
  | 'onTiles'
  | 'sessions'
  | 'isolation'
  | 'runTimeoutMs'
  | 'resample'
  | 'channels'
> {
  /** Path of a checkpoint, an ONNX model or an offline model, or its bytes; the demo weights are used only when named. */
  readonly model: string | Uint8Array
  /** The corpus: the `LA` folder of ASVspoof 2019, or the folder that holds it. */
  readonly data: string
  /** Where the results go; made when it is not there. */
  readonly out: string
  /** Path of the protocol; default: the corpus's own evaluation protocol. */
  readonly protocol?: string
  /** Path of ASV scores for the t-DCF. */
  readonly asvScores?: string
  /** A published ASV operating point instead. */
  readonly asvPreset?: AsvPreset
  /** Bootstrap confidence intervals too; `{}` for 1,000 replicates, 95 %, seed 1. */
  readonly ci?: IntervalOptions
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/** An utterance without a score. */
export interface FailedUtterance {
  readonly utterance: string
  readonly file: string | null
  readonly error: AasistError
}

/** The library behind the NPUs; `simulator`: it is the stand-in for CANN, and no NPU computed anything. */
export type NpuProvenance = Pick<NpuRuntime, 'library' | 'aclVersion' | 'simulator'>

/** metrics.json: the metrics, and what they were computed with. */
export interface EvaluationMetrics extends ScoredMetrics {
  /** How many utterances have no score, by error code. */
  readonly missingByCode: Readonly<Record<string, number>>
  readonly provenance: {
    readonly date: string
    /** `cann`: the release of CANN, or the one that the simulator behaves as; null on the CPU. */
    readonly versions: Versions & { readonly cann: string | null }
    /** All that computed, in words. */
    readonly device: string
    /** What computed how many of the scores of the last run. */
    readonly devices: readonly (Device & { readonly scored: number })[]
    /** Null on the CPU. */
    readonly npu: NpuProvenance | null
    /** Why the CPU computed, where `auto` looked for an NPU. */
    readonly whyNotNpu: string | null
    readonly model: Detector['provenance']
    readonly protocol: { readonly path: string; readonly sha256: string; readonly utterances: number }
    /** Scores taken over from earlier runs into the same folder; rates and times are those of the last run. */
    readonly scoredEarlier: number
    /** Clips of the last run that failed on a device, and were tried on another one; run.jsonl has each of them. */
    readonly failedOver: number
    readonly elapsedSeconds: number
    readonly clipsPerSecond: number
    /** From a clip's first step to its score, waiting for others included; null where the last run scored none. */
    readonly clipMs: TimeSummary | null
    /** The model's runs alone, measured where they compute. */
    readonly executeMs: TimeSummary | null
  }
}

export interface Evaluation {
  readonly metrics: EvaluationMetrics
  /** In protocol order. */
  readonly failures: readonly FailedUtterance[]
  readonly files: EvaluationPaths
}

const optionNames = [
  ...loadingOptionNames,
  'resample',
  'channels',
  'data',
  'out',
  'protocol',
  'asvScores',
  'asvPreset',
  'ci',
  'signal',
  'onProgress',
]

/**
 * Scores every utterance of an ASVspoof evaluation and writes `eval_scores.txt`, `t-DCF_EER.txt`, `metrics.json`,
 * `manifest.json` and `run.jsonl` into `out`. An utterance without a file, or with one that cannot be decoded, has no
 * score: it is among `failures` and in run.jsonl, and the metrics, which are those of the others, say how many are
 * missing.
 *
 * Started again into the same folder, it scores what has no score yet, however the run before ended: stopped, killed,
 * out of disk space, or complete but for files that could not be read then. With an equal manifest the scores are those
 * of one uninterrupted run to the byte; with another manifest it refuses and says what differs.
 *
 * @throws DatasetError DATASET_INVALID, PROTOCOL_INVALID, SCORES_INVALID, OUTPUT_EXISTS, OUTPUT_UNWRITABLE
 * @throws the errors of {@link Detector.load}, and the signal's reason
 * @example
 * const { metrics } = await evaluate({ model: 'AASIST-L.pth', data: 'LA', out: 'results' })
 * console.log(`EER ${(100 * metrics.eer!).toFixed(3)} %`)
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  assertKnownOptions(options, optionNames, 'evaluate()')
  const { data, out, protocol, asvScores, asvPreset, ci, signal, onProgress, ...detectorOptions } = options
  if (typeof data !== 'string' || typeof out !== 'string')
    throw new ArgumentTypeError('data and out must be paths')
  if ((detectorOptions.model as unknown) === undefined) {
    throw new ArgumentTypeError('evaluate() needs a model: its figures are about one')
  }
  assertAsvChoice({ asvScores, asvPreset })
  assertIntervalOptions(ci)
  checkSignal(signal)?.throwIfAborted()
  // Everything that can be wrong with the input is found before a file is written.
  const corpus = await openCorpus(data, { protocol })
  const files = new EvaluationFiles(out)
  // Written between two results: sessions can be lost before there is a folder, and while a line is being written.
  const failovers: RunEvent[] = []
  const detector = await Detector.load({
    ...detectorOptions,
    ...(detectorOptions.tiles === undefined && corpus.trials.length >= worthMeasuring
      ? { tiles: 'measured' as const }
      : {}),
    onFailover: ({ place, device, error, replacement }) => {
      const time = new Date().toISOString()
      const { message } = error
      failovers.push({ event: 'failover', time, place, device, code: errorCode(error), message, replacement })
    },
    ...(signal && { signal }),
  })
  try {
    const configuredPath = detector.config?.asvScorePath
    const asv = await findAsvSource({ asvScores, asvPreset, data, configuredPath, trials: corpus.trials })
    const lost = new AbortController()
    const earlier = await files.begin(
      earlierRun => evaluationManifest({ corpus, detector, options }, earlierRun),
      corpus.trials,
      error => lost.abort(error),
    )
    const stop = signal === undefined ? lost.signal : AbortSignal.any([signal, lost.signal])
    try {
      const { found, dropped, scores, manifest } = earlier
      await files.record(
        found + dropped === 0 ? { event: 'start', ...manifest } : { event: 'resume', scored: found, dropped },
      )
      const run = await scoreCorpus({ corpus, scores, detector, files, failovers, signal: stop, onProgress })
      const trials = (): Iterable<ScoredTrial> => scoredTrials(corpus.trials, scores)
      const summary = await measureTrials({ trials, asv, ci, signal: stop })
      const metrics = metricsOf({ corpus, detector, run, summary, scoredEarlier: found })
      await files.finish({ report: formatEerReport(summary), metrics, trials: corpus.trials, scores })
      const failed = run.failures.length
      await files.record(...failovers, { event: 'end', scored: corpus.trials.length - failed, failed })
      return { metrics, failures: run.failures, files: files.paths }
    } catch (error) {
      await files.stop([...failovers, stopped(error)])
      throw error
    } finally {
      await files.unlock()
    }
  } finally {
    await detector.release()
  }
}

/** Utterances whose scoring takes minutes on any CPU, beside which the seconds of measuring tiles are nothing. */
const worthMeasuring = 1000

function stopped(error: unknown): RunEvent {
  return { event: 'stopped', reason: errorMessage(error) }
}

function metricsOf(parts: {
  corpus: Corpus
  detector: Detector
  run: ScoredRun
  summary: ScoredMetrics
  scoredEarlier: number
}): EvaluationMetrics {
  const { corpus, detector, run, summary, scoredEarlier } = parts
  const { protocolPath: path, protocolSha256: sha256, trials } = corpus
  const { elapsedSeconds, clipsPerSecond } = run.progress
  const { npu } = detector
  const { clipMs, executeMs } = detector.stats()
  const devices = run.devices.counts()
  return {
    ...summary,
    warnings: [
      ...summary.warnings,
      ...(npu?.notice ? [npu.notice] : []),
      // Where the CPU was asked for as well, its share is no failure.
      ...(npu === null || detector.devices.some(({ kind }) => kind === 'cpu') ? [] : movedToCpu(devices)),
    ],
    missingByCode: countByCode(run.failures),
    provenance: {
      date: new Date().toISOString(),
      versions: { ...versions(), cann: npu?.cannVersion ?? null },
      device: deviceText(devices.length > 0 ? devices : detector.devices),
      devices,
      whyNotNpu: detector.whyNotNpu,
      npu: npu && { library: npu.library, aclVersion: npu.aclVersion, simulator: npu.simulator },
      model: detector.provenance,
      protocol: { path, sha256, utterances: trials.length },
      scoredEarlier,
      failedOver: run.failedOver,
      elapsedSeconds,
      clipsPerSecond,
      clipMs,
      executeMs,
    },
  }
}

/** Half precision on the one and single precision on the other: no difference that should go unnoticed. */
function movedToCpu(devices: EvaluationMetrics['provenance']['devices']): string[] {
  const onCpu = devices.reduce((sum, { kind, scored }) => (kind === 'cpu' ? sum + scored : sum), 0)
  if (onCpu === 0) return []
  return [
    `${onCpu} clip(s) were scored on the CPU after NPUs had failed: their scores differ slightly from an NPU's`,
  ]
}

function* scoredTrials(trials: readonly Trial[], scores: Float64Array): Generator<ScoredTrial> {
  for (const [index, { key, attack }] of trials.entries()) {
    const score = scores[index]!
    yield { key, attack, score: Number.isNaN(score) ? undefined : score }
  }
}

interface ScoredRun {
  readonly failures: readonly FailedUtterance[]
  readonly devices: DeviceTally
  readonly failedOver: number
  readonly progress: Progress
}

/** Scores what has no score yet, into `scores`. */
async function scoreCorpus(parts: {
  corpus: Corpus
  scores: Float64Array
  detector: Detector
  files: EvaluationFiles
  failovers: RunEvent[]
  signal: AbortSignal
  onProgress: ((progress: Progress) => void) | undefined
}): Promise<ScoredRun> {
  const { corpus, scores, detector, files, failovers, signal, onProgress } = parts
  const failures: FailedUtterance[] = []
  const devices = new DeviceTally()
  const remaining = [...scores.keys()].filter(index => Number.isNaN(scores[index]!))
  const withFile = remaining.filter(index => corpus.audioEndings[index] !== undefined)
  const earlier = corpus.trials.length - remaining.length
  const progress = startProgress({ utterances: corpus.trials.length, files: withFile.length })
  let filesDone = 0
  let failedOver = 0
  let done = 0
  const state = (): Progress => progress({ done: earlier + done, failed: failures.length, files: filesDone })
  const results = detector.scoreFiles(placedFiles(corpus, withFile), { signal })
  try {
    for (const index of remaining) {
      const trial = corpus.trials[index]!
      const { utterance } = trial
      const file = audioPath(corpus, index) ?? null
      const result = file === null ? missingFile(trial, corpus) : (await results.next()).value!
      if ('failedOver' in result && result.failedOver.length > 0) {
        failedOver += 1
        await files.record(clipFailover(utterance, result))
      }
      if (result.error === undefined) {
        scores[index] = result.score
        devices.add(result.device)
        await files.append({ ...trial, score: result.score })
      } else {
        const { code, message } = result.error
        failures.push({ utterance, file, error: result.error })
        await files.record({ event: 'failed', utterance, file, code, message })
      }
      if (failovers.length > 0) await files.record(...failovers.splice(0))
      if (file !== null) filesDone += 1
      done += 1
      onProgress?.(state())
    }
  } finally {
    await results.return()
  }
  return { failures, devices, failedOver, progress: state() }
}

function* placedFiles(corpus: Corpus, places: readonly number[]): Generator<PlacedFile> {
  const total = corpus.trials.length
  for (const position of places) yield { file: audioPath(corpus, position)!, position, total }
}

/** Written before the score is: a run that ends in between scores the clip again, and the log holds both attempts. */
function clipFailover(utterance: string, result: FileScore): RunEvent {
  const { file, failedOver } = result
  const failures = failedOver.map(({ device, error }) => ({
    device,
    code: errorCode(error) ?? null,
    // Why there was no NPU left, where that is what it met.
    cause: (error instanceof AasistError && error.detail['code']) || null,
    message: error.message,
  }))
  const [first] = failures
  const scoredOn = result.error === undefined ? result.device : null
  return { event: 'clip-failover', utterance, file, code: first?.code ?? null, failures, scoredOn }
}

function missingFile({ utterance }: Trial, { audioFolder }: Corpus): { readonly error: AudioError } {
  const message = `${utterance} has no file in ${audioFolder}; expected ${utterance}.flac or ${utterance}.wav`
  return { error: new AudioError('AUDIO_NOT_FOUND', message, { utterance }) }
}

function countByCode(failures: readonly FailedUtterance[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { error } of failures) counts[error.code] = (counts[error.code] ?? 0) + 1
  return counts
}
