/**
 * How much of a device's time a session uses, when each run takes 6.08 ms (AASIST-L on an Ascend 310P3), with one
 * simulated device and with four. `tsx bench/acl-saturation.ts`
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { AclSession, createPool } from '../lib'
import type { Session } from '../lib'
import { describeMachine, median } from './alternate'
import { Scratch, library, samples } from './npu-model'

const executeMs = 6.08
const secondsPerRound = 4

/** Runs a second while there is always work. */
async function throughput(
  session: Session,
  openRuns: number,
  seconds: number,
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

const rounds = 5

async function main(): Promise<void> {
  process.env['ACL_SIM_EXEC_US'] = String(executeMs * 1000)
  process.env['ACL_SIM_DEVICES'] = '4'
  const scratch = new Scratch()
  try {
    const om = scratch.compileAasist()
    console.log(describeMachine())
    await using session = await AclSession.create(om, { libraryPath: library })
    await using pool = await createPool(om, { device: 'npu', libraryPath: library })
    // The first second runs JavaScript that is not compiled yet.
    await throughput(session, 6, 1)
    await throughput(pool, 24, 1)
    const measured: { one: number; ratio: number; oneDelayMs: number; fourDelayMs: number }[] = []
    for (let round = 0; round < rounds; round += 1) {
      const one = await throughput(session, 6, secondsPerRound)
      const four = await throughput(pool, 24, secondsPerRound)
      measured.push({
        one: one.rate,
        ratio: four.rate / one.rate,
        oneDelayMs: one.loopDelayP99Ms,
        fourDelayMs: four.loopDelayP99Ms,
      })
      console.log(
        `one device ${one.rate.toFixed(2)} runs/s, ${share(one.rate)}; four ${four.rate.toFixed(2)}, ${(four.rate / one.rate).toFixed(3)} times one`,
      )
    }
    const middle = (of: 'one' | 'ratio' | 'oneDelayMs' | 'fourDelayMs'): number =>
      median(measured.map(round => round[of]))
    console.log(`medians of ${String(rounds)} rounds:`)
    console.log(
      `one device: ${middle('one').toFixed(2)} runs/s, ${share(middle('one'))} of ${(1000 / executeMs).toFixed(2)}; event-loop delay p99 ${middle('oneDelayMs').toFixed(2)} ms`,
    )
    console.log(
      `four devices: ${middle('ratio').toFixed(3)} times one; event-loop delay p99 ${middle('fourDelayMs').toFixed(2)} ms`,
    )
  } finally {
    scratch.remove()
  }
}

function share(rate: number): string {
  return `${((rate * executeMs) / 10).toFixed(2)} %`
}

void main()
