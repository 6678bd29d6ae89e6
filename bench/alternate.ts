/** Paired measurements: contenders take turns inside one run, because two runs on a shared machine are two machines. */
import { availableParallelism, cpus } from 'node:os'

export interface Contender {
  readonly name: string
  /** Does the work once. */
  readonly run: () => Promise<void>
  /** Processor time of its own process so far, where it has one. Default: this process's. */
  readonly cpuMs?: () => number
}

export interface Measurement {
  readonly name: string
  readonly wallSeconds: readonly number[]
  /** Processor time of the contender's process over wall time and CPUs: 1 means that all of them were busy. */
  readonly busy: readonly number[]
}

const pauseMs = 300

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

export async function alternate(
  contenders: readonly Contender[],
  rounds: number,
): Promise<readonly Measurement[]> {
  const measurements = contenders.map(({ name }) => ({
    name,
    wallSeconds: [] as number[],
    busy: [] as number[],
  }))
  for (const { run } of contenders) await run()
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run, cpuMs = ownCpuMs }] of contenders.entries()) {
      // onnxruntime's threads spin for a moment after a run; they must not spin on the next contender's time.
      await new Promise(resolve => setTimeout(resolve, pauseMs))
      const cpuBeforeMs = cpuMs()
      const start = performance.now()
      await run()
      const wallMs = performance.now() - start
      measurements[index]!.wallSeconds.push(wallMs / 1000)
      measurements[index]!.busy.push((cpuMs() - cpuBeforeMs) / wallMs / availableParallelism())
    }
  }
  return measurements
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Median of the rounds' own ratios: what both contenders met in a round cancels out. */
export function medianRatio(slow: Measurement, fast: Measurement): number {
  return median(slow.wallSeconds.map((seconds, round) => seconds / fast.wallSeconds[round]!))
}

export function report(measurements: readonly Measurement[], clips: number): void {
  for (const { name, wallSeconds, busy } of measurements) {
    const rates = wallSeconds.map(seconds => clips / seconds).sort((a, b) => a - b)
    console.log(
      `${name.padEnd(44)} ${median(rates).toFixed(2).padStart(6)} clips/s  (${rates[0]!.toFixed(2)} to ${rates.at(-1)!.toFixed(2)}), CPUs ${(100 * median(busy)).toFixed(0)} % busy`,
    )
  }
}

export function describeMachine(): string {
  return `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} CPUs, Node ${process.versions.node}`
}
