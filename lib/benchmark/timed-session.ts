/** A session whose every run is timed. */
import { openSession } from '../session/create-session'
import type { Session } from '../session/session'
import { RunRecorder } from '../session/session-stats'
import type { BenchmarkOptions } from './options'
import { SampleLog } from './sample-log'

/** Nobody waits longer for a device that does not answer any more. */
export const releaseWithinMs = 5000

export interface TimedSession {
  readonly session: Session
  readonly log: SampleLog
}

export async function openTimedSession(
  device: number | 'cpu',
  {
    model,
    threads,
    libraryPath,
    signal,
  }: Pick<BenchmarkOptions, 'model' | 'threads' | 'libraryPath' | 'signal'>,
  outputBytes: Readonly<Record<string, number>>,
): Promise<TimedSession> {
  const log = new SampleLog()
  const session = await openSession(
    model,
    {
      device,
      exitWaitMs: releaseWithinMs,
      ...(signal !== undefined && { signal }),
      ...(device === 'cpu' ? { threads: threads ?? 1 } : { outputBytes }),
      ...(libraryPath !== undefined && { libraryPath }),
    },
    new RunRecorder(log),
  )
  return { session, log }
}
