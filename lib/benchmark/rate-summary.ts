/** What is printed about load at a given rate. */
import type { RateBenchmark } from './open-loop'
import type { TimeFigures } from './statistics'

/** Without the word that scripts for ais_bench look for. */
export function rateSummary(measured: RateBenchmark): readonly string[] {
  const { arrivals, seed, perSecond, due, answered, refused, answersPerSecond } = measured
  const { responseMs, latenessMs, computeMs, mostOpen, openAtEnd, sessions, isOverloaded, complete } =
    measured
  const compute = computeMs === null ? '-' : `p50 = ${ms(computeMs.p50)}, p99 = ${ms(computeMs.p99)}`
  return [
    '-----------------Open Loop Summary------------------',
    `arrivals: ${perSecond} a second (${arrivals}, seed ${seed}), ${due} in all; sessions: ${sessions}`,
    `answers: ${answersPerSecond.toFixed(2)} a second, ${answered} in all; refused: ${refused}`,
    `response_time (ms): ${figures(responseMs)}`,
    `compute_time (ms): ${compute}`,
    `sent late (ms): p50 = ${ms(latenessMs.medianMs)}, p99 = ${ms(latenessMs.p99Ms)}, max = ${ms(latenessMs.maxMs)}`,
    `open at a time: ${mostOpen} at most, ${openAtEnd} when the last one was sent`,
    ...(complete ? [] : [`stopped early: ${answered} answers to ${due} requests that were planned`]),
    isOverloaded
      ? 'overloaded: more came than could be computed, and the response times only say how long this went on'
      : `kept up: the queue did not grow to the end${complete ? '' : ', as far as it went'}`,
    '----------------------------------------------------',
  ]
}

const ms = (value: number): string => value.toFixed(3)

function figures({ minMs, medianMs, p90Ms, p95Ms, p99Ms, p999Ms, maxMs }: TimeFigures): string {
  const named = { min: minMs, p50: medianMs, p90: p90Ms, p95: p95Ms, p99: p99Ms, 'p99.9': p999Ms, max: maxMs }
  return Object.entries(named)
    .map(([name, value]) => `${name} = ${ms(value)}`)
    .join(', ')
}
