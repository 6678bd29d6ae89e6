/** Where clips spend their time between file and score, from what a detector counts. Pure functions. */
import type { DetectorStats } from '../scoring'
import type { TimeSummary } from '../session'

/**
 * - `decode`: reading, decoding and cutting a clip, in a thread of its own.
 * - `wait`: for a thread, and for a session.
 * - `copy in`, `execute`, `copy out`: its run on the device, which a batch shares.
 * - `rest`: until a batch is filled, and what this thread does itself.
 */
export type EndToEndStageName = 'decode' | 'wait' | 'copy in' | 'execute' | 'copy out' | 'rest'

export interface EndToEndStage {
  readonly name: EndToEndStageName
  /** Mean time of a clip in this stage. */
  readonly meanMs: number
  /** Of the whole time from a clip's first step to its score; all stages make 1. */
  readonly share: number
  /** How much of the time the threads or sessions of this stage were at work, 0 to 1; null where nothing works. */
  readonly busy: number | null
}

/** What one stretch of scoring added to the counters. */
export interface StageSums {
  readonly clips: number
  readonly runs: number
  readonly threads: number
  readonly sessions: number
  /** Sums over clips. */
  readonly clipMs: number
  readonly decodeMs: number
  readonly decodeWaitMs: number
  /** Sums over runs. */
  readonly latencyMs: number
  readonly copyInMs: number
  readonly executeMs: number
  readonly copyOutMs: number
}

/** Counters only rise, so a stretch is what they rose by. */
export function sumsBetween(before: DetectorStats, after: DetectorStats): StageSums {
  const rise = (of: (stats: DetectorStats) => TimeSummary | null): number =>
    total(of(after)) - total(of(before))
  return {
    clips: (after.clipMs?.count ?? 0) - (before.clipMs?.count ?? 0),
    runs: after.done - before.done,
    threads: after.preparation.threads,
    sessions: after.sessions,
    clipMs: rise(({ clipMs }) => clipMs),
    decodeMs: rise(({ preparation }) => preparation.workMs),
    decodeWaitMs: rise(({ preparation }) => preparation.waitMs),
    latencyMs: rise(({ latencyMs }) => latencyMs),
    copyInMs: rise(({ copyInMs }) => copyInMs),
    executeMs: rise(({ executeMs }) => executeMs),
    copyOutMs: rise(({ copyOutMs }) => copyOutMs),
  }
}

const total = (times: TimeSummary | null): number => (times === null ? 0 : times.mean * times.count)

export function stagesOf(sums: StageSums, wallMs: number): readonly EndToEndStage[] {
  const { clips, runs, threads, sessions } = sums
  const perClip = (ms: number): number => ms / Math.max(1, clips)
  const perRun = (ms: number): number => ms / Math.max(1, runs)
  const busy = (ms: number, workers: number): number => Math.min(1, ms / (wallMs * Math.max(1, workers)))
  const decodeMs = perClip(sums.decodeMs)
  const [copyInMs, executeMs, copyOutMs] = [sums.copyInMs, sums.executeMs, sums.copyOutMs].map(perRun) as [
    number,
    number,
    number,
  ]
  const inRunMs = perRun(sums.latencyMs)
  const waitMs = perClip(sums.decodeWaitMs) + Math.max(0, inRunMs - copyInMs - executeMs - copyOutMs)
  const wholeMs = perClip(sums.clipMs)
  const restMs = Math.max(0, wholeMs - decodeMs - waitMs - copyInMs - executeMs - copyOutMs)
  const stages = [
    { name: 'decode', meanMs: decodeMs, busy: busy(sums.decodeMs, threads) },
    { name: 'wait', meanMs: waitMs, busy: null },
    { name: 'copy in', meanMs: copyInMs, busy: busy(sums.copyInMs, sessions) },
    { name: 'execute', meanMs: executeMs, busy: busy(sums.executeMs, sessions) },
    { name: 'copy out', meanMs: copyOutMs, busy: busy(sums.copyOutMs, sessions) },
    { name: 'rest', meanMs: restMs, busy: null },
  ] as const
  const sumMs = stages.reduce((sum, { meanMs }) => sum + meanMs, 0)
  return stages.map(stage => ({ ...stage, share: sumMs > 0 ? stage.meanMs / sumMs : 0 }))
}
