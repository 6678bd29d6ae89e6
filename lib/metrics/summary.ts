import { MetricsError } from '../errors'
import type { AsvOperatingPoint } from './asv'
import { computeCllr } from './cllr'
import { computeActDcf, minDcfOfCurve } from './dcf'
import { detCurveOfSorted, type DetCurve } from './det'
import { eerOfCurve, tieProperEerOfCurve } from './eer'
import { sortedScores, type SortedScores } from './scores'
import { minTdcfOfCurve, tdcfWeights } from './tdcf'

/** One trial of an evaluation list. `score` is undefined where the clip could not be scored. */
export interface ScoredTrial {
  readonly key: 'bonafide' | 'spoof'
  /** Name of the attack, such as `A07`; undefined for bona fide trials and where the list does not say. */
  readonly attack?: string | undefined
  /** Higher means more bona fide. */
  readonly score: number | undefined
}

export interface ScoresToSummarize {
  readonly trials: readonly ScoredTrial[]
  /** Where the speaker verification system stands, and where that was taken from (it is recorded as it is). */
  readonly asv?: { readonly operatingPoint: AsvOperatingPoint; readonly source: string } | undefined
}

export interface AttackSummary {
  /** All bona fide trials against this attack's; fraction, order within ties as in `computeEer`. */
  readonly eer: number | null
  /** t-DCF `v1` of the same trials, at the one operating point of the whole list. */
  readonly minTdcf: number | null
}

