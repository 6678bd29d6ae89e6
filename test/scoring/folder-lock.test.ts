import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { FolderLock } from '../../lib/scoring/folder-lock'
import { scratchFolder } from '../support/scratch-folder'
import { expectCode, failureOf } from './support'

describe('the lock of a results folder', () => {
  const folder = scratchFolder()
  const path = (): string => join(folder(), 'running.0123456789abcdef.lock')
  /** What a lock of this process holds, but for the time the process began. */
  let here: { readonly pid: number; readonly host: string; readonly numbering: string }
  before(async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'aasist-lock-'))
    const lock = new FolderLock(scratch)
    await lock.take()
    const [own] = readdirSync(scratch)
    const { pid, host, numbering } = JSON.parse(readFileSync(join(scratch, own!), 'utf8')) as typeof here
    here = { pid, host, numbering }
    await lock.leave()
    rmSync(scratch, { recursive: true })
  })
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
    for (let round = 0; round < 10; round++) {
      writeLock({ ...here, pid: deadPid() })
      const locks = Array.from({ length: 8 }, () => new FolderLock(folder()))
      const taken = await Promise.allSettled(locks.map(lock => lock.take()))
      expect(taken.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
      await Promise.all(locks.map(lock => lock.leave()))
      expect(readdirSync(folder())).to.deep.equal([])
    }
  })

  it('is alive in another container of the same name, whatever its process number says here', async () => {
    writeLock({ ...here, pid: deadPid(), numbering: 'vm boot pid:[1]' })
    await expectCode(new FolderLock(folder()).take(), 'OUTPUT_EXISTS')
  })

  it('leaves nothing of its own behind when it cannot look at the others', async () => {
    mkdirSync(join(folder(), 'running.fedcba9876543210.lock'))
    utimesSync(join(folder(), 'running.fedcba9876543210.lock'), 0, 0)
    await failureOf(new FolderLock(folder()).take())
    expect(readdirSync(folder())).to.deep.equal(['running.fedcba9876543210.lock'])
    rmSync(join(folder(), 'running.fedcba9876543210.lock'), { recursive: true })
    const lock = new FolderLock(folder())
    await lock.take()
    await lock.leave()
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
    const there = { ...here, host: 'another-machine', numbering: 'another', pid: deadPid() }
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
    const [own] = readdirSync(folder())
    rmSync(join(folder(), own!))
    await delay(100)
    expect(lost, 'removed by hand').to.equal(undefined)
    expect(readdirSync(folder())).to.deep.equal([own])
    rmSync(join(folder(), own!))
    writeLock({ ...here, host: 'another-machine', numbering: 'another' })
    for (let wait = 0; lost === undefined && wait < 100; wait++) await delay(20)
    expect(lost).to.have.property('code', 'OUTPUT_EXISTS')
    await lock.leave()
    expect(readdirSync(folder())).to.have.length(1)
  })
})
