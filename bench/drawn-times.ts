/** The simulator's seeded execution times, computed a second time from what docs and paper say: SplitMix64, polar method. */

export interface Lognormal {
  readonly medianUs: number
  /** Standard deviation of the natural logarithm. */
  readonly sigma: number
  readonly seed: number
}

/** What `ACL_SIM_EXEC_US` takes. */
export const settingOf = ({ medianUs, sigma, seed }: Lognormal): string =>
  `lognormal:${medianUs}:${sigma}:${seed}`

/** The first times of a process, in milliseconds, after `skipped` of them. */
export function drawnTimesMs(
  { medianUs, sigma, seed }: Lognormal,
  { count, skipped }: { readonly count: number; readonly skipped: number },
): readonly number[] {
  let state = BigInt(seed)
  const word = (value: bigint): bigint => BigInt.asUintN(64, value)
  const uniform = (): number => {
    state = word(state + 0x9e3779b97f4a7c15n)
    let mixed = word((state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n)
    mixed = word((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn)
    return (Number((mixed ^ (mixed >> 31n)) >> 11n) + 0.5) * 2 ** -53
  }
  const normal = (): number => {
    for (;;) {
      const x = 2 * uniform() - 1
      const y = 2 * uniform() - 1
      const radius = x * x + y * y
      if (radius > 0 && radius < 1) return x * Math.sqrt((-2 * Math.log(radius)) / radius)
    }
  }
  const all = Array.from({ length: skipped + count }, () => (medianUs * Math.exp(sigma * normal())) / 1000)
  return all.slice(skipped)
}

/** numpy's linear percentile of values in any order. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  const place = share * (sorted.length - 1)
  const low = sorted[Math.floor(place)]!
  return low + (sorted[Math.ceil(place)]! - low) * (place - Math.floor(place))
}

/** The figures a benchmark is judged by, of one input a run. */
export function truthOf(
  timesMs: readonly number[],
): Readonly<Record<'p50' | 'p99' | 'mean' | 'throughput', number>> {
  const mean = timesMs.reduce((sum, time) => sum + time, 0) / timesMs.length
  return { p50: quantile(timesMs, 0.5), p99: quantile(timesMs, 0.99), mean, throughput: 1000 / mean }
}
