import { assertScored } from './arguments'
import { cllrOfParts } from './cllr'
import { rankSorted, RankingPool, thresholdOf, type Ranking } from './ranking'
import { attackRatesOf, ratesOf } from './rates'
import { countUpTo } from './scores'
import { tandemOf, type AsvSource, type AsvSummary, type TandemWeights } from './tandem'
import { classesOf, reasonOfMissingClass, type TrialClasses, type TrialsOrScores } from './trial-classes'

export type ScoresToSummarize = TrialsOrScores & { readonly asv?: AsvSource | undefined }

export interface AttackSummary {
  /** All bona fide trials against this attack's; fraction, order within ties as in `computeEer`. */
  readonly eer: number | null
  /** t-DCF `v1` of the same trials, at the one operating point of the whole list. */
  readonly minTdcf: number | null
}

/**
 * The metrics part of metrics.json. Rates are fractions, not percent. What cannot be computed is null; `unavailable`
 * holds the reason under the name of the value (`eer`, `minTdcf`, `perAttack.A07`), `warnings` says it in sentences.
 */
export interface MetricsSummary {
  readonly eer: number | null
  readonly eerThreshold: number | null
  readonly eerTieProper: number | null
  /** t-DCF `v1`, the one of the ASVspoof 2019 challenge. */
  readonly minTdcf: number | null
  readonly minTdcfThreshold: number | null
  readonly minTdcfV2: number | null
  readonly minDcf: number | null
  readonly actDcf: number | null
  readonly cllr: number | null
  /** Scored trials of each class, and trials of either without a score. */
  readonly bonafide: number
  readonly spoof: number
  readonly missing: number
  readonly perAttack: Readonly<Record<string, AttackSummary>>
  readonly asv: AsvSummary | null
  readonly unavailable: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

/**
 * Every metric of a set of scored trials. Missing scores and missing classes make values null, never an error.
 *
 * @throws MetricsError `METRICS_INVALID` when a score is NaN or infinite, or a key is neither `bonafide` nor `spoof`
 */
export function summarizeScores(request: ScoresToSummarize): MetricsSummary {
  assertScored(request, 'summarizeScores()')
  const { asv, ...trialsOrScores } = request
  const classes = classesOf(trialsOrScores)
  const { bonafide, unnamed, spoofCount, missing } = classes
  const missingClass = reasonOfMissingClass(classes)
  const tandem = tandemOf(asv)
  const unavailable: [string, string][] = []
  const warnings: string[] = []

  const tdcfReason = missingClass ?? tandem.reason
  if (missingClass !== undefined) {
    for (const name of ['eer', 'eerTieProper', 'minDcf', 'actDcf', 'cllr'])
      unavailable.push([name, missingClass])
    warnings.push(`no error rate or cost can be computed: ${missingClass}`)
  }
  if (tdcfReason !== undefined) {
    for (const name of ['minTdcf', 'minTdcfV2']) unavailable.push([name, tdcfReason])
    if (missingClass === undefined) warnings.push(`the min t-DCF cannot be computed: ${tdcfReason}`)
  }

  const pool = new RankingPool(bonafide)
  const perAttack: [string, AttackSummary][] = []
  for (const [attack, scores] of classes.attacks) {
    if (bonafide.length > 0 && scores.length > 0) {
      const ranking = rankSorted(bonafide, scores)
      pool.add(ranking)
      perAttack.push([attack, attackRatesOf(ranking, tandem.weights)])
      continue
    }
    const reason = missingClass ?? `no trial of attack ${attack} has a score`
    unavailable.push([`perAttack.${attack}`, reason])
    if (missingClass === undefined) warnings.push(`nothing can be computed for attack ${attack}: ${reason}`)
    perAttack.push([attack, { eer: null, minTdcf: null }])
  }
  if (unnamed.length > 0) pool.add(rankSorted(bonafide, unnamed))

  const ranking = missingClass === undefined ? pool.ranking() : undefined
  const figures = ranking === undefined ? NO_FIGURES : figuresOf(ranking, tandem.weights)
  warnings.push(...warningsAbout(classes, figures, ranking))
  return {
    ...figures,
    bonafide: bonafide.length,
    spoof: spoofCount,
    missing,
    perAttack: Object.fromEntries(perAttack),
    asv: tandem.summary,
    unavailable: Object.fromEntries(unavailable),
    warnings,
  }
}

const NO_FIGURES = {
  eer: null,
  eerThreshold: null,
  eerTieProper: null,
  minTdcf: null,
  minTdcfThreshold: null,
  minTdcfV2: null,
  minDcf: null,
  actDcf: null,
  cllr: null,
} as const

function figuresOf(
  ranking: Ranking,
  tandem: TandemWeights | undefined,
): Pick<MetricsSummary, keyof typeof NO_FIGURES> {
  const { rates, points } = ratesOf(ranking, tandem)
  return {
    eer: rates.eer,
    eerThreshold: thresholdOf(ranking, points.eer),
    eerTieProper: rates.eerTieProper,
    minTdcf: rates.minTdcf,
    minTdcfThreshold: points.minTdcf === undefined ? null : thresholdOf(ranking, points.minTdcf),
    minTdcfV2: rates.minTdcfV2,
    minDcf: rates.minDcf,
    actDcf: rates.actDcf,
    cllr: cllrOfParts(ranking.bonafide, ranking.spoof),
  }
}

function warningsAbout(
  { bonafide, attacks, unnamed, spoofCount, missing }: TrialClasses,
  { eer, eerTieProper }: Pick<MetricsSummary, 'eer' | 'eerTieProper'>,
  ranking: Ranking | undefined,
): string[] {
  const warnings: string[] = []
  if (missing > 0) {
    const total = missing + bonafide.length + spoofCount
    warnings.push(`${missing} of ${total} trials have no score; the metrics are those of the others`)
  }
  if (unnamed.length > 0 && attacks.size > 0) {
    warnings.push(`${unnamed.length} spoof trials name no attack; they count in the totals only`)
  }
  // The official one is 100 % for equal scores too, which have no sign to turn.
  if (eer !== null && eer > 0.5 && eerTieProper! > 0.5) {
    warnings.push(
      `the EER is above 50 %: are the scores' signs inverted? Higher must mean more bona fide (bona fide 1, spoof 0)`,
    )
  }
  if (ranking !== undefined && hasFewerThanThreeValues(ranking)) {
    warnings.push(
      'the scores take fewer than three values: these look like decisions, and error rates need scores',
    )
  }
  return warnings
}

// The official t-DCF tools refuse such input outright.
function hasFewerThanThreeValues({ bonafide, spoof }: Ranking): boolean {
  const parts = [bonafide, ...spoof]
  const lowest = Math.min(...parts.map(scores => scores[0]!))
  const highest = Math.max(...parts.map(scores => scores.at(-1)!))
  return parts.every(scores => (scores[countUpTo(scores, lowest)] ?? highest) === highest)
}
