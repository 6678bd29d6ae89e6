import { detCurve, type DetCurve } from './det'
import type { Scores } from './scores'

export interface EqualErrorRate {
  /** Fraction, 0…1. */
  readonly eer: number
  /** Scores up to and including this one are rejected at that operating point (see `DetCurve.thresholds`). */
  readonly threshold: number
}

/**
 * Equal error rate as the ASVspoof tools define it (`compute_eer` of the ASVspoof 2019 evaluation package):
 * (miss + false alarm) / 2 at the first point of {@link detCurve} where |miss − false alarm| is smallest. Among equal
 * scores it assumes bona fide before spoof, so with ties it is not symmetric in the classes; use it to compare with
 * published figures, and {@link computeEerTieProper} to judge detectors with coarse scores.
 *
 * @throws MetricsError `METRICS_INVALID` when a class is empty or a score is NaN or infinite
 */
export function computeEer(bonafide: Scores, spoof: Scores): EqualErrorRate {
  return eerOfCurve(detCurve(bonafide, spoof))
}

/**
 * Equal error rate over the operating points a threshold can reach: those between distinct scores, and the two where
 * everything is accepted or rejected. Same rule as {@link computeEer} otherwise, and the same value without ties.
 *
 * @throws MetricsError `METRICS_INVALID` when a class is empty or a score is NaN or infinite
 */
export function computeEerTieProper(bonafide: Scores, spoof: Scores): EqualErrorRate {
  return tieProperEerOfCurve(detCurve(bonafide, spoof))
}

/** {@link computeEer} from a curve at hand. */
export function eerOfCurve(curve: DetCurve): EqualErrorRate {
  return equalErrorPoint(curve, 'every point')
}

/** {@link computeEerTieProper} from a curve at hand. */
export function tieProperEerOfCurve(curve: DetCurve): EqualErrorRate {
  return equalErrorPoint(curve, 'between distinct scores')
}

function equalErrorPoint(curve: DetCurve, points: 'every point' | 'between distinct scores'): EqualErrorRate {
  const { miss, falseAlarm, thresholds } = curve
  let best = 0
  let smallest = Infinity
  for (let point = 0; point < thresholds.length; point++) {
    const insideTie = thresholds[point] === thresholds[point + 1]
    if (insideTie && points === 'between distinct scores') continue
    const difference = Math.abs(miss[point]! - falseAlarm[point]!)
    if (difference < smallest) {
      smallest = difference
      best = point
    }
  }
  return { eer: (miss[best]! + falseAlarm[best]!) / 2, threshold: thresholds[best]! }
}
