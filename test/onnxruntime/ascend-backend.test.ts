/** Offline models through onnxruntime's own interface, beside its CPU sessions. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import * as ort from 'onnxruntime-node'
import { errorCode } from '../../lib/errors'
import { registerAscendBackend } from '../../lib/onnxruntime'
import { AclSession } from '../../lib/session'
import type { Feeds } from '../../lib/session'
import { simulatedNpu } from '../support/native'
import { failureOf } from '../support/failure'
import { addFeeds, addResult, float32, modelPath, rejection, slowFeeds } from '../session/support'
import type { ModelName } from '../session/support'

const quiet = { logSeverityLevel: 4 } as const

/** The values of a model with one input and output of each of these types. */
const ofManyTypes: Feeds = {
  int64_in: { type: 'int64', dims: [2], data: BigInt64Array.of(-1n, 2n ** 40n) },
  float16_in: { type: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0xc000) },
  float64_in: { type: 'float64', dims: [2], data: Float64Array.of(Math.PI, -0) },
  uint8_in: { type: 'uint8', dims: [2], data: Uint8Array.of(1, 255) },
  bool_in: { type: 'bool', dims: [2], data: Uint8Array.of(0, 1) },
}

function tensors(feeds: Feeds): Record<string, ort.Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { type, dims, data }]) => [
      name,
      new ort.Tensor(type, data.slice() as Float32Array, dims),
    ]),
  )
}

const plain = (outputs: ort.InferenceSession.ReturnType): object =>
  Object.fromEntries(
    Object.entries(outputs).map(([name, { type, dims, data }]) => [name, { type, dims: [...dims], data }]),
  )

const sum = (session: ort.InferenceSession) => session.run(tensors(addFeeds))