export interface AsvSummary extends AsvOperatingPoint {
  readonly source: string
  /** Weights of t-DCF `v1` at this operating point; null when there are none. */
  readonly c1: number | null
  readonly c2: number | null
  /** Constant of t-DCF `v2`. */
  readonly c0V2: number | null
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
 * @throws MetricsError `METRICS_INVALID` when a score is NaN or infinite
 */
export function summarizeScores({ trials, asv }: ScoresToSummarize): MetricsSummary {
  const groups = groupTrials(trials)
  const bonafide = sortedOrEmpty(groups.bonafide, 'bona fide')
  const spoof = sortedOrEmpty(groups.spoof, 'spoof')
  const missingClass = reasonOfMissingClass(bonafide, spoof)
  const curve = missingClass === undefined ? detCurveOfSorted(bonafide, spoof) : undefined
  const unavailable: [string, string][] = []
  const warnings: string[] = []

  const tandem = tandemOf(asv)
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
  const asvPoint = tandem.reason === undefined ? tandem.operatingPoint : undefined

  const perAttack: [string, AttackSummary][] = []
  for (const [attack, scores] of [...groups.attacks].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const attackScores = sortedOrEmpty(scores, `attack ${attack}`)
    const reason =
      bonafide.length === 0
        ? reasonOfMissingClass(bonafide, spoof)
        : attackScores.length === 0
          ? `no trial of attack ${attack} has a score`
          : undefined
    if (reason !== undefined) {
      unavailable.push([`perAttack.${attack}`, reason])
      if (missingClass === undefined) warnings.push(`nothing can be computed for attack ${attack}: ${reason}`)
      perAttack.push([attack, { eer: null, minTdcf: null }])
      continue
    }
    perAttack.push([attack, attackSummary(detCurveOfSorted(bonafide, attackScores), asvPoint)])
  }

  const rates = ratesOf(curve, asvPoint)
  warnings.push(...warningsAbout(groups, curve, rates.eer))
  return {
    ...rates,
    actDcf: curve === undefined ? null : computeActDcf(bonafide, spoof).actDcf,
    cllr: curve === undefined ? null : computeCllr(bonafide, spoof),
    bonafide: bonafide.length,
    spoof: spoof.length,
    missing: groups.missing,
    perAttack: Object.fromEntries(perAttack),
    asv: tandem.summary,
    unavailable: Object.fromEntries(unavailable),
    warnings,
  }
}

interface TrialGroups {
  readonly bonafide: readonly number[]
  readonly spoof: readonly number[]
  /** Every attack of the list, also those of which no trial has a score. */
  readonly attacks: ReadonlyMap<string, readonly number[]>
  readonly unnamedSpoof: number
  readonly missing: number
}

function groupTrials(trials: readonly ScoredTrial[]): TrialGroups {
  const bonafide: number[] = []
  const spoof: number[] = []
  const attacks = new Map<string, number[]>()
  let unnamedSpoof = 0
  let missing = 0
  for (const { key, attack, score } of trials) {
    let attackScores: number[] | undefined
    if (key === 'spoof' && attack !== undefined) {
      attackScores = attacks.get(attack)
      if (attackScores === undefined) attacks.set(attack, (attackScores = []))
    }
    if (score === undefined) {
      missing++
    } else if (key === 'bonafide') {
      bonafide.push(score)
    } else {
      spoof.push(score)
      attackScores?.push(score)
      if (attackScores === undefined) unnamedSpoof++
    }
  }
  return { bonafide, spoof, attacks, unnamedSpoof, missing }
}

function sortedOrEmpty(scores: readonly number[], className: string): SortedScores {
  return scores.length === 0 ? (new Float64Array() as SortedScores) : sortedScores(scores, className)
}

function reasonOfMissingClass(bonafide: SortedScores, spoof: SortedScores): string | undefined {
  if (bonafide.length === 0 && spoof.length === 0) return 'no trial has a score'
  if (bonafide.length === 0) return 'no bona fide trial has a score'
  if (spoof.length === 0) return 'no spoof trial has a score'
  return undefined
}

interface Tandem {
  readonly operatingPoint: AsvOperatingPoint | undefined
  /** Why there is no t-DCF, if there is none. */
  readonly reason: string | undefined
  readonly summary: AsvSummary | null
}

function tandemOf(asv: ScoresToSummarize['asv']): Tandem {
  if (asv === undefined) {
    return {
      operatingPoint: undefined,
      reason: 'no ASV scores or operating point were given',
      summary: null,
    }
  }
  const { operatingPoint, source } = asv
  const { eer, threshold, pFa, pMiss, pMissSpoof } = operatingPoint
  const point = { source, eer, threshold, pFa, pMiss, pMissSpoof }
  try {
    const { c1, c2 } = tdcfWeights(operatingPoint, { version: 'v1' })
    const { c0 } = tdcfWeights(operatingPoint, { version: 'v2' })
    return { operatingPoint, reason: undefined, summary: { ...point, c1, c2, c0V2: c0 } }
  } catch (error) {
    if (!(error instanceof MetricsError)) throw error
    return { operatingPoint, reason: error.message, summary: { ...point, c1: null, c2: null, c0V2: null } }
  }
}

type Rates = Pick<
  MetricsSummary,
  'eer' | 'eerThreshold' | 'eerTieProper' | 'minTdcf' | 'minTdcfThreshold' | 'minTdcfV2' | 'minDcf'
>

function ratesOf(curve: DetCurve | undefined, operatingPoint: AsvOperatingPoint | undefined): Rates {
  const official = curve && eerOfCurve(curve)
  const tandem = curve && operatingPoint && minTdcfOfCurve(curve, operatingPoint)
  const revised = curve && operatingPoint && minTdcfOfCurve(curve, operatingPoint, { version: 'v2' })
  return {
    eer: official?.eer ?? null,
    eerThreshold: official?.threshold ?? null,
    eerTieProper: curve ? tieProperEerOfCurve(curve).eer : null,
    minTdcf: tandem?.minTdcf ?? null,
    minTdcfThreshold: tandem?.threshold ?? null,
    minTdcfV2: revised?.minTdcf ?? null,
    minDcf: curve ? minDcfOfCurve(curve).minDcf : null,
  }
}

function attackSummary(curve: DetCurve, operatingPoint: AsvOperatingPoint | undefined): AttackSummary {
  return {
    eer: eerOfCurve(curve).eer,
    minTdcf: operatingPoint === undefined ? null : minTdcfOfCurve(curve, operatingPoint).minTdcf,
  }
}

function warningsAbout(groups: TrialGroups, curve: DetCurve | undefined, eer: number | null): string[] {
  const warnings: string[] = []
  const { missing, unnamedSpoof } = groups
  if (missing > 0) {
    const total = missing + groups.bonafide.length + groups.spoof.length
    warnings.push(`${missing} of ${total} trials have no score; the metrics are those of the others`)
  }
  if (unnamedSpoof > 0 && groups.attacks.size > 0) {
    warnings.push(`${unnamedSpoof} spoof trials name no attack; they count in the totals only`)
  }
  if (eer !== null && eer > 0.5) {
    warnings.push(
      `the EER is above 50 %: are the scores' signs inverted? Higher must mean more bona fide (bona fide 1, spoof 0)`,
    )
  }
  if (curve !== undefined && hasFewerThanThreeValues(curve)) {
    warnings.push(
      'the scores take fewer than three values: these look like decisions, and error rates need scores',
    )
  }
  return warnings
}

// The official t-DCF tools refuse such input outright.
function hasFewerThanThreeValues({ thresholds }: DetCurve): boolean {
  let changes = 0
  for (let point = 2; point < thresholds.length; point++) {
    if (thresholds[point] !== thresholds[point - 1] && ++changes === 2) return false
  }
  return true
}
