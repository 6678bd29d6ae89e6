/** How many CPUs this process may really use: affinity, which Node reads, and the container's quota, which Node 20 does not. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

function quotient(quota: string | undefined, period: string | undefined): number {
  const cpus = Number(quota) / Number(period)
  // "max" (version 2) and -1 (version 1) both mean no limit.
  return Number.isFinite(cpus) && cpus > 0 ? cpus : Infinity
}

/**
 * CPUs the control groups of this process grant, as a fraction; Infinity without a limit. Every level up to the mount
 * point may set one, and the smallest holds.
 */
export function cgroupCpuLimit(cgroupRoot = '/sys/fs/cgroup', membership = '/proc/self/cgroup'): number {
  let limit = Infinity
  for (const line of readText(membership)?.split('\n') ?? []) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    const unified = controllers === ''
    if (!unified && !controllers.split(',').includes('cpu')) continue
    const mount = unified ? cgroupRoot : join(cgroupRoot, controllers)
    // Inside a container the path may be the host's: its own group is then the mount point itself.
    for (let group = path; ; group = dirname(group)) {
      const folder = join(mount, group)
      if (unified) {
        const [quota, period] = readText(join(folder, 'cpu.max'))?.split(' ') ?? []
        limit = Math.min(limit, quotient(quota, period))
      } else {
        const quota = readText(join(folder, 'cpu.cfs_quota_us'))
        limit = Math.min(limit, quotient(quota, readText(join(folder, 'cpu.cfs_period_us'))))
      }
      if (group === '/' || group === '.') break
    }
  }
  return limit
}

/** At least 1. A quota of 1.5 CPUs counts as 1: a second busy thread would be throttled half of the time. */
export function usableCpus(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cgroupCpuLimit())))
}
