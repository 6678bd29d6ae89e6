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
