/**
 * A service on one simulated NPU: clips that arrive one by one share runs of 8. What it can do at most, with batch 8 and
 * with batch 1, and how long answers take at 80 % of the former with Poisson arrivals. Open loop: a time counts from when
 * the clip was due to arrive, so a service that lags behind cannot hide it. `tsx bench/micro-batching.ts`
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { Detector } from '../lib'
import { describeMachine, median } from './alternate'
import { Scratch, library, samples } from './npu-model'

/** As AASIST-L on an Ascend 310P3, where a batch gains 3 %; and a device on which it gains three times as much. */
const tables = ['1:6080,8:47360', '1:6080,8:16000']
const batchWaitsMs = [0, 5, 15] as const
const batch = 8
const load = 0.8
const rounds = 3
const secondsPerRound = 20
const saturationSeconds = 5

const clip = { samples: new Float32Array(samples).fill(0.1), sampleRateHz: 16_000 }

/** Seconds between arrivals, exponential: a Poisson process of `perSecond`. */
function* arrivals(perSecond: number, seed: number): Generator<number> {
  const random = xoroshiro128plus(seed)
  for (;;) yield -Math.log((random.next() + 2 ** 31 + 0.5) / 2 ** 32) / perSecond
}

interface Answers {
  readonly answersPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly clipsPerRun: number
  readonly loopDelayP99Ms: number
}

async function openLoop(detector: Detector, perSecond: number, seed: number): Promise<Answers> {
  const latencies: number[] = []
  const pending: Promise<void>[] = []
  const runsBefore = detector.stats().done
  const loopDelay = monitorEventLoopDelay({ resolution: 1 })
  loopDelay.enable()
  const beganAtMs = performance.now()
  let dueAtMs = beganAtMs
  for (const gapSeconds of arrivals(perSecond, seed)) {
    dueAtMs += 1000 * gapSeconds
    if (dueAtMs > beganAtMs + 1000 * secondsPerRound) break
    const dueAt = dueAtMs
    const aheadMs = dueAt - performance.now()
    if (aheadMs > 0) await delay(aheadMs)
    pending.push(
      detector.score(clip).then(() => {
        latencies.push(performance.now() - dueAt)
      }),
    )
  }
  await Promise.all(pending)
  const tookSeconds = (performance.now() - beganAtMs) / 1000
  loopDelay.disable()
  latencies.sort((a, b) => a - b)
  const quantile = (share: number): number => latencies[Math.floor(share * latencies.length)]!
  return {
    answersPerSecond: latencies.length / tookSeconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    clipsPerRun: latencies.length / (detector.stats().done - runsBefore),
    loopDelayP99Ms: loopDelay.percentile(99) / 1e6,
  }
}

/** Clips a second while there are always some waiting. */
async function saturated(detector: Detector): Promise<number> {
  const beganAtMs = performance.now()
  let done = 0
  const caller = async (): Promise<void> => {
    while (performance.now() < beganAtMs + 1000 * saturationSeconds) {
      await detector.score(clip)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: 4 * batch }, caller))
  return (1000 * done) / (performance.now() - beganAtMs)
}

async function measure(table: string): Promise<void> {
  const batchMs = Number(table.split(':').at(-1)) / 1000
  const capacity = (1000 * batch) / batchMs
  const scratch = new Scratch()
  try {
    const [one, eight] = [scratch.compileAasist(), scratch.compileAasist({ batch })]
    console.log(`${table}: batch ${batch} takes ${batchMs} ms, ${capacity.toFixed(1)} clips/s at most`)
    const most = { one: [] as number[], eight: [] as number[] }
    const answers = batchWaitsMs.map(() => [] as Answers[])
    for (let round = 0; round < rounds; round += 1) {
      {
        await using detector = await Detector.load({ model: one, device: 0 })
        most.one.push(await saturated(detector))
      }
      for (const [index, batchWaitMs] of batchWaitsMs.entries()) {
        // A machine that is too slow for the load shows in the times, not in clips turned away.
        await using detector = await Detector.load({
          model: eight,
          device: 0,
          batchWaitMs,
          queueLimit: 10_000,
        })
        most.eight.push(await saturated(detector))
        answers[index]!.push(await openLoop(detector, load * capacity, round + 1))
      }
    }
    const [slow, fast] = [median(most.one), median(most.eight)]
    console.log(
      `  saturated: ${fast.toFixed(1)} clips/s, batch 1 ${slow.toFixed(1)}: ${(fast / slow).toFixed(3)} times`,
    )
    for (const [index, batchWaitMs] of batchWaitsMs.entries()) {
      const of = (name: keyof Answers): number => median(answers[index]!.map(each => each[name]))
      console.log(
        `  ${(load * capacity).toFixed(1)} arrivals/s, batchWaitMs ${batchWaitMs}: ${of('answersPerSecond').toFixed(1)} answers/s, ` +
          `p50 ${of('p50Ms').toFixed(1)} ms, p99 ${of('p99Ms').toFixed(1)} ms, ${(of('p99Ms') / batchMs).toFixed(2)} batch times; ` +
          `${of('clipsPerRun').toFixed(2)} clips a run; event-loop delay p99 ${of('loopDelayP99Ms').toFixed(1)} ms`,
      )
    }
  } finally {
    scratch.remove()
  }
}

/** The simulator reads its settings once, so each table has a process of its own. */
async function main(): Promise<void> {
  const table = process.env['ACL_SIM_EXEC_US']
  if (table !== undefined) return measure(table)
  console.log(`${describeMachine()}; medians of ${rounds} rounds of ${secondsPerRound} s`)
  for (const each of tables) {
    const env = { ...process.env, ACL_SIM_EXEC_US: each, ACL_SIM_DEVICES: '1', AASIST_ACL_LIBRARY: library }
    await once(fork(__filename, { env }), 'exit')
  }
}

void main()
