import { computeCllr } from './cllr'
import { rankSorted } from './ranking'
import { attackRatesOf, ratesOf } from './rates'
import { countUpTo } from './scores'
import { tandemOf, type AsvSource, type AsvSummary } from './tandem'
import { classesOf, reasonOfMissingClass, type ScoredTrial, type TrialClasses } from './trial-classes'

export interface ScoresToSummarize {
  /** Gone through once. */
  readonly trials: Iterable<ScoredTrial>
  readonly asv?: AsvSource | undefined
}

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

const NO_RATES = {
  eer: null,
  eerThreshold: null,
  eerTieProper: null,
  minTdcf: null,
  minTdcfThreshold: null,
  minTdcfV2: null,
  minDcf: null,
  actDcf: null,
} as const

/**
 * Every metric of a set of scored trials. Missing scores and missing classes make values null, never an error.
 *
 * @throws MetricsError `METRICS_INVALID` when a score is NaN or infinite, or a key is neither `bonafide` nor `spoof`
 */
export function summarizeScores({ trials, asv }: ScoresToSummarize): MetricsSummary {
  const classes = classesOf(trials)
  const { bonafide, spoof, missing } = classes
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

  const perAttack: [string, AttackSummary][] = []
  for (const [attack, scores] of classes.attacks) {
    if (bonafide.length > 0 && scores.length > 0) {
      perAttack.push([attack, attackRatesOf(rankSorted(bonafide, scores), tandem.operatingPoint)])
      continue
    }
    const reason = missingClass ?? `no trial of attack ${attack} has a score`
    unavailable.push([`perAttack.${attack}`, reason])
    if (missingClass === undefined) warnings.push(`nothing can be computed for attack ${attack}: ${reason}`)
    perAttack.push([attack, { eer: null, minTdcf: null }])
  }

  const rates =
    missingClass === undefined ? ratesOf(rankSorted(bonafide, spoof), tandem.operatingPoint) : NO_RATES
  warnings.push(...warningsAbout(classes, rates.eer))
  return {
    ...rates,
    cllr: missingClass === undefined ? computeCllr(bonafide, spoof) : null,
    bonafide: bonafide.length,
    spoof: spoof.length,
    missing,
    perAttack: Object.fromEntries(perAttack),
    asv: tandem.summary,
    unavailable: Object.fromEntries(unavailable),
    warnings,
  }
}

function warningsAbout(classes: TrialClasses, eer: number | null): string[] {
  const warnings: string[] = []
  const { bonafide, spoof, attacks, missing, unnamedSpoof } = classes
  if (missing > 0) {
    const total = missing + bonafide.length + spoof.length
    warnings.push(`${missing} of ${total} trials have no score; the metrics are those of the others`)
  }
  if (unnamedSpoof > 0 && attacks.size > 0) {
    warnings.push(`${unnamedSpoof} spoof trials name no attack; they count in the totals only`)
  }
  if (eer !== null && eer > 0.5) {
    warnings.push(
      `the EER is above 50 %: are the scores' signs inverted? Higher must mean more bona fide (bona fide 1, spoof 0)`,
    )
  }
  if (eer !== null && hasFewerThanThreeValues(classes)) {
    warnings.push(
      'the scores take fewer than three values: these look like decisions, and error rates need scores',
    )
  }
  return warnings
}

// The official t-DCF tools refuse such input outright.
function hasFewerThanThreeValues({ bonafide, spoof }: TrialClasses): boolean {
  const lowest = Math.min(bonafide[0]!, spoof[0]!)
  const highest = Math.max(bonafide.at(-1)!, spoof.at(-1)!)
  return [bonafide, spoof].every(scores => (scores[countUpTo(scores, lowest)] ?? highest) === highest)
}
