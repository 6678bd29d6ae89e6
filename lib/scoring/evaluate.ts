import { AasistError, AudioError, assertKnownOptions, ArgumentTypeError, errorCode } from '../errors'
import { formatEerReport, openCorpus, type Corpus, type CorpusTrial } from '../dataset'
import { summarizeScores, type MetricsSummary, type ScoredTrial } from '../metrics'
import { checkSignal } from '../session/arguments'
import { assertAsvChoice, findAsvSource, type AsvPreset } from './asv-source'
import { Detector, type DetectorOptions } from './detector'
import { EvaluationFiles, type EvaluationPaths, type Manifest, type RunEvent } from './evaluation-files'
import { startProgress, type Progress } from './progress'
import { cpuClass, versions, type Versions } from './versions'

export interface EvaluateOptions extends Pick<
  DetectorOptions,
  'config' | 'device' | 'sessions' | 'isolation' | 'resample' | 'channels'
> {
  /** Path of a checkpoint or an ONNX model, or its bytes; the demo weights are used only when named. */
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
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/** An utterance without a score. */
export interface FailedUtterance {
  readonly utterance: string
  readonly file: string | null
  readonly error: AasistError
}

/** metrics.json: the metrics, and what they were computed with. */
export interface EvaluationMetrics extends MetricsSummary {
  /** How many utterances have no score, by error code. */
  readonly missingByCode: Readonly<Record<string, number>>
  readonly provenance: {
    readonly date: string
    readonly versions: Versions
    readonly device: string
    readonly model: Detector['provenance']
    readonly protocol: { readonly path: string; readonly sha256: string; readonly utterances: number }
    readonly elapsedSeconds: number
    readonly clipsPerSecond: number
  }
}

export interface Evaluation {
  readonly metrics: EvaluationMetrics
  /** In protocol order. */
  readonly failures: readonly FailedUtterance[]
  readonly files: EvaluationPaths
}

const optionNames = [
  'model',
  'config',
  'device',
  'sessions',
  'isolation',
  'resample',
  'channels',
  'data',
  'out',
  'protocol',
  'asvScores',
  'asvPreset',
  'signal',
  'onProgress',
]

/**
 * Scores every utterance of an ASVspoof evaluation and writes `eval_scores.txt`, `t-DCF_EER.txt`, `metrics.json`,
 * `manifest.json` and `run.jsonl` into `out`. An utterance without a file, or with one that cannot be decoded, has no
 * score: it is among `failures` and in run.jsonl, and the metrics, which are those of the others, say how many are
 * missing. When the run is stopped by its signal, the scores so far stay in `eval_scores.partial.txt`. Results of an
 * earlier run with the same manifest stay until the new ones are complete.
 *
 * @throws DatasetError DATASET_INVALID, PROTOCOL_INVALID, SCORES_INVALID, OUTPUT_EXISTS, OUTPUT_UNWRITABLE
 * @throws the errors of {@link Detector.load}, and the signal's reason
 * @example
 * const { metrics } = await evaluate({ model: 'AASIST-L.pth', data: 'LA', out: 'results' })
 * console.log(`EER ${(100 * metrics.eer!).toFixed(3)} %`)
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  assertKnownOptions(options, optionNames, 'evaluate()')
  const { data, out, protocol, asvScores, asvPreset, signal, onProgress, ...detectorOptions } = options
  if (typeof data !== 'string' || typeof out !== 'string')
    throw new ArgumentTypeError('data and out must be paths')
  if ((detectorOptions.model as unknown) === undefined) {
    throw new ArgumentTypeError('evaluate() needs a model: its figures are about one')
  }
  assertAsvChoice({ asvScores, asvPreset })
  checkSignal(signal)?.throwIfAborted()
  // Everything that can be wrong with the input is found before a file is written.
  const corpus = await openCorpus(data, { protocol })
  const files = new EvaluationFiles(out)
  // Written between two results: sessions can be lost before there is a folder, and while a line is being written.
  const failovers: RunEvent[] = []
  const detector = await Detector.load({
    ...detectorOptions,
    onFailover: ({ place, error, replacement }) => {
      const time = new Date().toISOString()
      const { message } = error
      failovers.push({ event: 'failover', time, place, code: errorCode(error), message, replacement })
    },
    ...(signal && { signal }),
  })
  try {
    const configuredPath = detector.config?.asvScorePath
    const asv = await findAsvSource({ asvScores, asvPreset, data, configuredPath, trials: corpus.trials })
    const manifest = manifestOf(corpus, detector, options)
    await files.begin(manifest)
    try {
      await files.record({ event: 'start', ...manifest })
      const run = await scoreCorpus({ corpus, detector, files, failovers, signal, onProgress })
      const summary = summarizeScores({ trials: run.trials, asv })
      const metrics = metricsOf({ corpus, detector, run, summary })
      await files.finish(formatEerReport(summary), metrics)
      const failed = run.failures.length
      await files.record(...failovers, { event: 'end', scored: corpus.trials.length - failed, failed })
      return { metrics, failures: run.failures, files: files.paths() }
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

function stopped(error: unknown): RunEvent {
  return { event: 'stopped', reason: error instanceof Error ? error.message : String(error) }
}

function metricsOf(parts: {
  corpus: Corpus
  detector: Detector
  run: ScoredRun
  summary: MetricsSummary
}): EvaluationMetrics {
  const { corpus, detector, run, summary } = parts
  const { protocolPath: path, protocolSha256: sha256, trials } = corpus
  const { elapsedSeconds, clipsPerSecond } = run.progress
  return {
    ...summary,
    missingByCode: countByCode(run.failures),
    provenance: {
      date: new Date().toISOString(),
      versions: versions(),
      device: deviceText(detector),
      model: detector.provenance,
      protocol: { path, sha256, utterances: trials.length },
      elapsedSeconds,
      clipsPerSecond,
    },
  }
}

interface ScoredRun {
  readonly trials: readonly ScoredTrial[]
  readonly failures: readonly FailedUtterance[]
  readonly progress: Progress
}

async function scoreCorpus(parts: {
  corpus: Corpus
  detector: Detector
  files: EvaluationFiles
  failovers: RunEvent[]
  signal: AbortSignal | undefined
  onProgress: ((progress: Progress) => void) | undefined
}): Promise<ScoredRun> {
  const { corpus, detector, files, failovers, signal, onProgress } = parts
  const trials: ScoredTrial[] = []
  const failures: FailedUtterance[] = []
  const present = corpus.trials.flatMap(({ audioPath }) => (audioPath === undefined ? [] : [audioPath]))
  const progress = startProgress({ utterances: corpus.trials.length, files: present.length })
  let withFile = 0
  const scores = detector.scoreFiles(present, { ...(signal && { signal }) })
  try {
    for (const trial of corpus.trials) {
      const { utterance, key, attack, audioPath } = trial
      const result = audioPath === undefined ? missingFile(trial, corpus) : (await scores.next()).value!
      if (result.error === undefined) {
        await files.append({ utterance, key, attack, score: result.score })
        trials.push({ key, attack, score: result.score })
      } else {
        const { code, message } = result.error
        failures.push({ utterance, file: audioPath ?? null, error: result.error })
        trials.push({ key, attack, score: undefined })
        await files.record({ event: 'failed', utterance, file: audioPath ?? null, code, message })
      }
      if (failovers.length > 0) await files.record(...failovers.splice(0))
      if (audioPath !== undefined) withFile += 1
      onProgress?.(progress({ done: trials.length, failed: failures.length, files: withFile }))
    }
  } finally {
    await scores.return()
  }
  return {
    trials,
    failures,
    progress: progress({ done: trials.length, failed: failures.length, files: withFile }),
  }
}

function missingFile({ utterance }: CorpusTrial, { audioFolder }: Corpus): { readonly error: AudioError } {
  const message = `${utterance} has no file in ${audioFolder}; expected ${utterance}.flac or ${utterance}.wav`
  return { error: new AudioError('AUDIO_NOT_FOUND', message, { utterance }) }
}

function countByCode(failures: readonly FailedUtterance[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { error } of failures) counts[error.code] = (counts[error.code] ?? 0) + 1
  return counts
}

function deviceText({ device }: Detector): string {
  return device.kind === 'cpu'
    ? `cpu (${device.threads} threads, ${cpuClass()})`
    : `npu ${device.id} (${device.socName})`
}

/** Everything a score can depend on. Paths and dates are not among it: moving a corpus changes nothing. */
function manifestOf(corpus: Corpus, detector: Detector, options: EvaluateOptions): Manifest {
  const { provenance } = detector
  return {
    modelSha256: provenance.sha256,
    configSha256: provenance.configSha256,
    graphSha256: provenance.graphSha256,
    conversion: provenance.conversion === null ? null : JSON.stringify(provenance.conversion),
    batch: detector.batch,
    runtime: `onnxruntime ${versions().onnxruntime ?? 'none'}`,
    cpu: cpuClass(),
    audio: JSON.stringify({
      resample: options.resample ?? 'convert',
      channels: options.channels ?? 'average',
    }),
    protocolSha256: corpus.protocolSha256,
    utterances: corpus.trials.length,
  }
}
