/** An interval of a figure, lower end first; null where there is no figure. */
export type ConfidenceInterval = readonly [low: number, high: number] | null

/**
 * The middle `level` of the values. Percentiles are interpolated linearly as numpy does by default (method `linear`):
 * share q of n sorted values lies at position q·(n − 1), counted from 0, on the line between the two beside it.
 */
export function percentileInterval(values: readonly number[], level: number): ConfidenceInterval {
  if (values.length === 0) return null
  const sorted = Float64Array.from(values).sort()
  const tail = (1 - level) / 2
  return [percentile(sorted, tail), percentile(sorted, 1 - tail)]
}

/** 0 for no values. */
export function percentile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1)
  const below = Math.floor(position)
  const low = sorted[below] ?? 0
  const high = sorted[below + 1] ?? low
  return low + (high - low) * (position - below)
}
