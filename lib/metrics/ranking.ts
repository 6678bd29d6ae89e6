import { countUpTo, firstIndex, sortedScores, type Scores, type SortedScores } from './scores'

/**
 * Two classes and how they interleave: all there is to know for an error rate or a cost. It holds the operating points
 * of `detCurve` in a fraction of the room, because between two bona fide scores only the false alarms change.
 */
export interface Ranking {
  readonly bonafide: SortedScores
  /** In parts that are sorted each for itself, as the attacks that make up the class. */
  readonly spoof: readonly SortedScores[]
  readonly spoofCount: number
  /**
   * Element i: how many spoof scores are below bona fide score i, that is how many can be rejected before it. One more
   * element than there are bona fide scores: the last one is the number of spoof scores.
   */
  readonly spoofBelow: Uint32Array
}

/** An operating point: how many trials of each class it rejects. */
export interface Rejected {
  readonly bonafide: number
  readonly spoof: number
}

/** @throws MetricsError `METRICS_INVALID` when a class is empty or a score is NaN or infinite */
export function rankingOf(bonafide: Scores, spoof: Scores): Ranking {
  return rankSorted(sortedScores(bonafide, 'bona fide'), sortedScores(spoof, 'spoof'))
}

export function rankSorted(bonafide: SortedScores, spoof: SortedScores): Ranking {
  const spoofBelow = new Uint32Array(bonafide.length + 1)
  let below = 0
  for (let index = 0; index < bonafide.length; index++) {
    const score = bonafide[index]!
    while (below < spoof.length && spoof[below]! < score) below++
    spoofBelow[index] = below
  }
  spoofBelow[bonafide.length] = spoof.length
  return { bonafide, spoof: [spoof], spoofCount: spoof.length, spoofBelow }
}

/** Makes one ranking of several with the same bona fide scores, of which only one at a time has to be there. */
export class RankingPool {
  readonly #bonafide: SortedScores
  readonly #spoof: SortedScores[] = []
  readonly #spoofBelow: Uint32Array

  constructor(bonafide: SortedScores) {
    this.#bonafide = bonafide
    this.#spoofBelow = new Uint32Array(bonafide.length + 1)
  }

  add({ spoof, spoofBelow }: Ranking): void {
    this.#spoof.push(...spoof)
    const pooled = this.#spoofBelow
    for (let index = 0; index < pooled.length; index++) pooled[index]! += spoofBelow[index]!
  }

  ranking(): Ranking {
    const spoofBelow = this.#spoofBelow
    return { bonafide: this.#bonafide, spoof: this.#spoof, spoofCount: spoofBelow.at(-1)!, spoofBelow }
  }
}

/** Share of bona fide trials missed, 0…1. */
export function missRate({ bonafide }: Ranking, rejectedBonafide: number): number {
  return rejectedBonafide / bonafide.length
}

/** Share of spoof trials accepted, 0…1. */
export function falseAlarmRate({ spoofCount }: Ranking, rejectedSpoof: number): number {
  return (spoofCount - rejectedSpoof) / spoofCount
}

/** 0.001, or where scores are so large that it makes no difference, the least that does. */
export function leastStep(score: number): number {
  return Math.max(0.001, Math.abs(score) * Number.EPSILON)
}

/** The highest score rejected; the lowest score of all − 0.001 where none is (see `DetCurve.thresholds`). */
export function thresholdOf({ bonafide, spoof }: Ranking, rejected: Rejected): number {
  if (rejected.bonafide + rejected.spoof === 0) {
    const lowest = Math.min(bonafide[0]!, nthLowest(spoof, 1))
    return lowest - leastStep(lowest)
  }
  const ofBonafide = rejected.bonafide === 0 ? -Infinity : bonafide[rejected.bonafide - 1]!
  const ofSpoof = rejected.spoof === 0 ? -Infinity : nthLowest(spoof, rejected.spoof)
  return Math.max(ofBonafide, ofSpoof)
}

/** How many scores in all parts are counted, by a count of one. */
export function countIn(
  parts: readonly SortedScores[],
  count: (scores: SortedScores, threshold: number) => number,
  threshold: number,
): number {
  let total = 0
  for (const part of parts) total += count(part, threshold)
  return total
}

// The lowest score that, with all below and equal to it, makes n.
function nthLowest(parts: readonly SortedScores[], n: number): number {
  const candidates = parts.map(part => {
    const index = firstIndex(0, part.length, each => countIn(parts, countUpTo, part[each]!) >= n)
    return part[index] ?? Infinity
  })
  return Math.min(...candidates)
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
  readonly rejected: Rejected
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
  return { cost: cost / norm, rejected: { bonafide: index, spoof: spoofBelow[index]! } }
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
