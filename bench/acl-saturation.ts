/**
 * How much of a device's time a session uses, when each run takes 6.08 ms (AASIST-L on an Ascend 310P3), with one
 * simulated device and with four. `tsx bench/acl-saturation.ts`
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { AclSession, createPool } from '../lib'
import type { Session } from '../lib'
import { describeMachine } from './alternate'
import { Scratch, library, samples } from './npu-model'

const executeMs = 6.08
const seconds = 6

/** Runs a second while there is always work. */
async function throughput(
  session: Session,
  openRuns: number,
): Promise<{ rate: number; loopDelayP99Ms: number }> {
  const data = new Float32Array(samples).fill(0.5)
  const feeds = { input: { type: 'float32', dims: [1, samples], data } } as const
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  const startedAtMs = performance.now()
  const endsAtMs = startedAtMs + seconds * 1000
  let done = 0
  let firstAtMs = 0
  let lastAtMs = 0
  const lane = async (): Promise<void> => {
    while (performance.now() < endsAtMs) {
      await session.run(feeds)
      lastAtMs = performance.now()
      if (done === 0) firstAtMs = lastAtMs
      done += 1
    }
  }
  histogram.enable()
  await Promise.all(Array.from({ length: openRuns }, lane))
  histogram.disable()
  return {
    rate: ((done - 1) / (lastAtMs - firstAtMs)) * 1000,
    loopDelayP99Ms: histogram.percentile(99) / 1e6,
  }
}

async function main(): Promise<void> {
  process.env['ACL_SIM_EXEC_US'] = String(executeMs * 1000)
  process.env['ACL_SIM_DEVICES'] = '4'
  const scratch = new Scratch()
  try {
    const om = scratch.compileAasist()
    console.log(describeMachine())
    await using session = await AclSession.create(om, { libraryPath: library })
    const one = await throughput(session, 6)
    const share = (one.rate * executeMs) / 10
    console.log(
      `one device: ${one.rate.toFixed(2)} runs/s, ${share.toFixed(2)} % of ${(1000 / executeMs).toFixed(2)}; event-loop delay p99 ${one.loopDelayP99Ms.toFixed(2)} ms`,
    )
    await session.release()
    await using pool = await createPool(om, { device: 'npu', libraryPath: library })
    const four = await throughput(pool, 24)
    console.log(
      `four devices: ${four.rate.toFixed(2)} runs/s, ${(four.rate / one.rate).toFixed(3)} times one; event-loop delay p99 ${four.loopDelayP99Ms.toFixed(2)} ms`,
    )
  } finally {
    scratch.remove()
  }
}

void main()
