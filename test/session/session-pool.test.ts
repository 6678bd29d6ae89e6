import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import { createPool } from '../../lib/session'
import type { FailoverEvent, PoolOptions, SessionPool } from '../../lib/session'
import {
  ENDLESS,
  addFeeds,
  addResult,
  modelPath,
  rejection,
  slowFeeds,
  threadCount,
  until,
  workerProcesses,
} from './support'

/** Kills the processes of a pool and waits until they are gone. */
async function killAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await until(() => !workerProcesses().some(pid => pids.includes(pid)), 'the processes to end')
}

describe('createPool', () => {
  it('opens as many sessions as were asked for, one thread each', async () => {
    await using pool = await createPool(modelPath('add'), { sessions: 3 })
    expect(pool.stats()).to.include({ state: 'ready', sessions: 3, failovers: 0, retried: 0 })
    expect(pool.device).to.deep.equal({ kind: 'cpu', threads: 3 })
  })

  it('computes on all sessions at the same time', async () => {
    await using pool = await createPool(modelPath('slow'), { sessions: 2 })
    const runs = [1, 2].map(x => pool.run(slowFeeds({ rounds: 300, x })))
    expect(pool.stats()).to.include({ running: 2, queued: 0 })
    await Promise.all(runs)
    expect(pool.stats()).to.include({ running: 0, done: 2 })
    expect(pool.stats().executeMs!.count).to.equal(2)
  })

  it('keeps its own copy of the bytes of a model', async () => {
    const bytes = readFileSync(modelPath('add'))
    const creating = createPool(bytes, { sessions: 1, isolation: 'process' })
    bytes.fill(0)
    await using pool = await creating
    await killAll(workerProcesses())
    const { sum } = await pool.run(addFeeds)
    expect(sum!.data).to.deep.equal(Float32Array.from(addResult))
  })

  it('gives short runs to the session that is free while another one is busy', async () => {
    await using pool = await createPool(modelPath('slow'), { sessions: 2 })
    const order: string[] = []
    const long = pool.run(slowFeeds({ rounds: 1500 })).then(() => order.push('long'))
    for (let x = 0; x < 5; x++) {
      await pool.run(slowFeeds({ rounds: 10, x }))
      order.push('short')
    }
    await long
    expect(order).to.deep.equal(['short', 'short', 'short', 'short', 'short', 'long'])
  })

  it('never lets the last runs wait behind each other beside an idle session', async () => {
    await using pool = await createPool(modelPath('slow'), { sessions: 2 })
    // The first is long: had the third been sent ahead to its session, it would end last.
    const order: number[] = []
    const rounds = [1200, 100, 10]
    await Promise.all(
      rounds.map(async each => pool.run(slowFeeds({ rounds: each })).then(() => order.push(each))),
    )
    expect(order).to.deep.equal([100, 10, 1200])
  })

  it('bounds the runs that wait over all sessions', async () => {
    await using pool = await createPool(modelPath('slow'), { sessions: 2, queueLimit: 3 })
    const accepted = [1, 2, 3, 4, 5].map(x => pool.run(slowFeeds({ rounds: 150, x })))
    expect(pool.stats()).to.include({ running: 2, queued: 3 })
    await rejection(pool.run(slowFeeds({ rounds: 1 })), 'QUEUE_FULL')
    await Promise.all(accepted)
    expect(pool.stats()).to.include({ done: 5, failed: 0, queued: 0 })
  })

  it('drops runs that wait for a session when their signal aborts or their time is up', async () => {
    await using pool = await createPool(modelPath('slow'), { sessions: 1 })
    const first = pool.run(slowFeeds({ rounds: 500 }))
    const controller = new AbortController()
    const { signal } = controller
    const aborted = [1, 2, 3].map(x => pool.run(slowFeeds({ rounds: ENDLESS, x }), undefined, { signal }))
    const outcomes = Promise.allSettled(aborted)
    await rejection(pool.run(slowFeeds({ rounds: ENDLESS }), undefined, { timeoutMs: 20 }), 'RUN_TIMEOUT')
    controller.abort('enough')
    for (const outcome of await outcomes)
      expect(outcome).to.deep.equal({ status: 'rejected', reason: 'enough' })
    await first
    await pool.run(slowFeeds({ rounds: 1 }))
    expect(pool.stats()).to.include({ done: 2, failed: 1, cancelled: 3, queued: 0 })
  })

  it('leaves nothing behind when one session cannot be opened', async () => {
    const threads = threadCount()
    await rejection(createPool(Uint8Array.of(1, 2, 3), { sessions: 3 }), 'MODEL_INVALID')
    await until(() => threadCount() <= threads, 'the workers to leave')
  })

  it('leaves nothing behind when its creation is given up', async () => {
    const threads = threadCount()
    const controller = new AbortController()
    const outcome = createPool(modelPath('slow'), { sessions: 3, signal: controller.signal })
    await delay(20)
    controller.abort('never mind')
    expect(await outcome.catch((reason: unknown) => reason)).to.equal('never mind')
    await until(() => threadCount() <= threads, 'the workers to leave')
  })

  const refused: readonly [string, unknown, string][] = [
    ['an unknown option', { size: 2 }, 'UNKNOWN_OPTION'],
    ['threads, which are per session', { threads: 2 }, 'UNKNOWN_OPTION'],
    ['no sessions', { sessions: 0 }, 'INVALID_ARGUMENT'],
    ['no threads a session', { threadsPerSession: 0 }, 'INVALID_ARGUMENT'],
    ['a negative queueLimit', { queueLimit: -1 }, 'INVALID_ARGUMENT'],
    ['an onFailover that cannot be called', { onFailover: true }, 'INVALID_ARGUMENT'],
    ['a signal that is none', { signal: 1 }, 'INVALID_ARGUMENT'],
    ['an NPU, for which the model would have to be compiled', { device: 'npu' }, 'INVALID_ARGUMENT'],
    ['an unknown device among several', { device: [0, 'cpu'] }, 'INVALID_ARGUMENT'],
  ]
  for (const [what, options, code] of refused) {
    it(`refuses ${what} with ${code}`, () =>
      rejection(createPool(modelPath('add'), options as PoolOptions), code))
  }
})

