import type { TrialScore } from '../dataset'
import type { ScoredMetrics } from '../scoring'

/** The results of one detector on one list, as they are reported. */
export interface ReportSystem {
  /** Unlike any other in the report. */
  readonly name: string
  readonly trials: readonly TrialScore[]
  readonly metrics: ScoredMetrics
  /** Null where there are only scores. */
  readonly run: RunFacts | null
  /** With what it was made: a name and a value each. */
  readonly provenance: readonly (readonly [name: string, value: string])[]
}

/** How the last run of an evaluation went. */
export interface RunFacts {
  readonly elapsedSeconds: number | null
  readonly clipsPerSecond: number | null
  /** Distributions of the last run's times, in milliseconds; null where they are not known. */
  readonly clipMs: ReportedTimes | null
  readonly executeMs: ReportedTimes | null
  /** Scores by what computed them. */
  readonly devices: readonly { readonly device: string; readonly scored: number }[]
  readonly scoredEarlier: number | null
  readonly failedOver: number | null
  /** Clips without a score, and why. */
  readonly failures: readonly {
    readonly utterance: string
    readonly code: string
    readonly message: string
  }[]
}

export type ReportedTimes = Readonly<Record<'p50' | 'p95' | 'p99' | 'max', number>>
