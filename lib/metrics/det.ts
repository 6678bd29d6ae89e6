import { sortedScores, type Scores } from './scores'

/**
 * Error rates at every operating point of a detector. All three arrays have length N + 1 for N scores in total.
 * Point k rejects the k lowest scores, that is every score ≤ `thresholds[k]` when there are no ties at k.
 */
export interface DetCurve {
  /** Share of bona fide scores among the k lowest, 0…1, never falling. */
  readonly miss: Float64Array
  /** Share of spoof scores among the rest, 1…0, never rising. */
  readonly falseAlarm: Float64Array
  /** `thresholds[0]` is the lowest score − 0.001, then every score in ascending order. */
  readonly thresholds: Float64Array
}

/**
 * The detection error trade-off curve as the ASVspoof tools build it (`compute_det_curve` of the ASVspoof 2019
 * evaluation package): [bona fide, spoof] concatenated and sorted stably by score, one operating point a score. Within
 * a group of equal scores the bona fide ones therefore come first, and the points inside the group, which no
 * threshold can reach, count like all others; `computeEerTieProper` leaves those out. For ASV scores pass target
 * scores as `bonafide` and non-target scores as `spoof`.
 *
 * @throws MetricsError `METRICS_INVALID` when a class is empty or a score is NaN or infinite
 */
export function detCurve(bonafideScores: Scores, spoofScores: Scores): DetCurve {
  const bonafide = sortedScores(bonafideScores, 'bona fide')
  const spoof = sortedScores(spoofScores, 'spoof')
  const total = bonafide.length + spoof.length
  const miss = new Float64Array(total + 1)
  const falseAlarm = new Float64Array(total + 1)
  const thresholds = new Float64Array(total + 1)
  let rejectedBonafide = 0
  let rejectedSpoof = 0
  miss[0] = 0
  falseAlarm[0] = 1
  for (let point = 1; point <= total; point++) {
    const bonafideIsNext =
      rejectedSpoof === spoof.length ||
      (rejectedBonafide < bonafide.length && bonafide[rejectedBonafide]! <= spoof[rejectedSpoof]!)
    thresholds[point] = bonafideIsNext ? bonafide[rejectedBonafide++]! : spoof[rejectedSpoof++]!
    miss[point] = rejectedBonafide / bonafide.length
    falseAlarm[point] = (spoof.length - rejectedSpoof) / spoof.length
  }
  thresholds[0] = thresholds[1]! - 0.001
  return { miss, falseAlarm, thresholds }
}
