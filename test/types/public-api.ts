/**
 * Compiled, never run: how the public interface is used, and which mistakes the compiler must catch. Compiled here
 * against lib, and by test/pack against the packed package in every way TypeScript resolves it.
 */
import {
  AasistError,
  bootstrapIntervals,
  computeADcf,
  computeEer,
  computeTdcf,
  convertCheckpoint,
  createPool,
  createSession,
  Detector,
  evaluate,
  LA2019_EVAL_OPERATING_POINT,
  metricsOfScoreFile,
  parseConfig,
  readCheckpoint,
  SessionError,
  summarizeScores,
  type BootstrapOptions,
  type Clip,
  type ConfidenceInterval,
  type ConfidenceIntervals,
  type Device,
  type ErrorCode,
  type Evaluation,
  type FileScore,
  type Recording,
  type RecordingOptions,
  type RecordingSegment,
  Segmenter,
  type IntervalOptions,
  type MetricsSummary,
  type Outputs,
  type Progress,
  type Score,
  type ScoredMetrics,
  type ScoreFileEvaluation,
  type ScoreFileMetrics,
  type ScoreFileMetricsOptions,
  type ScoredTrial,
  type Session,
  type SessionRunMessage,
  type SessionErrorCode,
} from '../../lib'
import { registerAscendBackend, type BackendRegistry } from '../../lib/onnxruntime'

type Assignable<From extends To, To> = [From, To]
type Same<A extends B, B extends C, C = A> = [A, B, C]

export type Checks = [
  // A decision is a word or null, never a boolean.
  Same<Score['decision'], 'bonafide' | 'spoof' | null>,
  Same<SessionError['code'], SessionErrorCode>,
  Assignable<SessionErrorCode, ErrorCode>,
  Assignable<Extract<FileScore, { error?: undefined }>, Score>,
]

declare function takesNumber(value: number): void
declare function takesScore(value: Score): void

// A detector and a session end with the block they are declared in.
export async function scoreOne(clip: Clip, signal: AbortSignal): Promise<Score> {
  await using detector = await Detector.load({ model: 'AASIST-L.pth', threshold: 0, signal })
  return await detector.score(clip, { signal, timeoutMs: 1000 })
}

export async function run(onnx: Uint8Array): Promise<Outputs> {
  await using session = await createSession({ onnx }, { device: 'cpu', threads: 1 })
  await using pool = await createPool(onnx, { sessions: 2, queueLimit: 8 })
  const either: Session = Math.random() < 0.5 ? session : pool
  return await either.run({ input: { type: 'float32', dims: [1, 4], data: new Float32Array(4) } }, ['logits'])
}

export const clips: readonly Clip[] = [
  'call.wav',
  Buffer.alloc(44),
  new Uint8Array(44),
  { samples: new Float32Array(16_000), sampleRateHz: 16_000 },
]
// @ts-expect-error samples without a rate mean nothing
export const rateless: Clip = { samples: new Float32Array(16_000) }

// One file of many has a score or an error, and one look at `error` tells which.
export async function segmentsOf(
  detector: Detector,
  recording: Recording,
): Promise<readonly RecordingSegment[]> {
  const segmenter = new Segmenter()
  const options: RecordingOptions = { hopSeconds: 1, channels: 'each', silenceDbfs: null }
  for await (const window of detector.scoreRecording(recording, options)) {
    if (!window.silent) segmenter.add(window)
  }
  return segmenter.segments()
}

export function describe(result: FileScore): string {
  // @ts-expect-error there may be no score
  takesScore(result)
  if (result.error !== undefined) {
    // @ts-expect-error there is no score beside an error
    takesScore(result)
    return `${result.file} ${result.error.code}`
  }
  const { score, decision, threshold, durationSeconds, warnings } = result
  return [
    result.file,
    score,
    decision,
    threshold,
    durationSeconds,
    ...warnings.map(({ code }) => code),
  ].join()
}

export async function scoreMany(detector: Detector, signal: AbortSignal): Promise<string[]> {
  const lines: string[] = []
  const onProgress = ({ done, failed }: { done: number; failed: number }) => lines.push(`${done} ${failed}`)
  const options = { concurrency: 4, signal, onProgress }
  for await (const result of detector.scoreFiles(['a.wav', 'b.flac'], options)) lines.push(describe(result))
  return lines
}

// Metrics that cannot be computed are null, and the compiler says so.
export async function evaluateCorpus(onProgress: (progress: Progress) => void): Promise<number> {
  const evaluation: Evaluation = await evaluate({
    model: 'AASIST-L.pth',
    data: 'LA',
    out: 'results',
    asvPreset: 'la2019-eval',
    onProgress,
  })
  const { eer, minTdcf } = evaluation.metrics
  // @ts-expect-error it may be null
  takesNumber(eer)
  return (eer ?? 1) + (minTdcf ?? 1)
}

