/** Metrics from score files alone: no audio, no model. */
import { readProtocol, readScoreFile, type Protocol, type ScoreFile, type Trial } from '../dataset'
import { ArgumentTypeError, assertKnownOptions } from '../errors'
import type { BootstrapProgress, ScoredTrial } from '../metrics'
import { checkSignal } from '../session/arguments'
import { assertAsvChoice, findAsvSource, type AsvPreset } from './asv-source'
import {
  assertIntervalOptions,
  measureTrials,
  type IntervalOptions,
  type ScoredMetrics,
} from './scored-metrics'
import { versions, type Versions } from './versions'

export interface ScoreFileMetricsOptions {
  /** Path of the countermeasure scores. */
  readonly scores: string
  /** Path of the protocol they belong to; default: the score file says itself which trials are bona fide. */
  readonly protocol?: string
  /** Path of ASV scores for the t-DCF. */
  readonly asvScores?: string
  /** A published ASV operating point instead. Without either: `la2019-eval` when every utterance is an `LA_E_…` one. */
  readonly asvPreset?: AsvPreset
  /** Bootstrap confidence intervals too; `{}` for 1,000 replicates, 95 %, seed 1. */
  readonly ci?: IntervalOptions
  readonly signal?: AbortSignal
  /** Called after every replicate of the bootstrap. */
  readonly onProgress?: (progress: BootstrapProgress) => void
}

/** metrics.json of a score file. */
export interface ScoreFileMetrics extends ScoredMetrics {
  readonly provenance: {
    readonly date: string
    readonly versions: Versions
    /** The file, and how its columns were understood. */
    readonly scores: Pick<ScoreFile, 'path' | 'sha256' | 'layout'>
    /** Null when the score file spoke for itself. */
    readonly protocol: { readonly path: string; readonly sha256: string; readonly utterances: number } | null
  }
}

export interface ScoreFileEvaluation {
  readonly metrics: ScoreFileMetrics
  /** Trials of the protocol without a score, in its order; the metrics are those of the others. */
  readonly missing: readonly Trial[]
}

const optionNames = ['scores', 'protocol', 'asvScores', 'asvPreset', 'ci', 'signal', 'onProgress']

/**
 * Computes what metrics.json holds from a score file of nearly any layout: columns are recognised by what they hold,
 * and joined with the protocol by utterance. Files may be gzip.
 *
 * @throws DatasetError SCORES_INVALID, PROTOCOL_INVALID with file and line
 * @throws ArgumentTypeError, ArgumentRangeError INVALID_ARGUMENT, UNKNOWN_OPTION; and the signal's reason
 * @example
 * const { metrics } = await metricsOfScoreFile({ scores: 'AASIST_scores.txt' })
 * console.log(`EER ${(100 * metrics.eer!).toFixed(3)} %`)
 */
export async function metricsOfScoreFile(options: ScoreFileMetricsOptions): Promise<ScoreFileEvaluation> {
  assertKnownOptions(options, optionNames, 'metricsOfScoreFile()')
  const { asvScores, asvPreset, ci, onProgress } = options
  assertPath('scores', options.scores)
  if (options.protocol !== undefined) assertPath('protocol', options.protocol)
  assertIntervalOptions(ci)
  assertAsvChoice({ asvScores, asvPreset })
  const signal = checkSignal(options.signal)
  signal?.throwIfAborted()
  const protocol = options.protocol === undefined ? undefined : await readProtocol(options.protocol)
  signal?.throwIfAborted()
  const scores = await readScoreFile(options.scores, { protocol })
  signal?.throwIfAborted()
  const asv = await findAsvSource({ asvScores, asvPreset, trials: protocol?.trials ?? scores.trials })
  signal?.throwIfAborted()
  const measured = await measureTrials({
    trials: () => trialsOf(scores),
    asv,
    ci,
    signal,
    onReplicate: onProgress,
  })
  return { metrics: { ...measured, provenance: provenanceOf(scores, protocol) }, missing: scores.missing }
}

function assertPath(option: string, value: unknown): void {
  if (typeof value !== 'string') {
    throw new ArgumentTypeError(`${option} must be the path of a file, found ${typeof value}`, { option })
  }
}

function* trialsOf({ trials, missing }: ScoreFile): Generator<ScoredTrial> {
  yield* trials
  for (const { key, attack } of missing) yield { key, attack, score: undefined }
}

function provenanceOf(scores: ScoreFile, protocol: Protocol | undefined): ScoreFileMetrics['provenance'] {
  const { path, sha256, layout } = scores
  return {
    date: new Date().toISOString(),
    versions: versions(),
    scores: { path, sha256, layout },
    protocol:
      protocol === undefined
        ? null
        : { path: protocol.path, sha256: protocol.sha256, utterances: protocol.trials.length },
  }
}
