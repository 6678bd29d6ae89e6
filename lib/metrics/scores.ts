import { ArgumentTypeError, MetricsError } from '../errors'
import { sortedCopy } from './sort'

/**
 * Scores of one class, in any order; higher means more bona fide (more target-like for ASV scores). Whoever needs several
 * metrics of the same scores saves time with a Float64Array in ascending order, which is not sorted again.
 */
export type Scores = Float64Array | Float32Array | readonly number[]

/** Scores in ascending order, which is what every metric here starts from. */
export type SortedScores = Float64Array & { readonly sorted: unique symbol }

/**
 * Scores in ascending order: the same array where it is one of doubles in that order already, else a copy.
 *
 * @param className the class as an error message should call it, such as `bona fide`
 * @throws MetricsError `METRICS_INVALID` when there is no score, or one is NaN or infinite
 */
export function sortedScores(scores: Scores, className: string): SortedScores {
  if (scores instanceof Float64Array && isAscending(scores)) return scores as SortedScores
  assertUsableScores(scores, className)
  return sortedCopy(scores) as SortedScores
}

/** @throws MetricsError `METRICS_INVALID` when there is no score, or one is NaN or infinite */
export function assertUsableScores(scores: Scores, className: string): void {
  if (!Array.isArray(scores) && !ArrayBuffer.isView(scores)) {
    throw new ArgumentTypeError(
      `the ${className} scores must be an array or a typed array, found ${typeof scores}`,
      { className },
    )
  }
  if (!(scores.length > 0)) {
    throw new MetricsError(
      'METRICS_INVALID',
      `there is no ${className} score; error rates need at least one score of each class`,
      { className, found: 0 },
    )
  }
  for (let index = 0; index < scores.length; index++) {
    if (!Number.isFinite(scores[index])) {
      throw new MetricsError(
        'METRICS_INVALID',
        `${className} score ${index} is ${typeof scores[index] === 'number' ? '' : `a ${typeof scores[index]}, `}${String(scores[index])}; expected a finite number: leave failed trials out ` +
          'and count them as missing',
        { className, index, found: String(scores[index]) },
      )
    }
  }
}

/** Whether they are finite numbers in ascending order, at least one: no NaN compares, and infinities end up outside. */
function isAscending(scores: Float64Array): boolean {
  for (let index = 1; index < scores.length; index++) {
    if (!(scores[index]! >= scores[index - 1]!)) return false
  }
  return Number.isFinite(scores[0]) && Number.isFinite(scores.at(-1))
}

/** How many of the scores are below `threshold`. */
export function countBelow(scores: SortedScores, threshold: number): number {
  return firstIndex(0, scores.length, index => scores[index]! >= threshold)
}

/** How many of the scores are `threshold` or below. */
export function countUpTo(scores: SortedScores, threshold: number): number {
  return firstIndex(0, scores.length, index => scores[index]! > threshold)
}

/** The first index from `start` to `end` that meets a condition all later ones meet too; `end` when none before does. */
export function firstIndex(start: number, end: number, meets: (index: number) => boolean): number {
  while (start < end) {
    const middle = (start + end) >>> 1
    if (meets(middle)) end = middle
    else start = middle + 1
  }
  return start
}
