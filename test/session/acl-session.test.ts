/** What is particular to sessions on an NPU; what all sessions do alike is in the conformance suite. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import { AclSession, createPool, createSession } from '../../lib/session'
import type { AclSessionOptions, TensorData, TensorType } from '../../lib/session'
import { loadAddon } from '../../lib/session/binding'
import { writeOnnx } from '../../lib/model/onnx/write'
import { simulatedNpu } from '../support/native'
import { addFeeds, addResult, float32, modelPath, rejection, slowFeeds, threadCount, until } from './support'

const batchShape = '--input_shape=left:-1,3;right:-1,3'

describe('AclSession', () => {
  const npu = simulatedNpu()

  const om = (name: Parameters<typeof modelPath>[0], ...options: string[]): string =>
    npu.models.compile(modelPath(name), options)
  const open = (model: string, options: AclSessionOptions = {}): Promise<AclSession> =>
    AclSession.create(model, { libraryPath: npu.libraryPath, ...options })

  /** A model of one operator on one input. */
  function unary(
    op: string,
    type: string,
    shape: readonly (number | string)[],
    ...options: string[]
  ): string {
    const onnx = join(npu.models.folder, `${op}-${type}-${shape.join('x')}.onnx`)
    const value = (name: string) => ({ name, dtype: type, shape })
    writeFileSync(
      onnx,
      writeOnnx(
        {
          name: op,
          opset: 13,
          inputs: [value('x')],
          outputs: [value('y')],
          nodes: [{ name: 'only', op, inputs: ['x'], outputs: ['y'], attributes: {} }],
          initializers: new Map(),
        },
        { producerName: 'test', metadata: {} },
      ),
    )
    return npu.models.compile(onnx, options)
  }

  describe('element types', () => {
    const values: readonly [TensorType, TensorData][] = [
      ['float32', Float32Array.of(1.5, -0, NaN)],
      ['float16', Uint16Array.of(0x3c00, 0xfc00, 1)],
      ['float64', Float64Array.of(Math.PI, -1e300, 5e-324)],
      ['int8', Int8Array.of(-128, 0, 127)],
      ['int16', Int16Array.of(-32768, 0, 32767)],
      ['int32', Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1)],
      ['int64', BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n)],
      ['uint8', Uint8Array.of(0, 1, 255)],
      ['uint16', Uint16Array.of(0, 1, 65535)],
      ['uint32', Uint32Array.of(0, 1, 2 ** 32 - 1)],
      ['uint64', BigUint64Array.of(0n, 1n, 2n ** 64n - 1n)],
      ['bool', Uint8Array.of(0, 1, 1)],
    ]
    for (const [type, data] of values) {
      it(`${type} goes in and comes out to the bit`, async () => {
        await using session = await open(unary('Identity', type, [3]))
        expect(session.inputMetadata).to.deep.equal([{ name: 'x', isTensor: true, type, shape: [3] }])
        const outputs = await session.run({ x: { type, dims: [3], data } })
        expect(outputs).to.deep.equal({ y: { type, dims: [3], data } })
        expect(outputs['y']!.data).not.to.equal(data)
      })
    }
  })

  describe('gears', () => {
    const ones = (rows: number) => float32([rows, 3], new Array<number>(rows * 3).fill(1))
    const total = (rows: number) => ({
      total: { type: 'float32', dims: [rows], data: new Float32Array(rows).fill(6) },
    })

    for (const [kind, shape, options] of [
      ['batch', ['batch', 3], [batchShape, '--dynamic_batch_size=1,4,8']],
      ['any dimension', ['', 3], [batchShape, '--input_format=ND', '--dynamic_dims=1,1;4,4;8,8']],
    ] as const) {
      it(`of ${kind} follow the shape that is fed, in any order, and their own input stays out of sight`, async () => {
        await using session = await open(om('dynamic-batch', ...options))
        expect(session.inputNames).to.deep.equal(['left', 'right'])
        expect(session.inputMetadata.map(input => input.shape)).to.deep.equal([shape, shape])
        expect(session.outputMetadata.map(output => output.shape)).to.deep.equal([[shape[0]]])
        const order = [8, 1, 1, 4, 8, 4, 1, 8]
        const runs = order.map(rows => session.run({ left: ones(rows), right: ones(rows) }))
        expect(await Promise.all(runs)).to.deep.equal(order.map(total))
        for (const rows of order) {
          expect(await session.run({ left: ones(rows), right: ones(rows) })).to.deep.equal(total(rows))
        }
      })

      it(`of ${kind} refuse every other shape before AscendCL sees it, and name those there are`, async () => {
        await using session = await open(om('dynamic-batch', ...options))
        for (const rows of [0, 2, 9]) {
          const error = await rejection(session.run({ left: ones(rows), right: ones(rows) }), 'INPUT_SHAPE')
          expect(error.message).to.include('[1, 3] [1, 3] or [4, 3] [4, 3] or [8, 3] [8, 3]')
        }
        expect(await session.run({ left: ones(4), right: ones(4) })).to.deep.equal(total(4))
      })
    }

    it('of height and width are chosen by the image', async () => {
      const model = unary(
        'Neg',
        'float32',
        [1, 1, 'h', 'w'],
        '--input_shape=x:1,1,-1,-1',
        '--dynamic_image_size=2,3;3,2;4,4',
      )
      await using session = await open(model)
      expect(session.inputMetadata[0]!.shape).to.deep.equal([1, 1, 'height', 'width'])
      for (const [height, width] of [
        [3, 2],
        [4, 4],
        [2, 3],
      ] as const) {
        const values = Array.from({ length: height * width }, (_, index) => index + 1)
        const { y } = await session.run({ x: float32([1, 1, height, width], values) })
        expect(y).to.deep.equal(
          float32(
            [1, 1, height, width],
            values.map(value => -value),
          ),
        )
      }
      await rejection(session.run({ x: float32([1, 1, 2, 2], [1, 2, 3, 4]) }), 'INPUT_SHAPE')
    })
  })

  describe('open shapes', () => {
    const fed = (rows: number) => ({
      left: float32([rows, 3], new Array<number>(rows * 3).fill(1)),
      right: float32([rows, 3], new Array<number>(rows * 3).fill(2)),
    })
    const sizes = [1, 1000, 3, 20_000, 2]

    it('without limits take any size; AscendCL allocates the outputs', async () => {
      await using session = await open(om('dynamic-batch', batchShape))
      expect(session.inputMetadata[0]!.shape).to.deep.equal(['', 3])
      expect(session.outputMetadata[0]!.shape).to.deep.equal([''])
      const runs = await Promise.all(sizes.map(rows => session.run(fed(rows))))
      for (const [index, rows] of sizes.entries()) {
        expect(runs[index]!['total']).to.deep.equal(float32([rows], new Array<number>(rows).fill(9)))
      }
    })

    it('use the memory that outputBytes sets aside, and say when it does not suffice', async () => {
      await using session = await open(om('dynamic-batch', batchShape), { outputBytes: { total: 4000 } })
      for (const rows of [1, 1000, 3]) {
        const { total } = await session.run(fed(rows), undefined, { timeoutMs: 10_000 })
        expect(total!.dims).to.deep.equal([rows])
      }
      const error = await session.run(fed(1100)).catch((reason: unknown) => reason)
      expect(errorCode(error)).to.equal('RUN_FAILED')
      expect((await session.run(fed(5)))['total']!.dims).to.deep.equal([5])
    })

    it('know the outputs that outputBytes names', () =>
      rejection(open(om('dynamic-batch', batchShape), { outputBytes: { all: 4000 } }), 'INVALID_ARGUMENT'))

    it('within limits refuse what is beyond them before AscendCL sees it', async () => {
      await using session = await open(om('dynamic-batch', '--input_shape=left:1~4,3;right:1~4,3'))
      expect((await session.run(fed(4)))['total']!.dims).to.deep.equal([4])
      await rejection(session.run(fed(5)), 'INPUT_SHAPE')
      expect((await session.run(fed(2)))['total']!.dims).to.deep.equal([2])
    })
  })

  it('refuses anything but a scalar where the model takes one', async () => {
    await using session = await open(om('scalar'))
    await rejection(session.run({ x: float32([2], [1, 2]) }), 'INPUT_SHAPE')
    expect((await session.run({ x: float32([], [4]) }))['double']!.data).to.deep.equal(Float32Array.of(8))
  })

  describe('devices', () => {
    it('are named by the session', async () => {
      await using session = await open(om('add'), { device: 3 })
      expect(session.device).to.deep.equal({ kind: 'npu', id: 3, socName: 'Ascend310P3' })
    })

    it('that are not there refuse with ACL_NO_DEVICE, and what AscendCL said', async () => {
      const error = await rejection(open(om('add'), { device: 4 }), 'ACL_NO_DEVICE')
      expect(error.detail).to.deep.include({
        call: 'aclrtSetDevice',
        aclError: 107001,
        aclName: 'ACL_ERROR_RT_INVALID_DEVICEID',
        device: 4,
      })
      expect(error.stack).to.include('acl-session.test')
    })

    it('serve several sessions each, all at the same time', async () => {
      const sessions = await Promise.all([0, 0, 1, 2, 2].map(device => open(om('slow'), { device })))
      const runs = sessions.flatMap((session, x) =>
        [1, 2, 3, 4].map(async rounds => {
          const { y } = await session.run(slowFeeds({ rounds, x }))
          expect(Math.round((y!.data as Float32Array)[0]!)).to.equal(x)
        }),
      )
      await Promise.all(runs)
      // One that goes leaves the others alone.
      await sessions[0]!.release()
      await sessions[1]!.run(slowFeeds({ rounds: 1 }))
      await Promise.all(sessions.map(session => session.release()))
    })

    it('are shared out by a pool: all of them by default', async () => {
      await using pool = await createPool(om('add'), { device: 'npu', libraryPath: npu.libraryPath })
      expect(pool.stats().sessions).to.equal(4)
      expect(pool.device).to.deep.equal({ kind: 'npu', id: 0, socName: 'Ascend310P3' })
      const all = await Promise.all(Array.from({ length: 40 }, () => pool.run(addFeeds)))
      for (const { sum } of all) expect(sum!.data).to.deep.equal(Float32Array.from(addResult))
      const { copyInMs, executeMs, done } = pool.stats()
      expect([copyInMs!.count, executeMs!.count, done]).to.deep.equal([40, 40, 40])
    })

    it('may be chosen for a pool, also several sessions each', async () => {
      await using pool = await createPool(om('add'), {
        device: [1, 3],
        sessions: 5,
        libraryPath: npu.libraryPath,
      })
      expect(pool.stats().sessions).to.equal(5)
      await pool.run(addFeeds)
    })

    it('are taken by createSession where there is an offline model, unless the CPU is asked for', async () => {
      const forms = { om: om('add'), onnx: modelPath('add') }
      for (const [device, kind] of [
        ['auto', 'npu'],
        ['npu', 'npu'],
        [2, 'npu'],
        [[1], 'npu'],
        ['cpu', 'cpu'],
      ] as const) {
        await using session = await createSession(forms, {
          device,
          ...(kind === 'npu' && { libraryPath: npu.libraryPath }),
        })
        expect(session.device.kind).to.equal(kind)
        expect((await session.run(addFeeds))['sum']!.data).to.deep.equal(Float32Array.from(addResult))
      }
    })

    it('are not needed by createSession with both forms of a model: the CPU stands in', async () => {
      const forms = { om: om('add'), onnx: modelPath('add') }
      await using session = await createSession(forms, {
        device: 'auto',
        libraryPath: npu.libraryPath,
        threads: 1,
      })
      expect(session.device.kind).to.equal('npu')
    })

    it('of another library than the process uses refuse with INVALID_ARGUMENT', async () => {
      await using session = await open(om('add'))
      expect(session.device.kind).to.equal('npu')
      await rejection(open(om('add'), { libraryPath: '/another/libascendcl.so' }), 'INVALID_ARGUMENT')
    })
  })

  describe('creation', () => {
    it('given up rejects at once and leaves nothing behind', async () => {
      const threads = threadCount()
      const controller = new AbortController()
      const outcome = open(om('slow'), { signal: controller.signal }).catch((reason: unknown) => reason)
      controller.abort('never mind')
      expect(await outcome).to.equal('never mind')
      await until(() => threadCount() <= threads, 'the thread to leave')
    })

    it('that fails leaves nothing behind', async () => {
      const threads = threadCount()
      await rejection(
        AclSession.create(Uint8Array.of(1, 2, 3), { libraryPath: npu.libraryPath }),
        'MODEL_INVALID',
      )
      await until(() => threadCount() <= threads, 'the thread to leave')
    })

    const refused: readonly [string, object, string][] = [
      ['an unknown option', { threads: 1 }, 'UNKNOWN_OPTION'],
      ['a device that is no number', { device: 'npu' }, 'INVALID_ARGUMENT'],
      ['a negative device', { device: -1 }, 'INVALID_ARGUMENT'],
      ['a negative queueLimit', { queueLimit: -1 }, 'INVALID_ARGUMENT'],
      ['an exitWaitMs no timer can hold', { exitWaitMs: 2 ** 31 }, 'INVALID_ARGUMENT'],
      ['outputBytes that are no sizes', { outputBytes: { y: -1 } }, 'INVALID_ARGUMENT'],
      ['a signal that is none', { signal: 1 }, 'INVALID_ARGUMENT'],
    ]
    for (const [what, options, code] of refused) {
      it(`refuses ${what} with ${code}`, () => rejection(open('none.om', options), code))
    }
  })

  it('tells times of waiting, copying and computing', async () => {
    await using session = await open(om('slow'))
    await Promise.all([1, 2, 3].map(x => session.run(slowFeeds({ rounds: 60, x }))))
    const { queueMs, copyInMs, copyOutMs, copyMs, executeMs, latencyMs } = session.stats()
    for (const times of [queueMs, copyInMs, copyOutMs, copyMs, executeMs]) expect(times!.count).to.equal(3)
    // The third one waits for two others.
    expect(queueMs!.max).to.be.at.least(1.5 * executeMs!.min)
    expect(copyMs!.max).to.be.below(executeMs!.min)
    expect(latencyMs!.max).to.be.at.least(executeMs!.min + queueMs!.max)
  })

  it('tells V8 of its memory, and takes it back on release', async () => {
    const before = loadAddon().externalMemory()
    const session = await open(unary('Neg', 'float32', [1, 1_000_000]))
    // Two sets of buffers, on the device and on the host.
    expect(loadAddon().externalMemory() - before).to.be.above(2 * 4 * 4_000_000 - 1_000_000)
    await session.release()
    expect(loadAddon().externalMemory() - before).to.be.below(4_000_000)
  })

  it('leaves the event loop free while it computes', async function () {
    // Measured in real time beside whatever else the machine does: one bad second must not fail the suite.
    this.retries(3)
    const lateness = async (work: () => Promise<unknown>): Promise<number> => {
      const histogram = monitorEventLoopDelay({ resolution: 1 })
      histogram.enable()
      const endsAtMs = performance.now() + 1000
      while (performance.now() < endsAtMs) await work()
      histogram.disable()
      return histogram.percentile(99) / 1e6
    }
    await using session = await open(om('slow'))
    const idleMs = await lateness(() => delay(20))
    const busyMs = await lateness(() => session.run(slowFeeds({ rounds: 100 })))
    expect(busyMs).to.be.below(Math.max(5, 2 * idleMs))
  })

  it('gives results in the order of the runs, also when runs are tiny and many', async () => {
    await using session = await open(om('add'), { queueLimit: 5000 })
    const order: number[] = []
    const expected = Array.from({ length: 3000 }, (_, x) => x)
    await Promise.all(
      expected.map(async x => {
        const { sum } = await session.run({ ...addFeeds, a: float32([2, 3], [x, x, x, x, x, x]) })
        expect((sum!.data as Float32Array)[0]).to.equal(x + 10)
        order.push(x)
      }),
    )
    expect(order).to.deep.equal(expected)
  })
})
