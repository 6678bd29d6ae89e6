import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { cgroupCpuLimit, usableCpus } from '../../lib/session/cpu-count'

/** https://docs.kernel.org/admin-guide/cgroup-v2.html, `cpu.max`; and `cpu.cfs_*_us` of version 1. */
describe('cgroupCpuLimit', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aasist-cgroup-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function limit(membership: string, files: Readonly<Record<string, string>>): number {
    for (const [path, text] of Object.entries({ ...files, membership })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return cgroupCpuLimit(folder, join(folder, 'membership'))
  }

  it('reads the quota of a container (version 2)', () => {
    expect(limit('0::/\n', { 'cpu.max': '150000 100000\n' })).to.equal(1.5)
  })
  it('takes the smallest of all levels', () => {
    const files = {
      'a/cpu.max': '200000 100000\n',
      'a/b/cpu.max': '400000 100000\n',
      'a/b/c/cpu.max': 'max 100000\n',
    }
    expect(limit('0::/a/b/c\n', files)).to.equal(2)
  })
  it('reads version 1, where controllers may share a mount point', () => {
    const files = {
      'cpu,cpuacct/job/cpu.cfs_quota_us': '300000\n',
      'cpu,cpuacct/job/cpu.cfs_period_us': '100000\n',
    }
    expect(limit('5:memory:/job\n3:cpu,cpuacct:/job\n', files)).to.equal(3)
  })
  it('reads the mount point where the path is the one outside the container', () => {
    const files = { 'cpu/cpu.cfs_quota_us': '50000\n', 'cpu/cpu.cfs_period_us': '100000\n' }
    expect(limit('4:cpu:/docker/0123\n', files)).to.equal(0.5)
  })
  it('is infinite without a limit', () => {
    expect(limit('0::/\n', { 'cpu.max': 'max 100000\n' })).to.equal(Infinity)
    expect(
      limit('4:cpu:/\n', { 'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n' }),
    ).to.equal(Infinity)
  })
  it('is infinite where there are no control groups, or unreadable ones', () => {
    expect(cgroupCpuLimit(join(folder, 'none'), join(folder, 'none'))).to.equal(Infinity)
    expect(limit('garbage\n\n0::/\n', { 'cpu.max': 'lots\n' })).to.equal(Infinity)
  })
})

describe('usableCpus', () => {
  it('is at least one and never more than this process may run on', () => {
    expect(usableCpus()).to.be.within(1, availableParallelism())
  })
})
