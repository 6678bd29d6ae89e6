import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { FolderLock } from '../../lib/scoring/folder-lock'
import { temporaryFolder } from '../dataset/folders'
import { expectCode } from './support'

describe('the lock of a results folder', () => {
  const folder = temporaryFolder()
  const path = (): string => join(folder(), 'running.0123456789abcdef.lock')
  const here = { pid: process.pid, host: hostname() }
  const deadPid = (): number => spawnSync(process.execPath, ['--version']).pid
  const writeLock = (holder: object, ageSeconds = 0): void => {
    writeFileSync(path(), JSON.stringify(holder))
    const time = Date.now() / 1000 - ageSeconds
    utimesSync(path(), time, time)
  }

  it('is held by one, and free again when that one leaves', async () => {
    const [first, second] = [new FolderLock(folder()), new FolderLock(folder())]
    await first.take()
    expect((await expectCode(second.take(), 'OUTPUT_EXISTS')).message).to.include(`process ${process.pid}`)
    await first.leave()
    await second.take()
    await second.leave()
    expect(readdirSync(folder())).to.deep.equal([])
  })

  it('goes to exactly one of many who find an abandoned one at the same time', async () => {
    for (let round = 0; round < 20; round++) {
      writeLock({ ...here, pid: deadPid() })
      const locks = Array.from({ length: 8 }, () => new FolderLock(folder()))
      const taken = await Promise.allSettled(locks.map(lock => lock.take()))
      expect(taken.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
      await Promise.all(locks.map(lock => lock.leave()))
      expect(readdirSync(folder())).to.deep.equal([])
    }
  })

  it('is abandoned when its process is gone, when that number is of a later process, and when it holds nothing', async () => {
    const abandoned = [{ ...here, pid: deadPid() }, { ...here, began: '1' }, {}, { pid: process.pid }]
    for (const holder of abandoned) {
      writeLock(holder)
      const lock = new FolderLock(folder())
      await lock.take()
      await lock.leave()
    }
  })

  it('of another machine is abandoned after a minute of silence, and not before', async () => {
    const there = { ...here, host: 'another-machine', pid: deadPid() }
    writeLock(there, 40)
    expect((await expectCode(new FolderLock(folder()).take(), 'OUTPUT_EXISTS')).message).to.include(
      'another-machine',
    )
    writeLock(there, 70)
    const lock = new FolderLock(folder())
    await lock.take()
    await lock.leave()
  })

  it('shows every few seconds that its holder lives', async () => {
    const lock = new FolderLock(folder(), { heartbeatMs: 20, silenceMs: 60_000 })
    await lock.take()
    const [own] = readdirSync(folder())
    const before = readFileSync(join(folder(), own!), 'utf8')
    utimesSync(join(folder(), own!), 0, 0)
    await delay(200)
    expect(statSync(join(folder(), own!)).mtimeMs).to.be.above(0)
    expect(readFileSync(join(folder(), own!), 'utf8')).to.equal(before)
    await lock.leave()
  })

  it('tells its holder when another run has taken the folder over, and leaves it to that one', async () => {
    const lock = new FolderLock(folder(), { heartbeatMs: 20, silenceMs: 60_000 })
    let lost: Error | undefined
    await lock.take(error => (lost = error))
    for (const name of readdirSync(folder())) rmSync(join(folder(), name))
    await delay(100)
    expect(lost, 'removed by hand').to.equal(undefined)
    writeLock({ ...here, host: 'another-machine' })
    for (let wait = 0; lost === undefined && wait < 100; wait++) await delay(20)
    expect(lost).to.have.property('code', 'OUTPUT_EXISTS')
    await lock.leave()
    expect(readdirSync(folder())).to.have.length(1)
  })
})