describe('the back end "ascend" of onnxruntime', () => {
  const npu = simulatedNpu()
  before(() => registerAscendBackend())

  const om = (name: ModelName, ...options: string[]): string => npu.models.compile(modelPath(name), options)
  const open = (
    model: string | Uint8Array,
    provider: object = {},
    options: object = {},
  ): Promise<ort.InferenceSession> => {
    const ascend = { name: 'ascend', libraryPath: npu.libraryPath, ...provider }
    const all = { executionProviders: [ascend], ...options }
    return typeof model === 'string'
      ? ort.InferenceSession.create(model, all)
      : ort.InferenceSession.create(model, all)
  }

  describe('gives what an AclSession gives', () => {
    const models: readonly (readonly [ModelName, Feeds, ...string[]])[] = [
      ['add', addFeeds],
      ['two-outputs', { x: float32([4], [1, -2, 3, -4]) }],
      ['types', ofManyTypes],
      ['slow', slowFeeds({ rounds: 3, x: 1 })],
      [
        'dynamic-batch',
        { left: float32([4, 3], Array(12).keys()), right: float32([4, 3], Array(12).fill(1) as number[]) },
        '--input_shape=left:-1,3;right:-1,3',
        '--dynamic_batch_size=1,4',
      ],
    ]
    for (const [name, feeds, ...options] of models) {
      it(`names, shapes and results: ${name}`, async () => {
        const model = om(name, ...options)
        await using ours = await AclSession.create(model, { libraryPath: npu.libraryPath })
        const theirs = await open(model)
        expect(theirs.inputNames).to.deep.equal(ours.inputNames)
        expect(theirs.outputNames).to.deep.equal(ours.outputNames)
        expect(theirs.inputMetadata).to.deep.equal(ours.inputMetadata)
        expect(theirs.outputMetadata).to.deep.equal(ours.outputMetadata)
        const outputs = await theirs.run(tensors(feeds))
        for (const output of Object.values(outputs)) expect(output).to.be.instanceOf(ort.Tensor)
        // Also a Float16Array, where there is one, of the same bits.
        const bits = (found: object): object => JSON.parse(JSON.stringify(found, bytesAsNumbers)) as object
        expect(bits(plain(outputs))).to.deep.equal(bits(await ours.run(feeds)))
        await theirs.release()
      })
    }

    it('from the bytes of a model, also in the middle of a larger buffer', async () => {
      const bytes = readFileSync(om('add'))
      const larger = new Uint8Array(bytes.length + 20)
      larger.set(bytes, 10)
      for (const model of [bytes, larger.subarray(10, 10 + bytes.length)]) {
        const session = await open(model)
        expect([...((await sum(session))['sum']!.data as Float32Array)]).to.deep.equal(addResult)
        await session.release()
      }
    })

    it('for the outputs that are named, and no others', async () => {
      const session = await open(om('two-outputs'))
      const x = new ort.Tensor('float32', Float32Array.of(1, -2, 3, -4), [4])
      expect(Object.keys(await session.run({ x }, ['magnitude']))).to.deep.equal(['magnitude'])
      expect(Object.keys(await session.run({ x }, { negated: null }))).to.deep.equal(['negated'])
      await session.release()
    })

    it('to runs that are open together, each from the inputs as they were when it was called', async () => {
      const session = await open(om('add'))
      const feeds = tensors(addFeeds)
      const a = feeds['a']!.data as Float32Array
      const runs = [0, 1, 2].map(round => {
        a.fill(round)
        return session.run(feeds)
      })
      const firsts = (await Promise.all(runs)).map(({ sum: found }) => (found!.data as Float32Array)[0])
      expect(firsts).to.deep.equal([10, 11, 12])
      await session.release()
    })
  })

  describe('and outputs the caller has memory for, as onnxruntime does on the CPU', () => {
    for (const provider of ['cpu', 'ascend'] as const) {
      const create = () =>
        provider === 'cpu' ? ort.InferenceSession.create(modelPath('add'), quiet) : open(om('add'))

      it(`are put there and given as tensors of their own besides: ${provider}`, async () => {
        const session = await create()
        const whole = new Float32Array(10)
        const place = new ort.Tensor('float32', whole.subarray(2, 8), [2, 3])
        const { sum: found } = await session.run(tensors(addFeeds), { sum: place })
        expect([...whole]).to.deep.equal([0, 0, ...addResult, 0, 0])
        expect([...(found!.data as Float32Array)]).to.deep.equal(addResult)
        expect(found).not.to.equal(place)
        expect((found!.data as Float32Array).buffer).not.to.equal(whole.buffer)
        await session.release()
      })

      for (const [what, place] of [
        ['another shape', new ort.Tensor('float32', new Float32Array(6), [3, 2])],
        ['another number of dimensions', new ort.Tensor('float32', new Float32Array(6), [6])],
        ['another type', new ort.Tensor('int32', new Int32Array(6), [2, 3])],
      ] as const) {
        it(`are refused and left as they are when they have ${what}: ${provider}`, async () => {
          const session = await create()
          const error = await failureOf(session.run(tensors(addFeeds), { sum: place }))
          expect(error.code).to.equal(provider === 'cpu' ? undefined : 'INVALID_ARGUMENT')
          expect([...(place.data as Float32Array)]).to.deep.equal([0, 0, 0, 0, 0, 0])
          await session.release()
        })
      }
    }

    it('are all left as they are when one of them does not fit', async () => {
      const session = await open(om('two-outputs'))
      const x = new ort.Tensor('float32', Float32Array.of(1, -2, 3, -4), [4])
      const negated = new ort.Tensor('float32', new Float32Array(4), [4])
      const magnitude = new ort.Tensor('float32', new Float32Array(4), [2, 2])
      await rejection(session.run({ x }, { negated, magnitude }), 'INVALID_ARGUMENT')
      expect([...negated.data]).to.deep.equal([0, 0, 0, 0])
      await session.release()
    })

    it('are refused when their memory is gone by then', async () => {
      const session = await open(om('add'))
      const place = new ort.Tensor('float32', new Float32Array(6), [2, 3])
      const run = session.run(tensors(addFeeds), { sum: place })
      structuredClone(null, { transfer: [place.data.buffer as ArrayBuffer] })
      await rejection(run, 'INVALID_ARGUMENT')
      await session.release()
    })
  })

  describe('leaves what is not its own as it was:', () => {
    for (const [what, options] of [
      ['no provider', quiet],
      ['the CPU', { ...quiet, executionProviders: ['cpu'] }],
      ['the CPU, then the NPU', { ...quiet, executionProviders: ['cpu', 'ascend'] }],
    ] as const) {
      it(`an ONNX model with ${what} named runs on the CPU`, async () => {
        const session = await ort.InferenceSession.create(modelPath('add'), options)
        expect([...((await sum(session))['sum']!.data as Float32Array)]).to.deep.equal(addResult)
        await session.release()
      })
    }

    it('an offline model without a provider is given to the CPU, which cannot read it', async () => {
      expect(await failureOf(ort.InferenceSession.create(om('add'), quiet))).not.to.have.property('code')
    })

    it('with the NPU named first the CPU is no fall-back: the error is ours', async () => {
      const providers = [{ name: 'ascend', libraryPath: npu.libraryPath }, 'cpu']
      const options = { ...quiet, executionProviders: providers }
      await rejection(ort.InferenceSession.create(modelPath('add'), options), 'MODEL_INVALID')
      const session = await ort.InferenceSession.create(om('add'), options)
      expect([...((await sum(session))['sum']!.data as Float32Array)]).to.deep.equal(addResult)
      await session.release()
    })
  })

  describe('tells what is wrong by code:', () => {
    it('models', async () => {
      await rejection(open('none.om'), 'MODEL_NOT_FOUND')
      await rejection(open(Uint8Array.of(1, 2, 3)), 'MODEL_INVALID')
      await rejection(open(new Uint8Array()), 'MODEL_INVALID')
    })

    it('a failure that is mended is not remembered: the same call works the next time', async () => {
      await rejection(open(om('add'), { deviceId: 64 }), 'ACL_NO_DEVICE')
      const session = await open(om('add'), { deviceId: 3 })
      await session.release()
    })

    it('the NPU that was asked for', async () => {
      const { detail } = await rejection(open(om('add'), { deviceId: 64 }), 'ACL_NO_DEVICE')
      expect(detail).to.include({ device: 64 })
    })

    it('inputs', async () => {
      const session = await open(om('add'))
      const { a, b } = tensors(addFeeds)
      const transposed = new ort.Tensor('float32', a!.data as Float32Array, [3, 2])
      await rejection(session.run({ a: transposed, b: b! }), 'INPUT_SHAPE')
      await rejection(
        session.run({ a: new ort.Tensor('int32', new Int32Array(6), [2, 3]), b: b! }),
        'INPUT_TYPE',
      )
      // onnxruntime looks at these before any back end does.
      expect(errorCode(await failureOf(session.run({ a: a! })))).to.equal(undefined)
      expect(await failureOf(session.run({ a: a!, b: b! }, ['none']))).to.be.instanceOf(RangeError)
      await session.release()
    })

    it('runs after release(), which may be repeated', async () => {
      const session = await open(om('add'))
      await session.release()
      await session.release()
      await rejection(sum(session), 'SESSION_RELEASED')
    })

    it('profiling, which only onnxruntime itself can do', async () => {
      const session = await open(om('add'))
      for (const call of [() => session.startProfiling(), () => session.endProfiling()])
        expect(call).to.throw(TypeError).with.property('code', 'INVALID_ARGUMENT')
      await session.release()
    })
  })

  describe('of its options', () => {
    for (const [what, provider, code] of [
      ['an unknown one', { treads: 1 }, 'UNKNOWN_OPTION'],
      ['the name an AclSession has for the NPU', { device: 1 }, 'UNKNOWN_OPTION'],
      ['an NPU that is no number', { deviceId: '1' }, 'INVALID_ARGUMENT'],
      ['a queue below 0', { queueLimit: -1 }, 'INVALID_ARGUMENT'],
      ['a limit of 0 for runs', { runTimeoutMs: 0 }, 'INVALID_ARGUMENT'],
    ] as const) {
      it(`${what} is refused`, async () => {
        await rejection(open(om('add'), provider), code)
      })
    }

    it('queueLimit, exitWaitMs, outputBytes and signal reach the session', async () => {
      const given = open(om('add'), { signal: AbortSignal.abort(new Error('no')) })
      expect((await failureOf(given)).message).to.equal('no')
      const provider = { queueLimit: 0, exitWaitMs: 1000, outputBytes: { y: 64 } }
      const session = await open(om('slow'), provider)
      const feeds = tensors(slowFeeds({ rounds: 300 }))
      const first = session.run(feeds)
      await rejection(session.run(feeds), 'QUEUE_FULL')
      await first
      await session.release()
    })

    it('runTimeoutMs limits each run that has no limit of its own', async () => {
      const session = await open(om('slow'), { runTimeoutMs: 60_000 })
      const feeds = tensors(slowFeeds({ rounds: 100 }))
      await session.run(feeds)
      await rejection(session.run(feeds, { timeoutMs: 1 } as object), 'RUN_TIMEOUT')
      await session.release()
      const limited = await open(om('slow'), { runTimeoutMs: 1 })
      await rejection(limited.run(feeds), 'RUN_TIMEOUT')
      await limited.release()
    })

    it('two NPUs for one session are refused', async () => {
      const twice = { executionProviders: ['ascend', { name: 'ascend', deviceId: 1 } as { name: string }] }
      await rejection(ort.InferenceSession.create(om('add'), twice), 'INVALID_ARGUMENT')
    })
  })

  describe("of onnxruntime's options", () => {
    for (const option of [
      { enableProfiling: true },
      { enableGraphCapture: true },
      { optimizedModelFilePath: 'optimized.onnx' },
      { freeDimensionOverrides: { batch: 1 } },
      { preferredOutputLocation: 'gpu-buffer' },
      { preferredOutputLocation: { sum: 'gpu-buffer' } },
      { externalData: [{ path: 'weights', data: new Uint8Array(1) }] },
    ]) {
      it(`${JSON.stringify(option).slice(0, 50)} is refused: it would not be done`, async () => {
        await rejection(open(om('add'), {}, option), 'INVALID_ARGUMENT')
      })
    }

    it('a misspelt one is refused', async () => {
      await rejection(open(om('add'), {}, { logSeverity: 4 }), 'UNKNOWN_OPTION')
    })

    it('those that tune the host, log or ask for nothing are ignored', async () => {
      const session = await open(
        om('add'),
        {},
        {
          intraOpNumThreads: 2,
          interOpNumThreads: 1,
          graphOptimizationLevel: 'all',
          enableCpuMemArena: true,
          enableMemPattern: false,
          executionMode: 'sequential',
          logId: 'add',
          logSeverityLevel: 4,
          logVerbosityLevel: 0,
          profileFilePrefix: 'add',
          extra: { session: { disable_prepacking: '1' } },
          enableProfiling: false,
          enableGraphCapture: false,
          optimizedModelFilePath: '',
          freeDimensionOverrides: {},
          preferredOutputLocation: { sum: 'cpu' },
          externalData: [],
        },
      )
      expect([...((await sum(session))['sum']!.data as Float32Array)]).to.deep.equal(addResult)
      await session.release()
    })

    it('those of a run are ignored, but for one that would stop it', async () => {
      const session = await open(om('add'))
      const ignored = { ...quiet, logVerbosityLevel: 0, tag: 'one', extra: {}, terminate: false }
      const { sum: found } = await session.run(tensors(addFeeds), ignored)
      expect([...(found!.data as Float32Array)]).to.deep.equal(addResult)
      await rejection(session.run(tensors(addFeeds), { terminate: true }), 'INVALID_ARGUMENT')
      await rejection(session.run(tensors(addFeeds), { tags: 'one' } as object), 'UNKNOWN_OPTION')
      await session.release()
    })

    it('signal, which onnxruntime has not, gives up a run', async () => {
      const session = await open(om('slow'))
      const given = new AbortController()
      const run = session.run(tensors(slowFeeds({ rounds: 300 })), { signal: given.signal } as object)
      given.abort(new Error('enough'))
      expect((await failureOf(run)).message).to.equal('enough')
      await session.release()
    })
  })
})

function bytesAsNumbers(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value)
    ? [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
    : value
}
