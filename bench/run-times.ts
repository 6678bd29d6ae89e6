/** Runs one after the other, by the wall clock. */
import type { Session } from '../lib'
import { median } from './alternate'
import { samples } from './npu-model'

/** Median of so many runs, in microseconds. */
export async function medianRunUs(session: Session, runs: number): Promise<number> {
  const data = new Float32Array(samples).fill(0.5)
  const feeds = { input: { type: 'float32', dims: [1, samples], data } } as const
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    const startedAtMs = performance.now()
    await session.run(feeds)
    times.push((performance.now() - startedAtMs) * 1000)
  }
  return median(times)
}
