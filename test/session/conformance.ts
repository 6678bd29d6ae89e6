/** What every back end must do alike: run once for each implementation of `Session`. */
import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import type { Feeds, Session } from '../../lib/session'
import { ENDLESS, addFeeds, addResult, float32, rejection, slowFeeds } from './support'
import type { ModelName } from './support'

/** Opens a session of a fixture model that computes one run at a time. */
export type CreateSession = (model: ModelName, options?: { queueLimit?: number }) => Promise<Session>

/** TypeScript's library for Node 20 does not know these yet. */
const resizable = (byteLength: number): ArrayBuffer =>
  Reflect.construct(ArrayBuffer, [byteLength, { maxByteLength: 1000 }]) as ArrayBuffer

const numbers = (data: unknown): number[] => Array.from(data as Float32Array)

export function describeSession(name: string, create: CreateSession): void {
  describe(`${name} as a Session`, () => {
    const shared = new Map<ModelName, Promise<Session>>()
    /** One session a model for the tests that leave it as they found it. */
    const open = (model: ModelName): Promise<Session> => {
      if (!shared.has(model)) shared.set(model, create(model))
      return shared.get(model)!
    }
    after(async () => {
      for (const session of shared.values()) await (await session).release()
    })

    describe('metadata', () => {
      it('names inputs and outputs in the order of the model', async () => {
        const session = await open('add')
        expect(session.inputNames).to.deep.equal(['a', 'b'])
        expect(session.outputNames).to.deep.equal(['sum'])
      })

      it('tells type and shape, symbolic dimensions by their name', async () => {
        const session = await open('dynamic-batch')
        expect(session.inputMetadata).to.deep.equal([
          { name: 'left', isTensor: true, type: 'float32', shape: ['batch', 3] },
          { name: 'right', isTensor: true, type: 'float32', shape: ['batch', 3] },
        ])
        expect(session.outputMetadata).to.deep.equal([
          { name: 'total', isTensor: true, type: 'float32', shape: ['batch'] },
        ])
      })
    })

    describe('results', () => {
      it('are plain tensors with type, dims and data', async () => {
        const outputs = await (await open('add')).run(addFeeds)
        expect(outputs).to.deep.equal({
          sum: { type: 'float32', dims: [2, 3], data: Float32Array.from(addResult) },
        })
      })

      it('hold the outputs that were asked for, and all of them by default', async () => {
        const session = await open('two-outputs')
        const feeds = { x: float32([4], [1, -2, 3, -4]) }
        expect(await session.run(feeds)).to.have.all.keys('negated', 'magnitude')
        const { magnitude, ...rest } = await session.run(feeds, ['magnitude'])
        expect(numbers(magnitude!.data)).to.deep.equal([1, 2, 3, 4])
        expect(rest).to.deep.equal({})
      })

      it('come back in every element type', async () => {
        const feeds: Feeds = {
          int64_in: { type: 'int64', dims: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n) },
          float16_in: { type: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0xc000) },
          float64_in: { type: 'float64', dims: [2], data: Float64Array.of(Math.PI, -1e300) },
          uint8_in: { type: 'uint8', dims: [2], data: Uint8Array.of(0, 255) },
          bool_in: { type: 'bool', dims: [2], data: Uint8Array.of(1, 0) },
        }
        const outputs = await (await open('types')).run(feeds)
        for (const [input, tensor] of Object.entries(feeds)) {
          expect(outputs[input.replace('_in', '_out')], input).to.deep.equal(tensor)
        }
      })

      it('of float16 are raw bits, also where the engine has an array for halves', async () => {
        const bits = Uint16Array.of(0x3c00, 0xc000)
        const Half = Reflect.get(globalThis, 'Float16Array') as
          (new (buffer: ArrayBuffer) => Uint16Array) | undefined
        const data = Half === undefined ? bits : new Half(bits.buffer)
        const others: Feeds = {
          int64_in: { type: 'int64', dims: [2], data: new BigInt64Array(2) },
          float64_in: { type: 'float64', dims: [2], data: new Float64Array(2) },
          uint8_in: { type: 'uint8', dims: [2], data: new Uint8Array(2) },
          bool_in: { type: 'bool', dims: [2], data: new Uint8Array(2) },
        }
        const feeds: Feeds = { ...others, float16_in: { type: 'float16', dims: [2], data } }
        const { float16_out: half } = await (await open('types')).run(feeds, ['float16_out'])
        expect(half!.data).to.deep.equal(bits)
      })

      it('follow a symbolic dimension from run to run', async () => {
        const session = await open('dynamic-batch')
        for (const batch of [1, 3, 2]) {
          const ones = float32([batch, 3], new Array<number>(batch * 3).fill(1))
          const { total } = await session.run({ left: ones, right: ones })
          expect(total!.dims).to.deep.equal([batch])
          expect(numbers(total!.data)).to.deep.equal(new Array<number>(batch).fill(6))
        }
      })

      it('of a scalar have no dimensions', async () => {
        const { double } = await (await open('scalar')).run({ x: float32([], [21]) })
        expect(double).to.deep.equal({ type: 'float32', dims: [], data: Float32Array.of(42) })
      })

      it('let NaN and infinities through', async () => {
        const { negated } = await (
          await open('two-outputs')
        ).run({ x: float32([4], [NaN, Infinity, -Infinity, -0]) })
        expect(numbers(negated!.data)).to.deep.equal([NaN, -Infinity, Infinity, 0])
      })

      it('belong to their own call when many are open at once', async () => {
        const session = await open('slow')
        const all = await Promise.all(
          Array.from({ length: 20 }, (_, x) => session.run(slowFeeds({ rounds: 1, x }))),
        )
        expect(all.map(({ y }) => Math.floor(numbers(y!.data)[0]!))).to.deep.equal(all.map((_, x) => x))
      })
    })

    describe('inputs', () => {
      it('are copied before run returns, and never detached', async () => {
        const session = await open('add')
        const a = Float32Array.of(1, 2, 3, 4, 5, 6)
        const outcome = session.run({ ...addFeeds, a: { type: 'float32', dims: [2, 3], data: a } })
        a.fill(1000)
        expect(numbers((await outcome)['sum']!.data)).to.deep.equal(addResult)
        expect(a.buffer.byteLength).to.equal(24)
        expect(a[0]).to.equal(1000)
      })

      it('may be views into any kind of memory', async () => {
        const session = await open('add')
        const values = [1, 2, 3, 4, 5, 6]
        const pool = new ArrayBuffer(1000)
        const grown = resizable(24)
        for (const data of [
          new Float32Array(pool, 400, 6),
          new Float32Array(new SharedArrayBuffer(24)),
          new Float32Array(grown),
        ]) {
          data.set(values)
          const { sum } = await session.run({ ...addFeeds, a: { type: 'float32', dims: [2, 3], data } })
          expect(numbers(sum!.data)).to.deep.equal(addResult)
        }
        const bytes = Buffer.from([7, 9])
        const zeros = {
          int64_in: { type: 'int64', dims: [2], data: new BigInt64Array(2) },
          float16_in: { type: 'float16', dims: [2], data: new Uint16Array(2) },
          float64_in: { type: 'float64', dims: [2], data: new Float64Array(2) },
          bool_in: { type: 'bool', dims: [2], data: new Uint8Array(2) },
        } as const
        const outputs = await (
          await open('types')
        ).run({ ...zeros, uint8_in: { type: 'uint8', dims: [2], data: bytes } }, ['uint8_out'])
        expect([...(outputs['uint8_out']!.data as Uint8Array)]).to.deep.equal([7, 9])
      })

      it('the model does not have are ignored', async () => {
        const { sum } = await (await open('add')).run({ ...addFeeds, c: float32([1], [1]) })
        expect(numbers(sum!.data)).to.deep.equal(addResult)
      })

      const detached = new Float32Array(6)
      structuredClone(detached, { transfer: [detached.buffer] })
      const shrunk = resizable(24)
      const outOfBounds = new Float32Array(shrunk, 8, 4)
      Reflect.apply(Reflect.get(shrunk, 'resize') as (size: number) => void, shrunk, [8])
      const data = new Float32Array(6)
      const dims = [2, 3]
      const refused: readonly [string, unknown, string][] = [
        ['feeds that are undefined', undefined, 'INVALID_ARGUMENT'],
        ['feeds that are an array', [addFeeds['a']], 'INVALID_ARGUMENT'],
        ['feeds that are a Map', new Map(Object.entries(addFeeds)), 'INVALID_ARGUMENT'],
        ['no inputs', {}, 'INPUT_MISSING'],
        ['a missing input', { a: addFeeds['a'] }, 'INPUT_MISSING'],
        ['an inherited input', Object.create(addFeeds), 'INVALID_ARGUMENT'],
        ['null for a tensor', { ...addFeeds, b: null }, 'INPUT_TYPE'],
        ['a bare array for a tensor', { ...addFeeds, b: data }, 'INPUT_TYPE'],
        [
          'another type',
          { ...addFeeds, b: { type: 'float64', dims, data: new Float64Array(6) } },
          'INPUT_TYPE',
        ],
        ['no type', { ...addFeeds, b: { dims, data } }, 'INPUT_TYPE'],
        [
          'an array that is not of the type',
          { ...addFeeds, b: { type: 'float32', dims, data: new Int32Array(6) } },
          'INPUT_TYPE',
        ],
        [
          'numbers in a plain array',
          { ...addFeeds, b: { type: 'float32', dims, data: [1, 2, 3, 4, 5, 6] } },
          'INPUT_TYPE',
        ],
        [
          'a DataView',
          { ...addFeeds, b: { type: 'float32', dims, data: new DataView(data.buffer) } },
          'INPUT_TYPE',
        ],
        ['a detached buffer', { ...addFeeds, b: { type: 'float32', dims, data: detached } }, 'INPUT_TYPE'],
        [
          'a view out of its buffer',
          { ...addFeeds, b: { type: 'float32', dims, data: outOfBounds } },
          'INPUT_SHAPE',
        ],
        [
          'empty data',
          { ...addFeeds, b: { type: 'float32', dims, data: new Float32Array(0) } },
          'INPUT_SHAPE',
        ],
        [
          'too much data',
          { ...addFeeds, b: { type: 'float32', dims, data: new Float32Array(7) } },
          'INPUT_SHAPE',
        ],
        ['another shape', { ...addFeeds, b: { type: 'float32', dims: [3, 2], data } }, 'INPUT_SHAPE'],
        ['another rank', { ...addFeeds, b: { type: 'float32', dims: [6], data } }, 'INPUT_SHAPE'],
        ['negative dimensions', { ...addFeeds, b: { type: 'float32', dims: [-2, -3], data } }, 'INPUT_SHAPE'],
        [
          'fractional dimensions',
          { ...addFeeds, b: { type: 'float32', dims: [1.5, 4], data } },
          'INPUT_SHAPE',
        ],
        ['NaN dimensions', { ...addFeeds, b: { type: 'float32', dims: [NaN, 3], data } }, 'INPUT_SHAPE'],
        [
          'dimensions that are no array',
          { ...addFeeds, b: { type: 'float32', dims: '2,3', data } },
          'INPUT_SHAPE',
        ],
        ['no dimensions', { ...addFeeds, b: { type: 'float32', data } }, 'INPUT_SHAPE'],
        [
          'a tensor whose data cannot be read',
          {
            ...addFeeds,
            b: {
              type: 'float32',
              dims,
              get data() {
                throw new Error('The tensor is disposed.')
              },
            },
          },
          'INPUT_TYPE',
        ],
      ]
      for (const [what, feeds, code] of refused) {
        it(`refuse ${what} with ${code}`, async () => {
          const session = await open('add')
          const error = await rejection(session.run(feeds as Feeds), code)
          if (code.startsWith('INPUT')) expect(error.detail).to.have.property('input')
        })
      }

      it('refuse a symbolic dimension that differs between inputs', async () => {
        const session = await open('dynamic-batch')
        const feeds = { left: float32([1, 3], [1, 2, 3]), right: float32([2, 3], [1, 2, 3, 4, 5, 6]) }
        const error = await rejection(session.run(feeds), 'INPUT_SHAPE')
        expect(error.message).to.include('batch = 1')
      })
    })

    describe('fetches and options', () => {
      const refused: readonly [string, unknown, unknown, string][] = [
        ['an unknown output', ['sum', 'product'], undefined, 'OUTPUT_UNKNOWN'],
        ['an output that is no name', [1], undefined, 'OUTPUT_UNKNOWN'],
        ['no outputs', [], undefined, 'INVALID_ARGUMENT'],
        ['options in the place of fetches', { timeoutMs: 10 }, undefined, 'INVALID_ARGUMENT'],
        ['an unknown option', undefined, { timeout: 10 }, 'UNKNOWN_OPTION'],
        ['options that are no object', undefined, 10, 'INVALID_ARGUMENT'],
        ['a timeoutMs of 0', undefined, { timeoutMs: 0 }, 'INVALID_ARGUMENT'],
        ['a timeoutMs of NaN', undefined, { timeoutMs: NaN }, 'INVALID_ARGUMENT'],
        ['a timeoutMs no timer can hold', undefined, { timeoutMs: 2 ** 31 }, 'INVALID_ARGUMENT'],
        ['a timeoutMs that is no number', undefined, { timeoutMs: '10' }, 'INVALID_ARGUMENT'],
        ['a signal that is none', undefined, { signal: new AbortController() }, 'INVALID_ARGUMENT'],
      ]
      for (const [what, fetches, options, code] of refused) {
        it(`refuse ${what} with ${code}`, async () => {
          const session = await open('add')
          await rejection(session.run(addFeeds, fetches as string[], options as { timeoutMs: number }), code)
        })
      }
    })

    describe('signal', () => {
      it('that has aborted refuses the run with its reason', async () => {
        const reason = new RangeError('mine')
        const outcome = (await open('add')).run(addFeeds, undefined, { signal: AbortSignal.abort(reason) })
        expect(await outcome.catch((error: unknown) => error)).to.equal(reason)
      })

      it('drops queued work at once', async () => {
        const session = await open('slow')
        const controller = new AbortController()
        const first = session.run(slowFeeds({ rounds: 600 }))
        const { signal } = controller
        const queued = [1, 2, 3].map(x =>
          session.run(slowFeeds({ rounds: ENDLESS, x }), undefined, { signal }),
        )
        const outcomes = Promise.allSettled(queued)
        controller.abort('changed my mind')
        for (const outcome of await outcomes) {
          expect(outcome).to.deep.equal({ status: 'rejected', reason: 'changed my mind' })
        }
        // At once: the run before them is still being computed.
        expect(session.stats()).to.include({ running: 1, queued: 0 })
        await first
        // The dropped runs were endless: had one begun, this one would never end.
        await session.run(slowFeeds({ rounds: 1 }))
      })

      it('rejects a run in progress at once and discards its result', async () => {
        const session = await open('slow')
        const before = session.stats()
        const controller = new AbortController()
        const outcome = session.run(slowFeeds({ rounds: 600 }), undefined, { signal: controller.signal })
        await new Promise(resolve => setTimeout(resolve, 50))
        controller.abort()
        const error = await outcome.catch((reason: unknown) => reason)
        expect(error).to.equal(controller.signal.reason)
        // At once: it is still being computed.
        expect(session.stats().running).to.equal(1)
        const { y } = await session.run(slowFeeds({ rounds: 1, x: 5 }))
        expect(numbers(y!.data)[0]).to.be.closeTo(5, 0.01)
        const after = session.stats()
        expect([
          after.cancelled - before.cancelled,
          after.failed - before.failed,
          after.done - before.done,
        ]).to.deep.equal([1, 0, 1])
      })

      it('shared by many runs is listened to once, and let go of afterwards', async () => {
        const session = await open('add')
        const { signal } = new AbortController()
        const warnings: Error[] = []
        const onWarning = (warning: Error): void => void warnings.push(warning)
        process.on('warning', onWarning)
        const all = Promise.all(
          Array.from({ length: 30 }, () => session.run(addFeeds, undefined, { signal })),
        )
        expect(getEventListeners(signal, 'abort').length).to.be.at.most(2)
        await all
        await new Promise(setImmediate)
        process.off('warning', onWarning)
        expect(getEventListeners(signal, 'abort')).to.deep.equal([])
        expect(warnings).to.deep.equal([])
      })
    })

    describe('timeoutMs', () => {
      it('bounds the time in the queue', async () => {
        const session = await open('slow')
        const first = session.run(slowFeeds({ rounds: 600 }))
        const startedAtMs = performance.now()
        await rejection(
          session.run(slowFeeds({ rounds: ENDLESS }), undefined, { timeoutMs: 20 }),
          'RUN_TIMEOUT',
        )
        expect(performance.now() - startedAtMs).to.be.above(15)
        expect(session.stats()).to.include({ running: 1, queued: 0 })
        await first
        await session.run(slowFeeds({ rounds: 1 }))
      })

      it('bounds the time of the run', async () => {
        await using session = await create('slow')
        const startedAtMs = performance.now()
        await rejection(session.run(slowFeeds({ rounds: 600 }), undefined, { timeoutMs: 40 }), 'RUN_TIMEOUT')
        expect(performance.now() - startedAtMs).to.be.within(35, 150)
      })

      it('that is not reached changes nothing', async () => {
        const { sum } = await (await open('add')).run(addFeeds, undefined, { timeoutMs: 2 ** 31 - 1 })
        expect(numbers(sum!.data)).to.deep.equal(addResult)
      })
    })

    describe('queue', () => {
      it('refuses more than queueLimit waiting runs with QUEUE_FULL, and takes runs again once there is room', async () => {
        await using session = await create('slow', { queueLimit: 2 })
        const accepted = [1, 2, 3].map(x => session.run(slowFeeds({ rounds: 200, x })))
        expect(session.stats()).to.include({ queued: 2, running: 1 })
        await rejection(session.run(slowFeeds({ rounds: 1 })), 'QUEUE_FULL')
        await accepted[0]
        const after = session.run(slowFeeds({ rounds: 1 }))
        await Promise.all([...accepted, after])
        expect(session.stats()).to.include({ queued: 0, running: 0, done: 4, failed: 0 })
      })

      it('of length 0 takes a run only when nothing else is open', async () => {
        await using session = await create('slow', { queueLimit: 0 })
        const only = session.run(slowFeeds({ rounds: 100 }))
        await rejection(session.run(slowFeeds({ rounds: 1 })), 'QUEUE_FULL')
        await only
        await session.run(slowFeeds({ rounds: 1 }))
      })
    })

    describe('failures', () => {
      it('of the model reject with RUN_FAILED and the cause, and the session goes on', async () => {
        const session = await open('gather')
        const pick = (index: bigint): Feeds => ({
          index: { type: 'int64', dims: [1], data: BigInt64Array.of(index) },
        })
        const error = await rejection(session.run(pick(7n)), 'RUN_FAILED')
        expect(error.detail).to.have.property('reason').that.includes('7')
        const { picked } = await session.run(pick(2n))
        expect(numbers(picked!.data)).to.deep.equal([30])
      })

      it('carry the stack of the call', async () => {
        const session = await open('gather')
        async function theCaller(): Promise<unknown> {
          return session.run({ index: { type: 'int64', dims: [1], data: BigInt64Array.of(7n) } })
        }
        const error = await rejection(theCaller(), 'RUN_FAILED')
        expect(error.stack).to.include('theCaller')
      })
    })

    describe('stats', () => {
      it('count what happened and measure what succeeded', async () => {
        await using session = await create('slow')
        expect(session.stats()).to.deep.include({ state: 'ready', done: 0, latencyMs: null, executeMs: null })
        for (let run = 0; run < 3; run++) await session.run(slowFeeds({ rounds: 30 }))
        await rejection(session.run({}), 'INPUT_MISSING')
        await session
          .run(slowFeeds({ rounds: 1 }), undefined, { signal: AbortSignal.abort() })
          .catch(() => undefined)
        const stats = session.stats()
        expect(stats).to.include({ state: 'ready', queued: 0, running: 0, done: 3, failed: 0, cancelled: 0 })
        const { latencyMs, executeMs } = stats
        expect(latencyMs!.count).to.equal(3)
        expect(executeMs!.count).to.equal(3)
        expect(executeMs!.min).to.be.within(2, latencyMs!.min)
        expect(latencyMs!.min).to.be.at.most(latencyMs!.p50)
        expect(latencyMs!.p50).to.be.at.most(latencyMs!.p95)
        expect(latencyMs!.p95).to.be.at.most(latencyMs!.p99)
        expect(latencyMs!.p99).to.be.at.most(latencyMs!.max)
        expect(latencyMs!.mean).to.be.within(latencyMs!.min, latencyMs!.max)
      })

      it('stay as they were after release, and another session counts anew', async () => {
        const session = await create('add')
        await session.run(addFeeds)
        const { latencyMs, executeMs } = session.stats()
        await session.release()
        await using other = await create('add')
        for (let run = 0; run < 3; run++) await other.run(addFeeds)
        expect(session.stats()).to.deep.include({ state: 'released', done: 1, latencyMs, executeMs })
        expect(other.stats().latencyMs!.count).to.equal(3)
        expect(other.stats().executeMs!.count).to.equal(3)
      })
    })

    describe('release', () => {
      it('waits for the run in progress and rejects the others with SESSION_RELEASED', async () => {
        const session = await create('slow')
        const running = session.run(slowFeeds({ rounds: 300, x: 1 }))
        await new Promise(resolve => setTimeout(resolve, 40))
        const queued = [2, 3, 4].map(x => session.run(slowFeeds({ rounds: ENDLESS, x })))
        const rejected = Promise.all(queued.map(run => rejection(run, 'SESSION_RELEASED')))
        let released = false
        const release = session.release().then(() => {
          released = true
        })
        await rejected
        expect(released).to.equal(false)
        expect(numbers((await running)['y']!.data)[0]).to.be.closeTo(1, 0.01)
        await release
        expect(session.stats()).to.include({ state: 'released', queued: 0, running: 0, done: 1, failed: 3 })
      })

      it('may be called again, and later runs reject with SESSION_RELEASED', async () => {
        const session = await create('add')
        await Promise.all([session.release(), session.release()])
        await session.release()
        await rejection(session.run(addFeeds), 'SESSION_RELEASED')
        expect(session.inputNames).to.deep.equal(['a', 'b'])
      })

      it('happens at the end of `await using`', async () => {
        let kept: Session
        {
          await using session = await create('add')
          kept = session
          await session.run(addFeeds)
        }
        await rejection(kept.run(addFeeds), 'SESSION_RELEASED')
      })

      it('of a session with an aborted run in progress still ends', async () => {
        const session = await create('slow')
        const controller = new AbortController()
        const run = session.run(slowFeeds({ rounds: 300 }), undefined, { signal: controller.signal })
        await new Promise(resolve => setTimeout(resolve, 30))
        controller.abort()
        await run.catch(() => undefined)
        await session.release()
      })
    })
  })
}