describe('a pool that loses a session', () => {
  it('tries the run again on another one, replaces the session and reports it', async () => {
    const events: FailoverEvent[] = []
    await using pool = await createPool(modelPath('slow'), {
      sessions: 2,
      isolation: 'process',
      onFailover: event => events.push(event),
    })
    const runs = [1, 2, 3, 4].map(x => pool.run(slowFeeds({ rounds: 300, x })))
    await delay(40)
    await killAll(workerProcesses().slice(0, 1))
    const results = await Promise.all(runs)
    expect(results.map(({ y }) => Math.floor((y!.data as Float32Array)[0]!))).to.deep.equal([1, 2, 3, 4])
    expect(pool.stats()).to.include({ state: 'ready', done: 4, failed: 0, retried: 1, failovers: 1 })
    expect(events).to.have.length(1)
    expect(events[0])
      .to.include({ replacement: 'starting' })
      .and.to.have.property('place')
      .that.is.within(0, 1)
    expect(errorCode(events[0]!.error)).to.equal('SESSION_FAULTED')
    await until(() => pool.stats().sessions === 2, 'the replacement')
  })

  it('while idle notices with the next run, which is not counted as retried', async () => {
    await using pool = await createPool(modelPath('add'), { sessions: 2, isolation: 'process' })
    await killAll(workerProcesses())
    // Until this process has heard of it.
    await delay(100)
    const results = await Promise.all([1, 2, 3].map(() => pool.run(addFeeds)))
    for (const { sum } of results) expect(sum!.data).to.deep.equal(Float32Array.from(addResult))
    expect(pool.stats()).to.include({ state: 'ready', done: 3, failed: 0, retried: 0 })
  })

  it('to a run past its timeoutMs replaces it, and does not repeat that run', async () => {
    await using pool = await createPool(modelPath('slow'), { sessions: 1, isolation: 'process' })
    for (let time = 0; time < 5; time++) {
      const endless = pool.run(slowFeeds({ rounds: ENDLESS }), undefined, { timeoutMs: 60 })
      const next = pool.run(slowFeeds({ rounds: 1 }))
      await rejection(endless, 'RUN_TIMEOUT')
      await next
    }
    expect(pool.stats()).to.include({ state: 'ready', done: 5, failed: 5, retried: 0, failovers: 5 })
  })

  it('twice to the same run gives that run up with SESSION_FAULTED', async () => {
    await using pool = await createPool(modelPath('slow'), { sessions: 1, isolation: 'process' })
    const poison = pool.run(slowFeeds({ rounds: ENDLESS }))
    const rejected = rejection(poison, 'SESSION_FAULTED')
    for (let time = 0; time < 2; time++) {
      await until(() => workerProcesses().length === 1 && pool.stats().running === 1, 'the run to begin')
      await killAll(workerProcesses())
    }
    await rejected
    await pool.run(slowFeeds({ rounds: 1 }))
    expect(pool.stats()).to.include({ state: 'ready', done: 1, failed: 1, retried: 1, failovers: 2 })
  })

  it('again and again stops replacing, and rejects everything with SESSION_FAULTED', async () => {
    const replacements: string[] = []
    const pool = await createPool(modelPath('slow'), {
      sessions: 1,
      isolation: 'process',
      onFailover: ({ replacement }) => replacements.push(replacement),
    })
    const runs = Promise.allSettled([1, 2, 3].map(x => pool.run(slowFeeds({ rounds: ENDLESS, x }))))
    for (let time = 0; time < 4; time++) {
      await until(() => workerProcesses().length === 1 && pool.stats().running === 1, 'a run to begin')
      await killAll(workerProcesses())
    }
    for (const outcome of await runs) {
      expect(errorCode((outcome as PromiseRejectedResult).reason)).to.equal('SESSION_FAULTED')
    }
    await rejection(pool.run(slowFeeds({ rounds: 1 })), 'SESSION_FAULTED')
    expect(replacements).to.deep.equal(['starting', 'starting', 'starting', 'given up'])
    expect(pool.stats()).to.include({ state: 'faulted', sessions: 0, queued: 0 })
    await pool.release()
  })

  it('may be released while the replacement starts', async () => {
    const pool = await createPool(modelPath('slow'), { sessions: 1, isolation: 'process' })
    const run = rejection(pool.run(slowFeeds({ rounds: ENDLESS })), 'SESSION_RELEASED')
    await delay(30)
    await killAll(workerProcesses())
    await until(() => pool.stats().failovers === 1, 'the loss to be noticed')
    await pool.release()
    await run
    await until(() => workerProcesses().length === 0, 'the replacement to leave')
  })
})

