/** An event loop that is busy when a run's time is up. */
import { expect } from 'chai'
import { AclSession, createPool } from '../../lib/session'
import { simulatedNpu } from '../support/native'
import { addFeeds, addResult, modelPath, rejection, slowFeeds } from './support'

/** Keeps the event loop from everything, as a long computation in JavaScript does. */
function block(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

describe('a session on an NPU whose event loop is late', () => {
  const npu = simulatedNpu()
  let om: string
  let slow: string
  before(() => {
    om = npu.models.compile(modelPath('add'))
    slow = npu.models.compile(modelPath('slow'))
  })

  /** The results are there, and the timer is due, when the loop takes its next turn: timers come first. */
  async function behindABlockedLoop<T>(runs: readonly Promise<T>[]): Promise<readonly T[]> {
    await new Promise(resolve => setImmediate(resolve))
    block(150)
    return Promise.all(runs)
  }

  it('takes a result that was there in time', async () => {
    await using session = await AclSession.create(om, { libraryPath: npu.libraryPath })
    for (let round = 0; round < 5; round += 1) {
      const [outputs] = await behindABlockedLoop([session.run(addFeeds, undefined, { timeoutMs: 50 })])
      expect(Array.from(outputs!['sum']!.data as Float32Array)).to.deep.equal(addResult)
    }
    expect(session.stats()).to.include({ state: 'ready', done: 5, failed: 0 })
  })

  it('loses no session of a pool over it', async () => {
    const lost: unknown[] = []
    await using pool = await createPool(om, {
      device: [0, 1],
      libraryPath: npu.libraryPath,
      runTimeoutMs: 50,
      onFailover: event => lost.push(event),
    })
    const outputs = await behindABlockedLoop([pool.run(addFeeds), pool.run(addFeeds)])
    for (const { sum } of outputs) expect(Array.from(sum!.data as Float32Array)).to.deep.equal(addResult)
    expect(lost).to.deep.equal([])
    expect(pool.stats()).to.include({ state: 'ready', sessions: 2 })
  })

  it('refuses a run whose time was up before it began, and goes on', async () => {
    await using session = await AclSession.create(slow, { libraryPath: npu.libraryPath })
    const before = session.run(slowFeeds({ rounds: 300 }))
    const late = rejection(session.run(slowFeeds({ rounds: 1 }), undefined, { timeoutMs: 20 }), 'RUN_TIMEOUT')
    await new Promise(resolve => setImmediate(resolve))
    // Until the first has ended, and the second was found to be late: nobody could tell the caller before.
    block(1000)
    await late
    await before
    expect(session.stats()).to.include({ state: 'ready', done: 1, failed: 1 })
    await session.run(slowFeeds({ rounds: 1 }))
  })
})
