/** Load that waits for its answers: as soon as a run is back the next one begins. */
import { errorCode } from '../errors'
import type { Outputs, RunOptions } from '../session'
import type { Session } from '../session/session'
import type { Request, RequestSource } from './requests'

export interface ClosedLoop {
  readonly loop: number
  /** Runs at a time in each session. */
  readonly inFlight: number
  readonly runOptions: RunOptions
  readonly onDone: (done: number) => void
  readonly keep: (outputs: Outputs, request: Request) => Promise<void>
}

/**
 * Whoever is free takes the next run; the repetitions of a request come one after the other.
 * @returns the error of a run that did not answer in time, which ends the loop as the signal does
 */
export async function runClosedLoop(
  sessions: readonly Session[],
  source: RequestSource,
  options: ClosedLoop,
): Promise<Error | undefined> {
  const { loop, inFlight, runOptions, onDone, keep } = options
  const loaded = new Map<number, Promise<Request>>()
  let next = 0
  let done = 0
  const ended: { first: 'not yet' | 'failed' | Error } = { first: 'not yet' }
  const request = (index: number): Promise<Request> => {
    let found = loaded.get(index)
    if (found === undefined) loaded.set(index, (found = source.at(index)))
    return found
  }
  /** What else was in hand fails with the first one, and says less. */
  const end = (error: unknown): void => {
    if (ended.first !== 'not yet') return
    ended.first = error instanceof Error && errorCode(error) === 'RUN_TIMEOUT' ? error : 'failed'
  }
  const lateRun = (): Error | undefined => (ended.first instanceof Error ? ended.first : undefined)
  const work = async (session: Session): Promise<void> => {
    while (ended.first === 'not yet' && next < source.count * loop) {
      const own = next
      next += 1
      const index = Math.floor(own / loop)
      const isLast = own % loop === loop - 1
      try {
        const current = await request(index)
        if (isLast) loaded.delete(index)
        const outputs = await session.run(current.feeds, undefined, runOptions)
        if (isLast) await keep(outputs, current)
        done += 1
        onDone(done)
      } catch (error) {
        end(error)
        if (runOptions.signal?.aborted !== true && lateRun() === undefined) throw error
      }
    }
  }
  const settled = await Promise.allSettled(
    sessions.flatMap(session => Array.from({ length: inFlight }, () => work(session))),
  )
  const failure = settled.find(each => each.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return lateRun()
}
