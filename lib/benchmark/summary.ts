/** What ais_bench prints and writes about a run, line by line and key by key: other people's scripts read it. */
import type { Benchmark, DeviceBenchmark } from './benchmark'
import type { TimeFigures } from './statistics'

/** Which lines to print: those around copies are asked for. */
export type SummaryLines = 'computing' | 'computing and copies'

/** The block on the console, without the `[INFO] ` in front of each line. */
export function performanceSummary(
  result: DeviceBenchmark,
  sessions: number,
  lines: SummaryLines,
): readonly string[] {
  const { batchSize, meanMs, throughput, copyInMs, copyOutMs, computeMs } = result
  const figures = (name: string, times: TimeFigures | null, mean?: number): string =>
    `${name} (ms): ${sessions > 1 ? `mean = ${float(mean ?? times?.meanMs ?? 0)}` : allFigures(times)}`
  const copies = lines === 'computing and copies'
  return [
    '-----------------Performance Summary------------------',
    ...(copies ? [figures('H2D_latency', copyInMs)] : []),
    figures('NPU_compute_time', computeMs, meanMs),
    ...(copies ? [figures('D2H_latency', copyOutMs)] : []),
    `throughput 1000*batchsize.mean(${batchSize})/NPU_compute_time.mean(${float(meanMs)}): ${float(throughput)}`,
    '------------------------------------------------------',
  ]
}

function allFigures(times: TimeFigures | null): string {
  const { minMs = 0, maxMs = 0, meanMs = 0, medianMs = 0, p99Ms = 0 } = times ?? {}
  return `min = ${float(minMs)}, max = ${float(maxMs)}, mean = ${float(meanMs)}, median = ${float(medianMs)}, percentile(99%) = ${float(p99Ms)}`
}

/** What ais_bench does not print, so that it stands apart from its block. */
export function percentileLines({ devices }: Benchmark): readonly string[] {
  return devices.map(({ computeMs }, place) => {
    const { medianMs, p90Ms, p95Ms, p99Ms, p999Ms } = computeMs
    const name = devices.length > 1 ? `percentiles of i:${place}` : 'percentiles'
    return `${name} (ms): p50 = ${float(medianMs)}, p90 = ${float(p90Ms)}, p95 = ${float(p95Ms)}, p99 = ${float(p99Ms)}, p99.9 = ${float(p999Ms)}`
  })
}

/** A number as Python prints a float: `6.0`, `1e-05`. */
export function float(value: number): string {
  if (value === 0) return '0.0'
  const magnitude = Math.abs(value)
  if (magnitude < 1e-4 || magnitude >= 1e16) {
    const [digits, exponent] = value.toExponential().split('e') as [string, string]
    return `${digits}e${exponent[0]!}${exponent.slice(1).padStart(2, '0')}`
  }
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

/** `…_summary.json`. */
export function summaryFile(result: DeviceBenchmark, sessions: number, args: readonly string[]): string {
  const { computeMs, computeTimesMs, computeIntervals, meanMs, copyInMs, copyOutMs, throughput, files } =
    result
  const figures = (times: TimeFigures | null, mean?: number): object =>
    sessions > 1
      ? { mean: mean ?? times?.meanMs ?? 0, count: times?.count ?? 0 }
      : {
          min: times?.minMs ?? 0,
          max: times?.maxMs ?? 0,
          mean: times?.meanMs ?? 0,
          median: times?.medianMs ?? 0,
          'percentile(99%)': times?.p99Ms ?? 0,
          count: times?.count ?? 0,
        }
  const firstMs = computeIntervals.reduce((least, [began]) => Math.min(least, began), Infinity)
  const summary = {
    filesinfo: Object.fromEntries(
      files.map(({ sample, infiles, outfiles }) => [String(sample), { infiles, outfiles }]),
    ),
    args,
    NPU_compute_time: figures(computeMs, meanMs),
    H2D_latency: figures(copyInMs),
    D2H_latency: figures(copyOutMs),
    npu_compute_time_list:
      sessions > 1
        ? computeIntervals.map(([began, ended]) => [began - firstMs, ended - firstMs])
        : computeTimesMs,
    throughput,
    pid: process.pid,
  }
  return `${JSON.stringify(summary, null, 4)}\n`
}
