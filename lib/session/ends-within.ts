import { setTimeout as delay } from 'node:timers/promises'

/** Whether it ends in time; the timer keeps nothing alive after that. */
export async function endsWithin(ended: Promise<unknown>, waitMs: number): Promise<boolean> {
  const timer = new AbortController()
  try {
    return await Promise.race([
      ended.then(() => true),
      delay(waitMs, false, { signal: timer.signal }).catch(() => false),
    ])
  } finally {
    timer.abort()
  }
}
