import {
  countIn,
  falseAlarmRate,
  missRate,
  rankingOf,
  thresholdOf,
  type Ranking,
  type Rejected,
} from './ranking'
import { countBelow, countUpTo, firstIndex, type Scores } from './scores'

export interface EqualErrorRate {
  /** Fraction, 0…1. */
  readonly eer: number
  /** Scores up to and including this one are rejected at that operating point (see `DetCurve.thresholds`). */
  readonly threshold: number
}

/**
 * Equal error rate as the ASVspoof tools define it (`compute_eer` of the ASVspoof 2019 evaluation package):
 * (miss + false alarm) / 2 at the first point of `detCurve` where |miss − false alarm| is smallest. Among equal
 * scores it assumes bona fide before spoof, so with ties it is not symmetric in the classes; use it to compare with
 * published figures, and {@link computeEerTieProper} to judge detectors with coarse scores.
 *
 * @throws MetricsError `METRICS_INVALID` when a class is empty or a score is NaN or infinite
 */
export function computeEer(bonafide: Scores, spoof: Scores): EqualErrorRate {
  const ranking = rankingOf(bonafide, spoof)
  return withThreshold(ranking, eerOfRanking(ranking))
}

/**
 * Equal error rate over the operating points a threshold can reach: those between distinct scores, and the two where
 * everything is accepted or rejected. Same rule as {@link computeEer} otherwise, and the same value without ties.
 *
 * @throws MetricsError `METRICS_INVALID` when a class is empty or a score is NaN or infinite
 */
export function computeEerTieProper(bonafide: Scores, spoof: Scores): EqualErrorRate {
  const ranking = rankingOf(bonafide, spoof)
  return withThreshold(ranking, tieProperEerOfRanking(ranking))
}

function withThreshold(ranking: Ranking, { eer, rejected }: EqualErrorPoint): EqualErrorRate {
  return { eer, threshold: thresholdOf(ranking, rejected) }
}

export interface EqualErrorPoint {
  readonly eer: number
  readonly rejected: Rejected
}

/** {@link computeEer} of classes ranked already. */
export function eerOfRanking(ranking: Ranking): EqualErrorPoint {
  const { before, after } = crossing(ranking)
  return closerToEqual(ranking, before, after)
}

/** {@link computeEerTieProper} of classes ranked already. */
export function tieProperEerOfRanking(ranking: Ranking): EqualErrorPoint {
  const { bonafide, spoof } = ranking
  // The trial that makes the misses catch up, and with it every trial of the same score.
  const score = thresholdOf(ranking, crossing(ranking).after)
  return closerToEqual(
    ranking,
    { bonafide: countBelow(bonafide, score), spoof: countIn(spoof, countBelow, score) },
    { bonafide: countUpTo(bonafide, score), spoof: countIn(spoof, countUpTo, score) },
  )
}

/**
 * The operating points between which misses overtake false alarms: `after` is the first with miss ≥ false alarm. Miss
 * never falls and false alarm never rises, so no other point is closer to equality.
 */
function crossing(ranking: Ranking): { before: Rejected; after: Rejected } {
  const { bonafide, spoofBelow } = ranking
  const hasCrossed = (rejectedBonafide: number, rejectedSpoof: number): boolean =>
    missRate(ranking, rejectedBonafide) >= falseAlarmRate(ranking, rejectedSpoof)
  const kept = firstIndex(0, bonafide.length - 1, index => hasCrossed(index + 1, spoofBelow[index]!))
  const spoofBefore = kept === 0 ? 0 : spoofBelow[kept - 1]!
  const spoofAfter = spoofBelow[kept]!
  const spoof = firstIndex(spoofBefore + 1, spoofAfter + 1, rejected => hasCrossed(kept, rejected))
  return spoof <= spoofAfter
    ? { before: { bonafide: kept, spoof: spoof - 1 }, after: { bonafide: kept, spoof } }
    : { before: { bonafide: kept, spoof: spoofAfter }, after: { bonafide: kept + 1, spoof: spoofAfter } }
}

function closerToEqual(ranking: Ranking, before: Rejected, after: Rejected): EqualErrorPoint {
  const [first, second] = [before, after].map(rejected => {
    const miss = missRate(ranking, rejected.bonafide)
    const falseAlarm = falseAlarmRate(ranking, rejected.spoof)
    return { rejected, eer: (miss + falseAlarm) / 2, distance: Math.abs(miss - falseAlarm) }
  })
  return first!.distance <= second!.distance ? first! : second!
}
