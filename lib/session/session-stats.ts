/** Counters and time distributions behind `stats()`. */
import type { SessionStats, TimeSummary } from './session'
import { TimeRecorder } from './time-recorder'

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
  // Made when first needed: not every back end has every part.
  readonly #recorders = new Map<Stage | 'copyMs', TimeRecorder>()
  #closed = false

  record(times: StageTimes): void {
    if (this.#closed) return
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

  /** Nothing is recorded any more, and the summaries stay as they are. */
  close(): void {
    this.#closed = true
    for (const recorder of this.#recorders.values()) recorder.close()
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
  readonly #ownsStages: boolean

  /** With the `stages` of a pool, which outlive its sessions. */
  constructor(stages?: StageRecorders) {
    this.stages = stages ?? new StageRecorders()
    this.#ownsStages = stages === undefined
  }

  /** At the end of a release: times are not recorded any more, and the summaries stay. */
  close(): void {
    this.latency.close()
    if (this.#ownsStages) this.stages.close()
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
