/** An event loop that is busy when a run's time is up. */
import { expect } from 'chai'
import { AclSession, createPool } from '../../lib/session'
import { OfflineModels, requireSimulator } from '../support/native'
import { addFeeds, addResult, modelPath, rejection, slowFeeds } from './support'

/** Keeps the event loop from everything, as a long computation in JavaScript does. */
function block(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

describe('a session on an NPU whose event loop is late', () => {
  let libraryPath: string
  let om: string
  let slow: string
  let models: OfflineModels | undefined
  before(function () {
    libraryPath = requireSimulator(this)
    models = new OfflineModels()
    om = models.compile(modelPath('add'))
    slow = models.compile(modelPath('slow'))
  })
  after(() => models?.remove())

  /** The results are there, and the timer is due, when the loop takes its next turn: timers come first. */
  async function behindABlockedLoop<T>(runs: readonly Promise<T>[]): Promise<readonly T[]> {
    await new Promise(resolve => setImmediate(resolve))
    block(150)
    return Promise.all(runs)
  }

  it('takes a result that was there in time', async () => {
    await using session = await AclSession.create(om, { libraryPath })
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
      libraryPath,
      runTimeoutMs: 50,
      onFailover: event => lost.push(event),
    })
    const outputs = await behindABlockedLoop([pool.run(addFeeds), pool.run(addFeeds)])
    for (const { sum } of outputs) expect(Array.from(sum!.data as Float32Array)).to.deep.equal(addResult)
    expect(lost).to.deep.equal([])
    expect(pool.stats()).to.include({ state: 'ready', sessions: 2 })
  })

  it('refuses a run whose time was up before it began, and goes on', async () => {
    await using session = await AclSession.create(slow, { libraryPath })
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