export function convert(checkpoint: Uint8Array, config: string): Uint8Array {
  const { nbSamp } = parseConfig(config).model
  const tensor = readCheckpoint(checkpoint).get('out_layer.weight')
  const shape: readonly number[] = tensor?.shape ?? [nbSamp]
  return convertCheckpoint(checkpoint, config, { batch: shape.length, target: 'cpu' })
}

export function measure(
  bonafide: readonly number[],
  spoof: Float64Array,
): [number, number, ...MetricsSummary[]] {
  return [
    computeEer(bonafide, spoof).eer,
    computeTdcf(bonafide, spoof, LA2019_EVAL_OPERATING_POINT, { version: 'v2' }).minTdcf,
    summarizeScores({ scores: { bonafide, attacks: { A07: spoof } } }),
    summarizeScores({ trials: [{ key: 'spoof', attack: 'A07', score: 0.5 }] }),
  ]
}

// Trials may come from anything that can be gone through, and an interval is two numbers or null.
export async function measureWithIntervals(
  trials: Iterable<ScoredTrial>,
  signal: AbortSignal,
): Promise<readonly ConfidenceInterval[]> {
  const options: BootstrapOptions = {
    replicates: 200,
    level: 0.9,
    seed: 7,
    signal,
    onProgress: () => undefined,
  }
  const intervals: ConfidenceIntervals = await bootstrapIntervals({ trials }, options)
  // @ts-expect-error it may be null
  takesNumber(intervals.eer[0])
  const { eer, perAttack } = intervals
  if (eer !== null) takesNumber(eer[1] - eer[0])
  return [eer, ...Object.values(perAttack).map(({ minTdcf }) => minTdcf)]
}

export function measureVerifier(target: Float32Array, nontarget: readonly number[]): number {
  const { aDcf, threshold } = computeADcf({ target: target, nontarget, spoof: [0] })
  return aDcf + threshold
}

// The class of an error narrows its code.
export function codeOf(error: unknown): ErrorCode | undefined {
  if (error instanceof SessionError) {
    const code: SessionErrorCode = error.code
    return code
  }
  return error instanceof AasistError ? error.code : undefined
}

// No declaration of onnxruntime's is needed for it.
export function behindOnnxruntime(ort: BackendRegistry): void {
  registerAscendBackend({ ort })
}

export function whereItRan(device: Device): string {
  return device.kind === 'npu' ? `${device.socName} ${device.id}` : `${device.threads} threads`
}

// Options that do not exist, or are not of their kind.
export const mistakes = [
  // @ts-expect-error a misspelt option
  () => Detector.load({ treshold: 0 }),
  // @ts-expect-error a device is named or numbered
  () => Detector.load({ device: 'gpu' }),
  // @ts-expect-error neither of the two ways to treat other rates
  () => Detector.load({ resample: true }),
  // @ts-expect-error the checkpoint's bytes, not its path
  () => convertCheckpoint('AASIST-L.pth', '{}'),
  // @ts-expect-error no such target
  () => convertCheckpoint(new Uint8Array(), '{}', { target: 'gpu' }),
  // @ts-expect-error trials or scores, not both
  () => summarizeScores({ trials: [], scores: { bonafide: [1], attacks: {} } }),
  // @ts-expect-error a misspelt option
  () => bootstrapIntervals({ trials: [] }, { replicate: 10 }),
  // @ts-expect-error results need a place
  () => evaluate({ data: 'LA' }),
]

// @ts-expect-error the constructor is private: load() awaits what a detector needs
export type Parts = ConstructorParameters<typeof Detector>

// Metrics of a score file: only the file is needed, and what cannot be computed is null.
export async function measureFile(scores: string, ci: IntervalOptions): Promise<ScoredMetrics> {
  const options: ScoreFileMetricsOptions = { scores, protocol: 'protocol.txt', asvPreset: 'la2019-eval', ci }
  const { metrics, missing }: ScoreFileEvaluation = await metricsOfScoreFile(options)
  const { provenance }: ScoreFileMetrics = metrics
  takesNumber(missing.length + provenance.scores.layout.columns.indexOf('score'))
  // @ts-expect-error there may be no figure
  takesNumber(metrics.eer)
  // @ts-expect-error intervals are there only when they were asked for
  takesNumber(metrics.ci.level)
  // @ts-expect-error a protocol alone is nothing to measure
  await metricsOfScoreFile({ protocol: 'protocol.txt' })
  return metrics
}

// What subscribers of the channels are told: all but the device may be missing.
export function shownRun({ device, executingMs, code }: SessionRunMessage): string {
  // @ts-expect-error a run that was refused has no times
  takesNumber(executingMs)
  return `${device.kind} ${(executingMs ?? 0).toFixed(1)} ms ${code ?? 'OK'}`
}
