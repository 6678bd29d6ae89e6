/** Work of many parts does not fail because other callers fill the queue: that says nothing about the part. */
import { setTimeout as delay } from 'node:timers/promises'
import { errorCode } from '../errors'

/** A tenth of a run on a slow machine. */
const retryMs = 20

/** Begins `work` again until the queue has room for it. @throws what else `work` throws, and the signal's reason */
export async function whenThereIsRoom<Result>(
  work: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (errorCode(error) !== 'QUEUE_FULL') throw error
    }
    await delay(retryMs, undefined, { signal })
  }
}
