/** What is drawn, in numbers: pure functions from scores to points. */
import type { DetCurve, TdcfWeights } from '../metrics'

/**
 * Inverse of the standard normal distribution, on whose scale DET curves of normal scores are straight lines. Relative
 * error below 1.2e-9 (P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function").
 * ±Infinity at 0 and 1.
 */
export function probit(share: number): number {
  if (share <= 0) return -Infinity
  if (share >= 1) return Infinity
  if (share > 1 - TAIL) return -probit(1 - share)
  if (share < TAIL) {
    const q = Math.sqrt(-2 * Math.log(share))
    return polynomial(TAIL_NUMERATOR, q) / (polynomial(TAIL_DENOMINATOR, q) * q + 1)
  }
  const q = share - 0.5
  const r = q * q
  return (polynomial(NUMERATOR, r) * q) / (polynomial(DENOMINATOR, r) * r + 1)
}

const TAIL = 0.02425
const NUMERATOR = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
  2.506628277459239,
]
const DENOMINATOR = [
  -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572,
]
const TAIL_NUMERATOR = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
]
const TAIL_DENOMINATOR = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416]

function polynomial(coefficients: readonly number[], at: number): number {
  return coefficients.reduce((sum, coefficient) => sum * at + coefficient, 0)
}

export type Point = readonly [x: number, y: number]

/**
 * The points of a curve in pixels that are needed to draw it: those nearer than `tolerancePixels` to the last one kept
 * are left out, except for the first and the last.
 */
export function thinned(points: Iterable<Point>, tolerancePixels: number): Point[] {
  const kept: Point[] = []
  let last: Point | undefined
  for (const point of points) {
    last = point
    const before = kept.at(-1)
    if (before === undefined || Math.hypot(point[0] - before[0], point[1] - before[1]) >= tolerancePixels)
      kept.push(point)
  }
  if (last !== undefined && last !== kept.at(-1)) kept.push(last)
  return kept
}

/** Normalised t-DCF at point `index` of a DET curve. */
export function tdcfAt({ miss, falseAlarm }: DetCurve, index: number, weights: TdcfWeights): number {
  const { c0, c1, c2, norm } = weights
  return (c0 + c1 * miss[index]! + c2 * falseAlarm[index]!) / norm
}

/** The first point of the lowest t-DCF, which is the one that `computeTdcf` reports. */
export function lowestTdcfIndex(curve: DetCurve, weights: TdcfWeights): number {
  let lowest = 0
  for (let index = 1; index < curve.miss.length; index++)
    if (tdcfAt(curve, index, weights) < tdcfAt(curve, lowest, weights)) lowest = index
  return lowest
}

/** The lowest miss rate among the points whose false alarm rate is at most this; 1 where there is none. */
export function missRateWithin({ miss, falseAlarm }: DetCurve, falseAlarmRate: number): number {
  const index = falseAlarm.findIndex(rate => rate <= falseAlarmRate)
  return index === -1 ? 1 : miss[index]!
}

export interface Bins {
  readonly start: number
  readonly width: number
  readonly count: number
}

/** Bins that hold every score, the highest in the last one. */
export function binsOf(scores: Iterable<number>, count: number): Bins {
  let [low, high] = [Infinity, -Infinity]
  for (const score of scores) {
    if (score < low) low = score
    if (score > high) high = score
  }
  if (!(high > low)) return { start: (low === Infinity ? 0 : low) - 0.5, width: 1, count: 1 }
  return { start: low, width: high / count - low / count, count }
}

/** How many scores each bin holds. */
export function histogram(scores: Iterable<number>, { start, width, count }: Bins): number[] {
  const counts = new Array<number>(count).fill(0)
  for (const score of scores) {
    const bin = Math.max(0, Math.min(count - 1, Math.floor((score - start) / width)))
    counts[bin] = counts[bin]! + 1
  }
  return counts
}
