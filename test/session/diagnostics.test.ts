import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect } from 'chai'
import { AclSession, createPool, createSession, sessionChannels } from '../../lib/session'
import type { Feeds, Session } from '../../lib/session'
import { byCall, expectNoData, fulfilled, heardOf, published, rejected } from '../support/listen'
import { simulatedNpu } from '../support/native'
import {
  ENDLESS,
  addFeeds,
  addResult,
  modelPath,
  rejection,
  slowFeeds,
  until,
  workerProcesses,
} from './support'

const { sessionRun, poolRun, log } = sessionChannels

/** Runs that all sessions tell of alike. */
function describeRuns(name: string, open: (model: 'add' | 'slow') => Promise<Session>): void {
  describe(`${name} tells on ${sessionRun}`, () => {
    it('where a run computed, how many it held and how long each part took', async () => {
      await using session = await open('add')
      const heard = await heardOf(sessionRun, () => session.run(addFeeds))
      const [call, ...others] = byCall(heard)
      expect(others).to.deep.equal([])
      expect(call!.events).to.deep.equal(fulfilled)
      expect(call!.last).to.deep.include({ device: session.device, batch: 2 })
      expect(call!.last['queuedMs']).to.be.at.least(0)
      expect(call!.last['executingMs']).to.be.above(0)
      for (const { message } of heard) expectNoData(message)
    })

    it('of a run behind another one that it waited about as long as that one computed', async () => {
      await using session = await open('slow')
      const heard = await heardOf(sessionRun, () =>
        Promise.all([session.run(slowFeeds({ rounds: 300 })), session.run(slowFeeds({ rounds: 1 }))]),
      )
      const [first, second] = byCall(heard)
      expect(second!.last['queuedMs']).to.be.above((first!.last['executingMs'] as number) / 2)
      expect(second!.last['executingMs']).to.be.below(first!.last['executingMs'] as number)
    })

    it('what is refused, with the code and the error', async () => {
      await using session = await open('add')
      const feeds: Feeds = { a: addFeeds['a']! }
      let error: unknown
      const heard = await heardOf(sessionRun, async () => {
        error = await rejection(session.run(feeds), 'INPUT_MISSING')
      })
      const [call] = byCall(heard)
      expect(call!.events).to.deep.equal(rejected)
      expect(call!.last).to.include({ code: 'INPUT_MISSING', error })
      expect(call!.last).to.not.have.any.keys('queuedMs', 'executingMs')
    })

    it('nothing once nobody listens, and gives the same results to who ran it', async () => {
      await using session = await open('add')
      const heard = await heardOf(sessionRun, async () => {
        const { sum } = await session.run(addFeeds)
        expect(sum!.data).to.deep.equal(Float32Array.from(addResult))
      })
      await session.run(addFeeds)
      expect(byCall(heard)).to.have.length(1)
    })
  })
}

describe('diagnostics', () => {
  describeRuns('OrtSession', model => createSession(modelPath(model)))

  describe('on an NPU', () => {
    const npu = simulatedNpu()
    const open = (model: 'add' | 'slow'): Promise<Session> =>
      AclSession.create(npu.models.compile(modelPath(model)), { libraryPath: npu.libraryPath })

    describeRuns('AclSession', open)

    it('the copies are told as well', async () => {
      await using session = await open('add')
      const [call] = byCall(await heardOf(sessionRun, () => session.run(addFeeds)))
      expect(call!.last['copyMs']).to.be.above(0)
    })
  })

  describe('of a pool', () => {
    it(`${poolRun} tells what computed a run and how long it waited, and its session tells of it inside`, async () => {
      await using pool = await createPool(modelPath('add'), { sessions: 1 })
      let inside: readonly unknown[] = []
      const heard = await heardOf(poolRun, async () => {
        inside = byCall(await heardOf(sessionRun, () => pool.run(addFeeds)))
      })
      const [call] = byCall(heard)
      expect(call!.events).to.deep.equal(fulfilled)
      expect(call!.last).to.deep.include({ device: pool.device, batch: 2, failedOver: [] })
      expect(call!.last['queuedMs']).to.be.at.least(0)
      expect(inside).to.have.length(1)
      for (const { message } of heard) expectNoData(message)
    })

    it('a run that begins when another one ends still belongs to its own caller', async () => {
      await using pool = await createPool(modelPath('add'), { sessions: 1 })
      const callers = new AsyncLocalStorage<number>()
      const seen: (number | undefined)[] = []
      const onStart = (): void => void seen.push(callers.getStore())
      subscribe(`tracing:${sessionRun}:start`, onStart)
      try {
        await heardOf(poolRun, () =>
          Promise.all([0, 1, 2, 3, 4].map(caller => callers.run(caller, () => pool.run(addFeeds)))),
        )
      } finally {
        unsubscribe(`tracing:${sessionRun}:start`, onStart)
      }
      expect(seen).to.deep.equal([0, 1, 2, 3, 4])
    })

    it(`a lost session and the second try of its run are on ${log}, and in the message of the run`, async () => {
      await using pool = await createPool(modelPath('slow'), { sessions: 1, isolation: 'process' })
      let heard: Awaited<ReturnType<typeof heardOf>> = []
      const messages = await published(log, async () => {
        heard = await heardOf(poolRun, async () => {
          const run = pool.run(slowFeeds({ rounds: 300 }))
          await until(() => pool.stats().running === 1, 'the run to begin')
          for (const pid of workerProcesses()) process.kill(pid, 'SIGKILL')
          await run
        })
      })
      expect(messages.map(({ level, code, cause }) => [level, code, cause])).to.deep.equal([
        ['warn', 'RUN_RETRIED', 'SESSION_FAULTED'],
        ['warn', 'SESSION_LOST', 'SESSION_FAULTED'],
      ])
      for (const message of messages) {
        expect(message['message']).to.match(/^a (run|session) .* cpu/)
        expect(message['device']).to.deep.equal({ kind: 'cpu', threads: 1 })
      }
      const [call] = byCall(heard)
      expect(call!.events).to.deep.equal(fulfilled)
      const [attempt] = call!.last['failedOver'] as readonly { error: { code: string } }[]
      expect(attempt!.error.code).to.equal('SESSION_FAULTED')
    })

    it(`a session that is not replaced any more is an error on ${log}`, async function () {
      this.timeout(60_000)
      await using pool = await createPool(modelPath('slow'), { sessions: 1, isolation: 'process' })
      const messages = await published(log, async () => {
        const run = pool.run(slowFeeds({ rounds: ENDLESS })).catch((error: unknown) => error)
        let isOver = false
        void run.then(() => (isOver = true))
        while (pool.stats().state === 'ready') {
          for (const pid of workerProcesses()) process.kill(pid, 'SIGKILL')
          await new Promise(resolve => setTimeout(resolve, 20))
        }
        await until(() => isOver, 'the run to be given up')
      })
      expect(messages.at(-1)).to.include({ level: 'error', code: 'SESSION_NOT_REPLACED' })
    })
  })
})
