import { ArgumentRangeError, MetricsError } from '../errors'
import { fitLine } from './logistic-fit'
import { fitSteps, minCllrOf, ratioOf } from './monotone-fit'
import { firstIndex, sortedScores, type Scores } from './scores'

/**
 * How a score becomes the natural logarithm of a likelihood ratio: how many times likelier it is from a bona fide clip
 * than from a spoof. `logistic`: slope · score + offset. `pav`: straight between `knots` of [score, ratio], both rising, and
 * level beyond the first and the last.
 */
export type ScoreCalibration =
  | { readonly method: 'logistic'; readonly slope: number; readonly offset: number }
  | { readonly method: 'pav'; readonly knots: readonly (readonly [score: number, ratio: number])[] }

export type CalibrationMethod = ScoreCalibration['method']

export const calibrationMethods: readonly CalibrationMethod[] = ['logistic', 'pav']

/**
 * Fits a calibration to the scores of both classes. `logistic` (default) has two numbers to find and holds beyond the scores
 * that were seen; `pav` follows any rising shape and needs thousands of trials of each class.
 *
 * @throws MetricsError `METRICS_INVALID` when a class is empty, a score is NaN or infinite, bona fide scores are not the higher
 *   ones, or, with `logistic`, the classes do not overlap
 * @throws ArgumentRangeError `INVALID_ARGUMENT` for another method
 */
export function fitCalibration(
  bonafideScores: Scores,
  spoofScores: Scores,
  method: CalibrationMethod = 'logistic',
): ScoreCalibration {
  const bonafide = sortedScores(bonafideScores, 'bona fide')
  const spoof = sortedScores(spoofScores, 'spoof')
  if (method === 'logistic') return { method, ...fitLine(bonafide, spoof) }
  if ((method as string) !== 'pav') {
    throw new ArgumentRangeError(
      `the method is "${method as string}"; it must be one of ${calibrationMethods.join(', ')}`,
      {
        option: 'method',
      },
    )
  }
  const knots = fitSteps(bonafide, spoof, 'one of each class').flatMap(step => {
    const ratio = ratioOf(step, bonafide.length, spoof.length)
    const ends = new Set([step.lowest, step.highest].filter(Number.isFinite))
    return [...ends].map(score => [score, ratio] as const)
  })
  if (knots.length < 2) {
    throw new MetricsError(
      'METRICS_INVALID',
      'no score is better evidence than another: either there are too few, or their signs are inverted; higher must mean ' +
        'more bona fide',
      { bonafide: bonafide.length, spoof: spoof.length },
    )
  }
  return { method, knots }
}

/** The natural logarithm of the likelihood ratio of a score: above 0 it speaks for bona fide, below 0 for a spoof. */
export function logLikelihoodRatio(calibration: ScoreCalibration, score: number): number {
  if (calibration.method === 'logistic') return calibration.slope * score + calibration.offset
  if (Number.isNaN(score)) return NaN
  const { knots } = calibration
  const above = firstIndex(0, knots.length, index => knots[index]![0] > score)
  const [before, after] = [knots[above - 1], knots[above]]
  if (before === undefined) return after![1]
  if (after === undefined) return before[1]
  return before[1] + ((after[1] - before[1]) * (score - before[0])) / (after[0] - before[0])
}

/**
 * How probable a spoof is after a clip was heard, from how probable it was before (Bayes' rule).
 *
 * @param spoofPrior share of spoofs among the clips that come in, above 0 and below 1
 * @throws ArgumentRangeError `INVALID_ARGUMENT`
 */
export function spoofProbability(ratio: number, spoofPrior: number): number {
  assertSpoofPrior(spoofPrior)
  return 1 / (1 + Math.exp(ratio + Math.log((1 - spoofPrior) / spoofPrior)))
}

/** @throws ArgumentRangeError `INVALID_ARGUMENT` */
function assertSpoofPrior(spoofPrior: unknown): asserts spoofPrior is number {
  if (typeof spoofPrior === 'number' && spoofPrior > 0 && spoofPrior < 1) return
  throw new ArgumentRangeError(
    `spoofPrior is ${String(spoofPrior)}; it must be a share above 0 and below 1, not a percentage`,
    { option: 'spoofPrior' },
  )
}

/**
 * The lowest Cllr, in bits, that any rising function of the scores can have (Brümmer and du Preez 2006): what is left of
 * `computeCllr` when calibration is perfect.
 *
 * @throws MetricsError `METRICS_INVALID` when a class is empty or a score is NaN or infinite
 */
export function computeMinCllr(bonafide: Scores, spoof: Scores): number {
  return minCllrOf(sortedScores(bonafide, 'bona fide'), sortedScores(spoof, 'spoof'))
}

/**
 * @param value from a file, or from a caller in JavaScript
 * @returns null where it is one, otherwise what is wrong with it
 */
export function faultOfCalibration(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return 'is no object'
  const { method, slope, offset, knots } = value as Readonly<Record<string, unknown>>
  if (method === 'logistic') {
    const isLine = isUsable(slope) && isUsable(offset) && slope > 0
    return isLine ? null : 'must have a "slope" above 0 and an "offset"'
  }
  if (method !== 'pav') return `has the method ${JSON.stringify(method)}; expected logistic or pav`
  if (!Array.isArray(knots) || knots.length < 2) return 'must have "knots", at least two'
  const isRising = (knots as readonly unknown[]).every(
    (knot, index) => isKnot(knot) && (index === 0 || isBelow(knots[index - 1] as Knot, knot)),
  )
  return isRising ? null : 'has "knots" that are not pairs of numbers, both rising'
}

/** Far beyond all scores, and far from where differences and products of two of them end. */
const largest = 1e100

const isUsable = (value: unknown): value is number => typeof value === 'number' && Math.abs(value) <= largest

type Knot = readonly [number, number]

const isKnot = (value: unknown): value is Knot =>
  Array.isArray(value) && value.length === 2 && value.every(isUsable)

const isBelow = (first: Knot, second: Knot): boolean => first[0] < second[0] && first[1] <= second[1]
