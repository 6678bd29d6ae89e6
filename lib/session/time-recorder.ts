/** A distribution of times, and the histograms behind it, which are used again. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { TimeSummary } from './session'

/** Above an hour a histogram saturates; its 190 kB buy three exact digits from a microsecond up. */
const HIGHEST_US = 3_600_000_000

/**
 * V8 does not see those 190 kB and collects for them only when something else fills its heap: a thousand sessions made
 * and released in a loop, five histograms each, held 807 MB. What is closed is therefore kept for the next, as many as a
 * pool of eight sessions needs.
 */
const spare: RecordableHistogram[] = []
const MOST_SPARE = 16

/** A distribution of times in milliseconds. */
export class TimeRecorder {
  #histogram: RecordableHistogram | undefined
  #closed: { readonly summary: TimeSummary | null } | undefined

  record(milliseconds: number): void {
    if (this.#closed !== undefined) return
    this.#histogram ??= spare.pop() ?? createHistogram({ lowest: 1, highest: HIGHEST_US, figures: 3 })
    this.#histogram.record(Math.min(HIGHEST_US, Math.max(1, Math.round(milliseconds * 1000))))
  }

  summary(): TimeSummary | null {
    if (this.#closed !== undefined) return this.#closed.summary
    return this.#histogram === undefined ? null : summaryOf(this.#histogram)
  }

  /** Nothing is recorded any more, and the summary stays as it is. */
  close(): void {
    if (this.#closed !== undefined) return
    this.#closed = { summary: this.summary() }
    const histogram = this.#histogram
    this.#histogram = undefined
    if (histogram === undefined || spare.length >= MOST_SPARE) return
    histogram.reset()
    spare.push(histogram)
  }
}

function summaryOf(histogram: RecordableHistogram): TimeSummary {
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
