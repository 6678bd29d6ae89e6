/** What is printed about a comparison. */
import type { Comparison, Ratio } from './compare'
import type { TimeFigures } from './statistics'

export function comparisonSummary({
  models,
  computeMs,
  ratioOfMedians,
  ratioOfMeans,
  verdict,
  rounds,
  runsPerBlock,
  seed,
}: Comparison): readonly string[] {
  return [
    '-----------------Comparison------------------',
    `first:  ${figures(computeMs[0])}  ${models[0]}`,
    `second: ${figures(computeMs[1])}  ${models[1]}`,
    `second / first, medians: ${ratio(ratioOfMedians)}`,
    `second / first, means:   ${ratio(ratioOfMeans)}`,
    `${rounds} rounds of ${runsPerBlock} runs each, in turns (seed ${seed})`,
    verdict,
    '---------------------------------------------',
  ]
}

const figures = ({ medianMs, meanMs, p99Ms }: TimeFigures): string =>
  `median = ${medianMs.toFixed(3)} ms, mean = ${meanMs.toFixed(3)}, p99 = ${p99Ms.toFixed(3)}`

const ratio = ({ value, low, high }: Ratio): string =>
  `${value.toFixed(4)} (95 % interval ${low.toFixed(4)} to ${high.toFixed(4)})`
