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

/** How long each part of one run took, as far as its back end can tell. */
export interface StageTimes {
  readonly queueMs?: number
  readonly copyInMs?: number
  readonly executeMs: number
  readonly copyOutMs?: number
  /** When it began to be computed, on the clock of `process.hrtime()`, which all processes of a machine share. */
  readonly executeAtMs: number
}

const stages = [
  'queueMs',
  'copyInMs',
  'executeMs',
  'copyOutMs',
] as const satisfies readonly (keyof StageTimes)[]
type Stage = (typeof stages)[number]

/** Times of the parts of runs. The sessions of a pool share one, so that the pool can tell where its time went. */
export class StageRecorders {
  // Made when first needed: not every back end has every part, and each is 190 kB.
  readonly #recorders = new Map<Stage | 'copyMs', TimeRecorder>()

  record(times: StageTimes): void {
    for (const stage of stages) {
      const milliseconds = times[stage]
      if (milliseconds !== undefined) this.#recorder(stage).record(milliseconds)
    }
    const { copyInMs, copyOutMs } = times
    if (copyInMs !== undefined && copyOutMs !== undefined) {
      this.#recorder('copyMs').record(copyInMs + copyOutMs)
    }
  }

  summary(): Pick<SessionStats, 'queueMs' | 'copyInMs' | 'executeMs' | 'copyOutMs' | 'copyMs'> {
    const of = (stage: Stage | 'copyMs'): TimeSummary | null => this.#recorders.get(stage)?.summary() ?? null
    return {
      queueMs: of('queueMs'),
      copyInMs: of('copyInMs'),
      executeMs: of('executeMs'),
      copyOutMs: of('copyOutMs'),
      copyMs: of('copyMs'),
    }
  }

  #recorder(stage: Stage | 'copyMs'): TimeRecorder {
    let recorder = this.#recorders.get(stage)
    if (recorder === undefined) this.#recorders.set(stage, (recorder = new TimeRecorder()))
    return recorder
  }
}

/** What one session or one pool counts. */
export class RunRecorder {
  done = 0
  failed = 0
  cancelled = 0
  readonly latency = new TimeRecorder()
  readonly stages: StageRecorders

  constructor(stages = new StageRecorders()) {
    this.stages = stages
  }

  snapshot(now: Pick<SessionStats, 'state' | 'queued' | 'running'>): SessionStats {
    return {
      ...now,
      done: this.done,
      failed: this.failed,
      cancelled: this.cancelled,
      latencyMs: this.latency.summary(),
      ...this.stages.summary(),
    }
  }
}
