/** The figures of a benchmark from files to scores, for people. */
import type { EndToEndBenchmark } from './end-to-end'

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

/** One line each, without a line break. */
export function endToEndSummary(measured: EndToEndBenchmark): readonly string[] {
  const { clipsPerSecond, pureClipsPerSecond, clips, failed, wallSeconds, stages, bottleneck } = measured
  const ofPure = pureClipsPerSecond > 0 ? `, ${percent(clipsPerSecond / pureClipsPerSecond)} of it` : ''
  return [
    `${clips} clips in ${wallSeconds.toFixed(2)} s${failed > 0 ? `, ${failed} of them without a score` : ''}`,
    `pure inference   ${pureClipsPerSecond.toFixed(2).padStart(9)} clips/s`,
    `files to scores  ${clipsPerSecond.toFixed(2).padStart(9)} clips/s${ofPure}`,
    'stage      ms a clip    share     busy',
    ...stages.map(
      ({ name, meanMs, share, busy }) =>
        `${name.padEnd(9)} ${meanMs.toFixed(3).padStart(10)} ${percent(share).padStart(8)} ${(busy === null ? '-' : percent(busy)).padStart(8)}`,
    ),
    `event loop: ${percent(measured.eventLoop.busy)} busy, delay p99 ${measured.eventLoop.delayP99Ms.toFixed(2)} ms`,
    `bottleneck: ${bottleneck.name} (${percent(bottleneck.busy)} busy)`,
  ]
}
