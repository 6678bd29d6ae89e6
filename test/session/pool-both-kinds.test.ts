/** One pool over NPUs and CPU sessions: who takes what, and what is left to the NPUs at the end. */
import { expect } from 'chai'
import { createPool, createSession } from '../../lib/session'
import { RunTimesByKind } from '../../lib/session/pool-tail'
import type { Place } from '../../lib/session/pool-place'
import { simulatedNpu } from '../support/native'
import { addFeeds, addResult, modelPath, rejection } from './support'

describe('a pool of NPUs and CPU sessions', function () {
  this.timeout(60_000)
  const npu = simulatedNpu()
  const forms = (om: 'add' | 'two-outputs' = 'add') => ({
    om: npu.models.compile(modelPath(om)),
    onnx: modelPath('add'),
  })
  const both = () => ({ device: 'npu+cpu' as const, sessions: 2, libraryPath: npu.libraryPath })

  it('gives its runs to all of them, and each outcome names its device', async () => {
    await using pool = await createPool(forms(), both())
    const ids = pool.devices.map(device => (device.kind === 'npu' ? device.id : device.threads))
    expect(pool.devices.map(({ kind }) => kind)).to.deep.equal([...ids.slice(1).map(() => 'npu'), 'cpu'])
    // 2 threads: one a session.
    expect(ids).to.deep.equal([...ids.keys()].slice(0, -1).concat(2))
    expect(pool.stats().sessions).to.equal(ids.length - 1 + 2)
    const all = await Promise.all(Array.from({ length: 40 }, () => pool.run(addFeeds)))
    const kinds = new Set(all.map(outputs => pool.deviceOf(outputs)!.kind))
    expect([...kinds].sort()).to.deep.equal(['cpu', 'npu'])
    for (const { sum } of all) expect(sum!.data).to.deep.equal(Float32Array.from(addResult))
  })

  it('needs both forms of the model, with one interface', async () => {
    const { om, onnx } = forms()
    await rejection(createPool(om, both()), 'INVALID_ARGUMENT')
    await rejection(createPool(onnx, both()), 'INVALID_ARGUMENT')
    const error = await rejection(createPool(forms('two-outputs'), both()), 'MODEL_INVALID')
    expect(error.message).to.match(/differ in their (inputs|outputs)/)
  })

  it('is none for a single session', async () => {
    const options = { device: 'npu+cpu', libraryPath: npu.libraryPath } as never
    await rejection(createSession(forms(), options), 'INVALID_ARGUMENT')
  })
})

describe('a run that waits for a free session', () => {
  const place = (kind: 'npu' | 'cpu', runs: number, headSinceMs = performance.now()): Place =>
    ({ device: { kind }, session: {}, runs: Array.from({ length: runs }), headSinceMs }) as unknown as Place
  const times = new RunTimesByKind()
  times.learn('npu', 10)
  times.learn('cpu', 100)

  it('is left to the NPUs where they are through with all that waits before the CPU is with one', () => {
    // One is computed and 9 wait: 100 ms.
    expect(times.npusAreSooner([place('npu', 1), place('cpu', 0)], 9)).to.equal(true)
    expect(times.npusAreSooner([place('npu', 1), place('cpu', 0)], 10)).to.equal(false)
    // Two of them take twice as many.
    expect(times.npusAreSooner([place('npu', 1), place('npu', 1), place('cpu', 0)], 18)).to.equal(true)
    expect(times.npusAreSooner([place('npu', 1), place('npu', 1), place('cpu', 0)], 19)).to.equal(false)
  })

  it('goes to whoever is free when the run of the only NPU is long overdue', () => {
    const long = performance.now() - times.overdueMs - 1
    expect(times.npusAreSooner([place('npu', 1, long), place('cpu', 0)], 1)).to.equal(false)
    expect(times.npusAreSooner([place('npu', 0, long), place('cpu', 0)], 1), 'idle').to.equal(true)
    expect(times.npusAreSooner([place('npu', 1, long), place('npu', 1), place('cpu', 0)], 1)).to.equal(true)
  })

  it('goes to whoever is free while nobody knows, or no NPU is left', () => {
    const unknown = new RunTimesByKind()
    unknown.learn('npu', 10)
    expect(unknown.npusAreSooner([place('npu', 1), place('cpu', 0)], 1)).to.equal(false)
    const lost: Place = { ...place('npu', 0), session: undefined }
    expect(times.npusAreSooner([lost, place('cpu', 0)], 1)).to.equal(false)
  })
})
