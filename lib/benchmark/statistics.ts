/** Figures of lists of times. */
import { percentile } from '../metrics/percentile'

/** As ais_bench computes them: numpy's mean, median and linear percentiles. */
export interface TimeFigures {
  /** 0 for an empty list, as all others then. */
  readonly count: number
  readonly minMs: number
  readonly maxMs: number
  readonly meanMs: number
  readonly medianMs: number
  readonly p90Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
}

export function figuresOf(timesMs: readonly number[]): TimeFigures {
  const sorted = Float64Array.from(timesMs).sort()
  const sum = sorted.reduce((total, time) => total + time, 0)
  return {
    count: sorted.length,
    minMs: sorted[0] ?? 0,
    maxMs: sorted.at(-1) ?? 0,
    meanMs: sorted.length === 0 ? 0 : sum / sorted.length,
    medianMs: percentile(sorted, 0.5),
    p90Ms: percentile(sorted, 0.9),
    p95Ms: percentile(sorted, 0.95),
    p99Ms: percentile(sorted, 0.99),
    p999Ms: percentile(sorted, 0.999),
  }
}

export function median(values: readonly number[]): number {
  return percentile(Float64Array.from(values).sort(), 0.5)
}

/** When something began and ended, in milliseconds on one clock. */
export type Interval = readonly [beganAtMs: number, endedAtMs: number]

/** How long at least one of the intervals lasted. */
export function coveredMs(intervals: readonly Interval[]): number {
  let covered = 0
  let reachedMs = -Infinity
  for (const [beganAtMs, endedAtMs] of [...intervals].sort(([one], [other]) => one - other)) {
    if (endedAtMs <= reachedMs) continue
    covered += endedAtMs - Math.max(beganAtMs, reachedMs)
    reachedMs = endedAtMs
  }
  return covered
}
