/** Counters and time distributions behind `stats()`. */
import { createHistogram } from 'node:perf_hooks'
import type { SessionStats, TimeSummary } from './session'

/** Above an hour the histogram saturates; its 190 kB buy three exact digits from a microsecond up. */
const HIGHEST_US = 3_600_000_000

/** A distribution of times in milliseconds. */
export class TimeRecorder {
  readonly #histogram = createHistogram({ lowest: 1, highest: HIGHEST_US, figures: 3 })

  record(milliseconds: number): void {
    this.#histogram.record(Math.min(HIGHEST_US, Math.max(1, Math.round(milliseconds * 1000))))
  }

  summary(): TimeSummary | null {
    const histogram = this.#histogram
    if (histogram.count === 0) return null
    return {
      count: histogram.count,
      min: histogram.min / 1000,
      mean: histogram.mean / 1000,
      p50: histogram.percentile(50) / 1000,
      p95: histogram.percentile(95) / 1000,
      p99: histogram.percentile(99) / 1000,
      max: histogram.max / 1000,
    }
  }
}

/** What the sessions of a pool share, so that the pool can tell how long its runs took to compute. */
export class RunRecorder {
  done = 0
  failed = 0
  cancelled = 0
  readonly latency = new TimeRecorder()
  readonly execute: TimeRecorder

  constructor(execute = new TimeRecorder()) {
    this.execute = execute
  }

  snapshot(now: Pick<SessionStats, 'state' | 'queued' | 'running'>): SessionStats {
    return {
      ...now,
      done: this.done,
      failed: this.failed,
      cancelled: this.cancelled,
      latencyMs: this.latency.summary(),
      executeMs: this.execute.summary(),
      copyMs: null,
    }
  }
}
