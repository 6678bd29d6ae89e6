/** Which options a session or a pool takes on which device, and what a pool says about where it computed. */
import { expect } from 'chai'
import { createPool, createSession } from '../../lib/session'
import type { Device, PoolOptions, SessionOptions } from '../../lib/session'
import { checkDeviceOptions, targetOf } from '../../lib/session/device-options'
import { OfflineModels, requireSimulator } from '../support/native'
import { ENDLESS, addFeeds, modelPath, rejection, slowFeeds } from './support'

describe('options of the other back end', () => {
  const onCpu: readonly [keyof SessionOptions & keyof PoolOptions, object][] = [
    ['libraryPath', { libraryPath: 'libascendcl.so' }],
    ['outputBytes', { outputBytes: { sum: 24 } }],
  ]
  for (const [name, options] of onCpu) {
    it(`are refused by name on the CPU: ${name}`, async () => {
      for (const device of ['auto', 'cpu'] as const) {
        const error = await rejection(
          createSession(modelPath('add'), { device, ...options }),
          'INVALID_ARGUMENT',
        )
        expect(error.detail).to.include({ option: name })
        expect(error.message).to.include(`leave ${name} out`)
        await rejection(createPool(modelPath('add'), { device, ...options }), 'INVALID_ARGUMENT')
      }
    })
  }

  const ofSessions = ['threads', 'isolation', 'graphOptimization'] as const
  const ofPools = ['threadsPerSession', 'isolation', 'graphOptimization'] as const
  const values = { threads: 1, threadsPerSession: 1, isolation: 'process', graphOptimization: 'all' } as const
  for (const device of ['auto', 'npu', 1] as const) {
    it(`are refused by name on NPUs, with device ${device}`, async () => {
      for (const name of ofSessions) {
        const error = await rejection(
          createSession('model.om', { device, [name]: values[name] }),
          'INVALID_ARGUMENT',
        )
        expect(error.detail).to.include({ option: name })
      }
      for (const name of ofPools) {
        const error = await rejection(
          createPool('model.om', { device, [name]: values[name] }),
          'INVALID_ARGUMENT',
        )
        expect(error.detail).to.include({ option: name })
      }
    })
  }

  it('are welcome where the machine decides between the forms of a model', () => {
    const target = targetOf({ om: 'model.om', onnx: 'model.onnx' }, 'auto')
    expect(target).to.equal('either')
    checkDeviceOptions({ ...values, libraryPath: 'libascendcl.so', outputBytes: {} }, target, 'createPool()')
  })

  it('that are undefined are none', async () => {
    const nothing = { outputBytes: undefined } as unknown as SessionOptions
    await using session = await createSession(modelPath('add'), nothing)
    expect(session.device.kind).to.equal('cpu')
  })
})

describe('the sessions of a pool', () => {
  it('on the CPU are bounded by what a machine can be thought to hold, before one is opened', async () => {
    const startedAtMs = performance.now()
    const error = await rejection(createPool(modelPath('add'), { sessions: 1024 }), 'INVALID_ARGUMENT')
    expect(performance.now() - startedAtMs).to.be.below(1000)
    const { most } = error.detail as { most: number }
    expect(error.detail).to.include({ option: 'sessions' })
    expect(error.message)
      .to.include(`${most} is the most`)
      .and.match(/memory/)
    expect(most).to.be.within(32, 1023)
  })

  it('say what computed the outputs of a run: on the CPU all of it together', async () => {
    await using pool = await createPool(modelPath('add'), { sessions: 2 })
    const outputs = await pool.run(addFeeds)
    expect(pool.deviceOf(outputs)).to.deep.equal({ kind: 'cpu', threads: 2 })
    expect(pool.devices).to.deep.equal([{ kind: 'cpu', threads: 2 }])
    expect(pool.deviceOf({ ...outputs })).to.equal(undefined)
  })

  it('on NPUs name the one', async function () {
    const libraryPath = requireSimulator(this)
    const models = new OfflineModels()
    try {
      const om = models.compile(modelPath('add'))
      await using pool = await createPool(om, { device: [2, 1], sessions: 4, libraryPath })
      const npu = (id: number): Device => ({ kind: 'npu', id, socName: 'Ascend310P3' })
      expect(pool.devices).to.deep.equal([npu(1), npu(2)])
      const runs = Array.from({ length: 16 }, () => pool.run(addFeeds))
      const used = (await Promise.all(runs)).map(outputs => pool.deviceOf(outputs))
      for (const device of used) expect([npu(1), npu(2)]).to.deep.include(device)
      const ids = new Set(used.map(device => (device as { id: number }).id))
      expect([...ids].sort()).to.deep.equal([1, 2])
    } finally {
      models.remove()
    }
  })
})

describe('runTimeoutMs of a pool', () => {
  it('bounds each run from when it begins: those that wait behind a slow one are not hurt', async () => {
    await using pool = await createPool(modelPath('slow'), {
      sessions: 1,
      isolation: 'process',
      runTimeoutMs: 1500,
    })
    // Together longer than the limit, and behind a run that never ends.
    const endless = rejection(pool.run(slowFeeds({ rounds: ENDLESS })), 'RUN_TIMEOUT')
    const others = [1, 2, 3].map(x => pool.run(slowFeeds({ rounds: 100, x })))
    const error = await endless
    expect(error.message).to.match(/1500 ms for one run/)
    expect(error.detail).to.deep.equal({ runTimeoutMs: 1500 })
    await Promise.all(others)
    expect(pool.stats()).to.include({ done: 3, failed: 1, retried: 0 })
  })

  it('leaves a shorter timeoutMs of a run in force', async () => {
    await using pool = await createPool(modelPath('slow'), {
      sessions: 1,
      isolation: 'process',
      runTimeoutMs: 60_000,
    })
    const run = pool.run(slowFeeds({ rounds: ENDLESS }), undefined, { timeoutMs: 50 })
    const { detail } = await rejection(run, 'RUN_TIMEOUT')
    expect((detail as { timeoutMs: number }).timeoutMs).to.be.within(1, 50)
  })

  for (const runTimeoutMs of [0, -1, NaN, Infinity, 2 ** 31, '1'] as number[]) {
    it(`is refused when it is ${JSON.stringify(runTimeoutMs)}`, () =>
      rejection(createPool(modelPath('add'), { runTimeoutMs }), 'INVALID_ARGUMENT'))
  }
})
