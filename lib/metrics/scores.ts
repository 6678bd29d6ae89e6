import { MetricsError } from '../errors'

/** Scores of one class, in any order; higher means more bona fide (more target-like for ASV scores). */
export type Scores = Float64Array | Float32Array | readonly number[]

/** A sorted copy of the scores, which is what every metric here starts from. */
export type SortedScores = Float64Array & { readonly sorted: unique symbol }

/**
 * @param className the class as an error message should call it, such as `bona fide`
 * @throws MetricsError `METRICS_INVALID` when there is no score, or one is NaN or infinite
 */
export function sortedScores(scores: Scores, className: string): SortedScores {
  assertUsableScores(scores, className)
  return Float64Array.from(scores).sort() as SortedScores
}

/** @throws MetricsError `METRICS_INVALID` when there is no score, or one is NaN or infinite */
export function assertUsableScores(scores: Scores, className: string): void {
  if (scores.length === 0) {
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
        `${className} score ${index} is ${String(scores[index])}; expected a finite number: leave failed trials out ` +
          'and count them as missing',
        { className, index, found: String(scores[index]) },
      )
    }
  }
}
