/** Runs before anything counts: a number of them, or until their times no longer change. */
import type { Session } from '../session/session'
import type { Feeds, RunOptions } from '../session'
import { median } from './statistics'

export type WarmUp = number | 'until steady'

export interface WarmedUp {
  readonly runs: number
  /** Null where the number was given. */
  readonly isSteady: boolean | null
}

/** Of so many runs one median is taken: single slow runs count for nothing in it. */
const blockRuns = 20
const comparedBlocks = 3
/** Between two medians of a steady device or CPU lies less; a cold cache or a rising clock makes more. */
const tolerance = 0.02
const mostRuns = 2000
const longestMs = 60_000

/**
 * Whether the medians of the last three blocks of 20 times differ by less than 2 % from the smallest to the largest. A
 * drift that is slower than that in 60 runs is taken for steady.
 */
export function isSteady(timesMs: readonly number[]): boolean {
  const blocks = Math.floor(timesMs.length / blockRuns)
  if (blocks < comparedBlocks) return false
  const medians = Array.from({ length: comparedBlocks }, (_, index) => {
    const begin = (blocks - comparedBlocks + index) * blockRuns
    return median(timesMs.slice(begin, begin + blockRuns))
  })
  return Math.max(...medians) <= (1 + tolerance) * Math.min(...medians)
}

interface WarmedSession {
  readonly session: Session
  /** The times its runs computed. */
  readonly timesMs: () => readonly number[]
}

/** All sessions run at once, as they do afterwards; the slowest decides. */
export async function warmUp(
  sessions: readonly WarmedSession[],
  feeds: Feeds,
  warmup: WarmUp,
  options: RunOptions,
): Promise<WarmedUp> {
  const round = async (): Promise<void> => {
    await Promise.all(sessions.map(({ session }) => session.run(feeds, undefined, options)))
  }
  if (warmup !== 'until steady') {
    for (let runs = 0; runs < warmup; runs += 1) await round()
    return { runs: warmup, isSteady: null }
  }
  const endsAtMs = performance.now() + longestMs
  for (let runs = 1; ; runs += 1) {
    await round()
    const mayBeSteady = runs % blockRuns === 0
    if (mayBeSteady && sessions.every(({ timesMs }) => isSteady(timesMs()))) return { runs, isSteady: true }
    if (runs >= mostRuns || performance.now() > endsAtMs) return { runs, isSteady: false }
  }
}
