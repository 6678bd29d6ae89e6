import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { convertCheckpoint, type SharedWindows } from '../../../lib/model'
import { SharedSessions } from '../../../lib/scoring/recording/shared-sessions'
import { createPool, type SessionPool } from '../../../lib/session'
import { failureOf } from '../../support/failure'
import { tinyModel } from '../support'

/** Three windows whose hop is so many encoder frames. */
const every = (frames: number): SharedWindows => ({ count: 3, hopSamples: frames * 2187 })

describe('sessions for windows that share a run', function () {
  this.timeout(30_000)
  const checkpoint = readFileSync(tinyModel.checkpoint)
  const config = readFileSync(tinyModel.config)
  let opened: SessionPool[]
  let sessions: SharedSessions

  const open = async (windows: SharedWindows, signal: AbortSignal): Promise<SessionPool> => {
    const graph = convertCheckpoint(checkpoint, config, { target: 'cpu', windows })
    const pool = await createPool(graph, { device: 'cpu', sessions: 1, signal })
    opened.push(pool)
    return pool
  }
  const states = (): string[] => opened.map(pool => pool.stats().state)

  beforeEach(() => {
    opened = []
    sessions = new SharedSessions(open)
  })

  afterEach(() => sessions.release())

  it('are opened once for all recordings of a hop, and kept for the next one', async () => {
    const leases = await Promise.all([1, 1].map(frames => sessions.borrow(every(frames), undefined)))
    for (const lease of leases) lease!.giveBack()
    const later = await sessions.borrow(every(1), undefined)
    expect(later!.pool).to.equal(leases[0]!.pool)
    expect(opened).to.have.length(1)
  })

  it('are of two hops at most: those that nobody uses make room, the longest idle first', async () => {
    const [one, two] = [
      await sessions.borrow(every(1), undefined),
      await sessions.borrow(every(2), undefined),
    ]
    two!.giveBack()
    one!.giveBack()
    const three = await sessions.borrow(every(3), undefined)
    expect(states()).to.deep.equal(['ready', 'released', 'ready'])
    three!.giveBack()
    expect((await sessions.borrow(every(1), undefined))!.pool).to.equal(one!.pool)
  })

  it('are refused, not closed under a recording, while two other hops are in use', async () => {
    const one = await sessions.borrow(every(1), undefined)
    await sessions.borrow(every(2), undefined)
    expect(await sessions.borrow(every(3), undefined)).to.equal(null)
    one!.giveBack()
    one!.giveBack()
    expect(await sessions.borrow(every(3), undefined)).to.not.equal(null)
    expect(await sessions.borrow(every(4), undefined)).to.equal(null)
  })

  it('open on for the others when one recording gives up waiting', async () => {
    const impatient = new AbortController()
    const reason = new Error('no time')
    const failure = failureOf(sessions.borrow(every(1), impatient.signal))
    const patient = sessions.borrow(every(1), undefined)
    impatient.abort(reason)
    expect(await failure).to.equal(reason)
    expect((await patient)!.pool.stats().state).to.equal('ready')
    expect(opened).to.have.length(1)
  })

  it('are tried again after they could not be opened', async () => {
    let attempts = 0
    const unlucky = new SharedSessions(async (windows, signal) => {
      attempts += 1
      if (attempts === 1) throw new Error('no memory just now')
      return open(windows, signal)
    })
    expect((await failureOf(unlucky.borrow(every(1), undefined))).message).to.match(/no memory/)
    expect(await unlucky.borrow(every(1), undefined)).to.not.equal(null)
    await unlucky.release()
  })

  it('end with their detector, also those that are just being opened', async () => {
    await sessions.borrow(every(1), undefined)
    const waiting = failureOf(sessions.borrow(every(2), undefined))
    await sessions.release()
    expect((await waiting).code).to.equal('SESSION_RELEASED')
    expect(states().filter(state => state !== 'released')).to.deep.equal([])
    expect((await failureOf(sessions.borrow(every(1), undefined))).code).to.equal('SESSION_RELEASED')
  })
})
