/**
 * How long a clip should wait for company beside an idle session: a queue by calculation, without any host, in which a run
 * of 8 takes the same time however full it is. Poisson arrivals, seeded. `tsx bench/batch-wait.ts`
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

const batch = 8
const clips = 200_000
const runsMs = [47.36, 16]
const loads = [0.1, 0.3, 0.5, 0.8, 0.9]
const waitsMs = [0, 2, 5, 10, 15, 30]

function arrivalTimes(perMs: number): Float64Array {
  const random = xoroshiro128plus(1)
  let nowMs = 0
  return Float64Array.from({ length: clips }, () => {
    nowMs -= Math.log((random.next() + 2 ** 31 + 0.5) / 2 ** 32) / perMs
    return nowMs
  })
}

/** A run starts when it is full, or when its first clip has waited; either way not before the session is free. */
function answerTimes(arrivals: Float64Array, runMs: number, waitMs: number): Float64Array {
  const answers = new Float64Array(clips)
  let freeAtMs = 0
  for (let first = 0; first < clips;) {
    const fullAtMs = arrivals[first + batch - 1] ?? Infinity
    const startMs = Math.max(freeAtMs, Math.min(fullAtMs, arrivals[first]! + waitMs))
    freeAtMs = startMs + runMs
    const before = first
    for (; first < clips && first < before + batch && arrivals[first]! <= startMs; first++)
      answers[first] = freeAtMs - arrivals[first]!
  }
  return answers.sort()
}

for (const runMs of runsMs) {
  for (const load of loads) {
    const arrivals = arrivalTimes((load * batch) / runMs)
    const columns = waitsMs.map(waitMs => {
      const answers = answerTimes(arrivals, runMs, waitMs)
      const quantile = (share: number): string => answers[Math.floor(share * clips)]!.toFixed(1)
      return `${waitMs}: ${quantile(0.5)} / ${quantile(0.99)}`
    })
    console.log(`${runMs} ms, load ${100 * load} %, p50 / p99 in ms by wait: ${columns.join(', ')}`)
  }
}
