/** What becomes of results when something goes wrong with handing one of them over. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { AclSession } from '../../lib/session'
import { loadAddon } from '../../lib/session/binding'
import type { NativeSession } from '../../lib/session/binding'
import { CompletionPoller } from '../../lib/session/completion-poller'
import { simulatedNpu } from '../support/native'
import { addFeeds, addResult, modelPath, rejection, until } from './support'

describe('results on their way to JavaScript', () => {
  const npu = simulatedNpu()
  let om: string
  before(() => {
    om = npu.models.compile(modelPath('add'))
  })

  it('that there is no memory for reject with ACL_OUT_OF_MEMORY, and the session goes on', async () => {
    await using session = await AclSession.create(om, { libraryPath: npu.libraryPath })
    const real = globalThis.ArrayBuffer
    const run = session.run(addFeeds)
    globalThis.ArrayBuffer = new Proxy(real, {
      construct: () => {
        throw new RangeError('Array buffer allocation failed')
      },
    })
    try {
      await rejection(run, 'ACL_OUT_OF_MEMORY')
    } finally {
      globalThis.ArrayBuffer = real
    }
    expect((await session.run(addFeeds))['sum']!.data).to.deep.equal(Float32Array.from(addResult))
    expect(session.stats()).to.deep.include({ state: 'ready', done: 1, failed: 1 })
  })

  it('arrive although the handler of one before them threw', async () => {
    const { Session } = loadAddon()
    const native = new Session({
      library: npu.libraryPath,
      device: 0,
      model: om,
      outputBytes: {},
      exitWaitMs: 5000,
    })
    const kinds: string[] = []
    const results: number[] = []
    native.onEvent = ({ kind }) => kinds.push(kind)
    native.onResult = id => {
      results.push(id)
      if (id === 1) throw new Error('the first one')
    }
    await until(() => kinds.includes('opened'), 'the model')
    native.setPolled(true)
    const zeros = new Uint8Array(24)
    for (const id of [1, 2, 3]) native.run(id, 0, [zeros, zeros], [], [0], 0)
    // Nothing is handed over before `poll`.
    await until(() => native.begun() === 0, 'the runs')
    await delay(50)
    expect(() => native.poll()).to.throw('the first one')
    expect(results).to.deep.equal([1, 2, 3])
    native.setPolled(false)
    native.close()
    await until(() => kinds.includes('closed'), 'the end')
  })

  it('are waited for by the event loop again when looking for them threw', () => {
    const polled: boolean[] = []
    const poller = new CompletionPoller({
      poll: () => {
        throw new Error('out of poll')
      },
      setPolled: value => polled.push(value),
    } as Partial<NativeSession> as NativeSession)
    const turns: (() => void)[] = []
    const real = globalThis.setImmediate
    globalThis.setImmediate = ((turn: () => void) => turns.push(turn)) as unknown as typeof setImmediate
    try {
      poller.learn(0)
      poller.expect()
      poller.stop()
      while (turns.length > 0) expect(turns.shift()!).to.throw('out of poll')
    } finally {
      globalThis.setImmediate = real
    }
    expect(polled).to.deep.equal([true, false])
  })
})
