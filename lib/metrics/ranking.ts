import { sortedScores, type Scores, type SortedScores } from './scores'

/**
 * Two sorted classes and how they interleave: all there is to know for an error rate or a cost. It holds the operating
 * points of `detCurve` in an eighth of the room, because between two bona fide scores only the false alarms change.
 */
export interface Ranking {
  readonly bonafide: SortedScores
  readonly spoof: SortedScores
  /**
   * Element i: how many spoof scores are below bona fide score i, that is how many can be rejected before it. One more
   * element than there are bona fide scores: the last one is the number of spoof scores.
   */
  readonly spoofBelow: Uint32Array
}

/** How many trials of each class an operating point rejects. */
export interface Rejected {
  readonly bonafide: number
  readonly spoof: number
}

/** @throws MetricsError `METRICS_INVALID` when a class is empty or a score is NaN or infinite */
export function rankingOf(bonafide: Scores, spoof: Scores): Ranking {
  return rankSorted(sortedScores(bonafide, 'bona fide'), sortedScores(spoof, 'spoof'))
}

/**
 * @param spoofBelow room for the result's own, for callers that rank again and again
 */
export function rankSorted(
  bonafide: SortedScores,
  spoof: SortedScores,
  spoofBelow: Uint32Array = new Uint32Array(bonafide.length + 1),
): Ranking {
  let below = 0
  for (let index = 0; index < bonafide.length; index++) {
    const score = bonafide[index]!
    while (below < spoof.length && spoof[below]! < score) below++
    spoofBelow[index] = below
  }
  spoofBelow[bonafide.length] = spoof.length
  return { bonafide, spoof, spoofBelow }
}

/** Share of bona fide trials missed, 0…1. */
export function missRate({ bonafide }: Ranking, rejectedBonafide: number): number {
  return rejectedBonafide / bonafide.length
}

/** Share of spoof trials accepted, 0…1. */
export function falseAlarmRate({ spoof }: Ranking, rejectedSpoof: number): number {
  return (spoof.length - rejectedSpoof) / spoof.length
}

/** The highest score rejected; the lowest score of all − 0.001 where none is (see `DetCurve.thresholds`). */
export function thresholdOf({ bonafide, spoof }: Ranking, rejected: Rejected): number {
  if (rejected.bonafide + rejected.spoof === 0) return Math.min(bonafide[0]!, spoof[0]!) - 0.001
  return Math.max(bonafide[rejected.bonafide - 1] ?? -Infinity, spoof[rejected.spoof - 1] ?? -Infinity)
}

/** cost = (constant + miss · P_miss + falseAlarm · P_fa) / norm */
export interface CostWeights {
  readonly constant: number
  readonly miss: number
  readonly falseAlarm: number
  readonly norm: number
}

export interface LowestCost {
  readonly cost: number
  /** Scores up to and including this one are rejected. */
  readonly threshold: number
}

/**
 * The lowest cost of all operating points. Rejecting more spoofs never costs more, so of the points that reject the
 * same bona fide trials the last one will do; it lies between distinct scores, and the order within ties has no say.
 */
export function lowestCost(ranking: Ranking, weights: CostWeights): LowestCost {
  const { bonafide, spoofBelow } = ranking
  const { constant, miss, falseAlarm, norm } = weights
  const { index, cost } = firstLowest(
    bonafide.length + 1,
    rejected =>
      constant +
      miss * missRate(ranking, rejected) +
      falseAlarm * falseAlarmRate(ranking, spoofBelow[rejected]!),
  )
  const threshold = thresholdOf(ranking, { bonafide: index, spoof: spoofBelow[index]! })
  return { cost: cost / norm, threshold }
}

/** The first of the lowest costs of points 0 to count − 1. */
export function firstLowest(
  count: number,
  costOf: (index: number) => number,
): { index: number; cost: number } {
  let lowest = { index: 0, cost: costOf(0) }
  for (let index = 1; index < count; index++) {
    const cost = costOf(index)
    if (cost < lowest.cost) lowest = { index, cost }
  }
  return lowest
}
