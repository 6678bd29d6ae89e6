/** The part of metrics.json that is about the scores, wherever they come from. */
import { assertKnownOptions } from '../errors'
import {
  bootstrapIntervals,
  computeEer,
  summarizeScores,
  type AsvSource,
  type BootstrapProgress,
  type ConfidenceIntervals,
  type MetricsSummary,
  type ScoredTrial,
} from '../metrics'
import { bootstrapSettings } from '../metrics/bootstrap-options'

/** How confidence intervals are estimated; defaults as in `bootstrapIntervals`: 1,000 replicates, 95 %, seed 1. */
export interface IntervalOptions {
  /** 1…100,000. */
  readonly replicates?: number
  /** Above 0 and below 1. */
  readonly level?: number
  readonly seed?: number
}

export interface ScoredMetrics extends MetricsSummary {
  /** Bootstrap confidence intervals, where they were asked for. */
  readonly ci?: ConfidenceIntervals
}

/**
 * To be called before anything that takes long.
 * @throws ArgumentRangeError, ArgumentTypeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`
 */
export function assertIntervalOptions(ci: IntervalOptions | undefined): void {
  if (ci === undefined) return
  assertKnownOptions(ci, ['replicates', 'level', 'seed'], 'ci')
  bootstrapSettings(ci)
}

export interface TrialsToMeasure {
  /** All trials, those without a score too. Called anew for every pass over them. */
  readonly trials: () => Iterable<ScoredTrial>
  readonly asv?: AsvSource | undefined
  /** Confidence intervals too; none when undefined. */
  readonly ci?: IntervalOptions | undefined
  readonly signal?: AbortSignal | undefined
  /** Called after every replicate of the bootstrap. */
  readonly onReplicate?: ((progress: BootstrapProgress) => void) | undefined
}

/**
 * Metrics of a set of trials, with confidence intervals where they are asked for. When the EER is above 50 %, a warning
 * says what it would be with the signs of the scores turned.
 *
 * @throws ArgumentRangeError, ArgumentTypeError as for {@link assertIntervalOptions}; and the signal's reason
 */
export async function measureTrials(request: TrialsToMeasure): Promise<ScoredMetrics> {
  const { trials, asv, ci, signal, onReplicate } = request
  const summary = summarizeScores({ trials: trials(), asv })
  const warnings = [...summary.warnings, ...signHint(summary, trials)]
  if (ci === undefined) return { ...summary, warnings }
  const intervals = await bootstrapIntervals(
    { trials: trials(), asv },
    { ...ci, ...(signal && { signal }), ...(onReplicate && { onProgress: onReplicate }) },
  )
  return { ...summary, warnings, ci: intervals }
}

/** The hint that the summary gives, in figures: whether turning the signs is the remedy shows at once. */
function signHint({ eer }: MetricsSummary, trials: () => Iterable<ScoredTrial>): string[] {
  if (eer === null || eer <= 0.5) return []
  const turned: Record<ScoredTrial['key'], number[]> = { bonafide: [], spoof: [] }
  for (const { key, score } of trials()) if (score !== undefined) turned[key].push(-score)
  const turnedEer = computeEer(turned.bonafide, turned.spoof).eer
  if (turnedEer >= eer) return []
  const percent = 100 * turnedEer
  return [`with the sign of every score turned, the EER would be ${percent.toFixed(3)} %`]
}
