import { ArgumentRangeError, ArgumentTypeError } from '../errors'
import type { AsvOperatingPoint } from './asv'
import { DCF_COSTS_ASVSPOOF5, minDcfOfRanking, type DcfCostModel } from './dcf'
import { eerOfRanking } from './eer'
import {
  countIn,
  falseAlarmRate,
  missRate,
  leastStep,
  rankingOf,
  thresholdOf,
  type Ranking,
  type Rejected,
} from './ranking'
import { countBelow, countUpTo, firstIndex, type Scores } from './scores'
import { lowestTdcf, tdcfWeights, type TdcfOptions } from './tdcf'

/** Where to draw the line: what is to be equal, lowest, or bounded. */
export type OperatingCriterion =
  | { readonly kind: 'eer' }
  | { readonly kind: 'minDcf'; readonly costModel?: DcfCostModel }
  | { readonly kind: 'minTdcf'; readonly asv: AsvOperatingPoint; readonly options?: TdcfOptions }
  /** At most this share of bona fide clips is taken for spoofs, and as few spoofs pass as that allows. */
  | { readonly kind: 'missRate'; readonly atMost: number }
  /** At most this share of spoofs passes, and as few bona fide clips are refused as that allows. */
  | { readonly kind: 'falseAlarmRate'; readonly atMost: number }

/** A threshold, and what it did to the trials it was found with. */
export interface OperatingPoint {
  /** Scores at or above it are taken for bona fide. It lies half-way between two scores. */
  readonly threshold: number
  /** Share of bona fide trials below it, 0…1. */
  readonly missRate: number
  /** Share of spoof trials at or above it, 0…1. */
  readonly falseAlarmRate: number
}

/**
 * The threshold that meets a criterion, for decisions on other clips. The thresholds of `computeEer` and its like name the
 * highest score that is rejected; this one may be compared with `score ≥ threshold`, and its rates are those of that
 * comparison also among equal scores.
 *
 * @throws MetricsError `METRICS_INVALID` when a class is empty, a score is NaN or infinite, or costs are none
 * @throws ArgumentRangeError, ArgumentTypeError `INVALID_ARGUMENT` for a criterion that is none
 */
export function operatingPoint(
  bonafide: Scores,
  spoof: Scores,
  criterion: OperatingCriterion,
): OperatingPoint {
  assertCriterion(criterion)
  const ranking = rankingOf(bonafide, spoof)
  const threshold = thresholdAbove(ranking, rejectedBy(ranking, criterion))
  return {
    threshold,
    missRate: missRate(ranking, countBelow(ranking.bonafide, threshold)),
    falseAlarmRate: falseAlarmRate(ranking, countIn(ranking.spoof, countBelow, threshold)),
  }
}

function rejectedBy(ranking: Ranking, criterion: OperatingCriterion): Rejected {
  switch (criterion.kind) {
    case 'eer':
      return eerOfRanking(ranking).rejected
    case 'minDcf':
      return minDcfOfRanking(ranking, criterion.costModel ?? DCF_COSTS_ASVSPOOF5).rejected
    case 'minTdcf':
      return lowestTdcf(ranking, tdcfWeights(criterion.asv, criterion.options ?? {})).rejected
    case 'missRate':
      return mostWithin(ranking, assertShare(criterion.kind, criterion.atMost))
    case 'falseAlarmRate':
      return fewestWithin(ranking, assertShare(criterion.kind, criterion.atMost))
  }
}

const kinds: readonly string[] = ['eer', 'minDcf', 'minTdcf', 'missRate', 'falseAlarmRate']

function assertCriterion(criterion: { readonly kind?: unknown } | null | undefined): void {
  if (kinds.includes(String(criterion?.kind))) return
  throw new ArgumentTypeError(
    `a criterion has one of the kinds ${kinds.join(', ')}, found ${JSON.stringify(criterion)}`,
  )
}

/** Rejects as much as the miss rate allows: all below the first bona fide score that must pass. */
function mostWithin(ranking: Ranking, atMost: number): Rejected {
  const { bonafide, spoofBelow } = ranking
  const allowed = firstIndex(0, bonafide.length, count => missRate(ranking, count + 1) > atMost)
  // Bona fide trials of one score are rejected all or none.
  const rejected = allowed === bonafide.length ? allowed : countBelow(bonafide, bonafide[allowed]!)
  return { bonafide: rejected, spoof: spoofBelow[rejected]! }
}

/** Rejects as little as the false alarm rate allows: up to the spoof score that must not pass. */
function fewestWithin(ranking: Ranking, atMost: number): Rejected {
  const { bonafide, spoof, spoofCount } = ranking
  const needed = firstIndex(0, spoofCount, rejected => falseAlarmRate(ranking, rejected) <= atMost)
  if (needed === 0) return { bonafide: 0, spoof: 0 }
  const score = highestRejectedSpoof(ranking, needed)
  return { bonafide: countUpTo(bonafide, score), spoof: countIn(spoof, countUpTo, score) }
}

const highestRejectedSpoof = (ranking: Ranking, rejected: number): number =>
  thresholdOf(ranking, { bonafide: 0, spoof: rejected })

/** Half-way between the highest score that is rejected and the next one, which a rounded score cannot cross. */
function thresholdAbove(ranking: Ranking, rejected: Rejected): number {
  const highest = thresholdOf(ranking, rejected)
  const next = Math.min(
    ...[ranking.bonafide, ...ranking.spoof].map(part => part[countUpTo(part, highest)] ?? Infinity),
  )
  // All are rejected: as far above them as detCurve's first threshold is below.
  if (next === Infinity) return highest + leastStep(highest)
  const middle = highest + (next - highest) / 2
  return middle > highest ? middle : next
}

function assertShare(name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value
  throw new ArgumentRangeError(`${name} is to be at most ${String(value)}; it must be a share from 0 to 1`, {
    option: name,
  })
}