describe('a pool whose model file is gone when it needs a replacement', () => {
  let folder: string
  let model: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aasist-pool-'))
    model = join(folder, 'model.onnx')
    copyFileSync(modelPath('add'), model)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** Loses one session while there is no model file, and waits until the pool knows. */
  async function loseOne(pool: SessionPool): Promise<void> {
    rmSync(model)
    const lost = pool.stats().failovers + 1
    await killAll(workerProcesses().slice(0, 1))
    await until(() => {
      // A lost session is noticed with the next run at the latest.
      pool.run(addFeeds).catch(() => undefined)
      return pool.stats().failovers === lost
    }, 'the loss to be noticed')
  }

  it('says that the place is given up, and goes on with the others', async () => {
    const events: FailoverEvent[] = []
    await using pool = await createPool(model, {
      sessions: 2,
      isolation: 'process',
      onFailover: event => events.push(event),
    })
    await loseOne(pool)
    await until(() => events.length === 2, 'the place to be given up')
    expect(events.map(({ replacement }) => replacement)).to.deep.equal(['starting', 'given up'])
    expect(events.map(({ error }) => errorCode(error))).to.deep.equal(['SESSION_FAULTED', 'MODEL_NOT_FOUND'])
    expect(events[1]!.place).to.equal(events[0]!.place)
    await pool.run(addFeeds)
    expect(pool.stats()).to.include({ state: 'ready', sessions: 1, failovers: 1 })
  })

  it('rejects the runs that wait when its last place is given up', async () => {
    const replacements: string[] = []
    await using pool = await createPool(model, {
      sessions: 1,
      isolation: 'process',
      onFailover: ({ replacement }) => replacements.push(replacement),
    })
    await loseOne(pool)
    const error = await rejection(pool.run(addFeeds), 'SESSION_FAULTED')
    expect(error.detail).to.include({ code: 'MODEL_NOT_FOUND' })
    expect(pool.stats()).to.include({ state: 'faulted', sessions: 0, queued: 0 })
    expect(replacements).to.deep.equal(['starting', 'given up'])
  })

  it('has the replacement after all when the file comes back', async () => {
    const replacements: string[] = []
    await using pool = await createPool(model, {
      sessions: 1,
      isolation: 'process',
      onFailover: ({ replacement }) => replacements.push(replacement),
    })
    await loseOne(pool)
    await delay(100)
    expect(pool.stats()).to.include({ state: 'ready', sessions: 0 })
    copyFileSync(modelPath('add'), model)
    const { sum } = await pool.run(addFeeds)
    expect(sum!.data).to.deep.equal(Float32Array.from(addResult))
    expect(pool.stats()).to.include({ state: 'ready', sessions: 1 })
    expect(replacements).to.deep.equal(['starting'])
  })

  it('may be released between two attempts, which ends at once and gives nothing up', async () => {
    const replacements: string[] = []
    const pool = await createPool(model, {
      sessions: 1,
      isolation: 'process',
      onFailover: ({ replacement }) => replacements.push(replacement),
    })
    await loseOne(pool)
    // The pause that follows the second attempt, of half a second, has just begun.
    await delay(300)
    const startedAtMs = performance.now()
    await pool.release()
    expect(performance.now() - startedAtMs).to.be.below(250)
    expect(pool.stats()).to.include({ state: 'released', sessions: 0 })
    expect(replacements).to.deep.equal(['starting'])
  })
})
