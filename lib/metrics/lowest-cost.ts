import { falseAlarmRate, missRate, thresholdOf, type Ranking } from './ranking'

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
