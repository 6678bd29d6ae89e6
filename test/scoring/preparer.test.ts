import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { parseConfig } from '../../lib/model'
import { Preparer } from '../../lib/scoring/preparer'
import { failureOf } from '../support/failure'
import { demoModel } from '../support/golden'

const windowSamples = 1000

describe('the memory of a window that has its score', () => {
  let preparer: Preparer
  beforeEach(() => (preparer = new Preparer()))
  afterEach(async () => preparer.release())

  const clip = async (value: number, length = 300): Promise<Float32Array<ArrayBuffer>> => {
    const source = {
      kind: 'samples',
      samples: new Float32Array(length).fill(value),
      sampleRateHz: 16_000,
    } as const
    const { samples } = await preparer.prepare({ kind: 'clip', source, options: { windowSamples } })
    return samples
  }

  it('is that of the next clip, of which nothing of the one before is left', async () => {
    const first = await clip(0.25, 5000)
    const { buffer } = first
    preparer.recycle(first)
    const second = await clip(-0.5, 7)
    expect(buffer.byteLength, 'handed over').to.equal(0)
    expect(second).to.deep.equal(new Float32Array(windowSamples).fill(-0.5))
  })

  it('stays what it is without its owner’s word', async () => {
    const first = await clip(0.25)
    await clip(0.5)
    expect(first).to.deep.equal(new Float32Array(windowSamples).fill(0.25))
  })

  it('is left alone when it is no whole window, or has gone elsewhere', async () => {
    const part = new Float32Array(windowSamples).subarray(1)
    const gone = new Float32Array(windowSamples)
    structuredClone(gone.buffer, { transfer: [gone.buffer] })
    const other = new Float32Array(windowSamples + 1)
    for (const each of [part, gone, other]) preparer.recycle(each)
    expect(await clip(0.125)).to.deep.equal(new Float32Array(windowSamples).fill(0.125))
    expect(await clip(0.5)).to.deep.equal(new Float32Array(windowSamples).fill(0.5))
    expect([part.length, other.length]).to.deep.equal([windowSamples - 1, windowSamples + 1])
  })
})

describe('the thread of a conversion', () => {
  let preparer: Preparer
  beforeEach(() => (preparer = new Preparer()))
  afterEach(async () => preparer.release())

  const task = {
    kind: 'model',
    checkpoint: readFileSync(demoModel.checkpoint),
    config: parseConfig(readFileSync(demoModel.config, 'utf8')),
    options: { target: 'cpu' },
  } as const
  const gone = async (): Promise<void> => {
    while (preparer.stats().threads > 0) await setTimeout(5)
  }

  it('goes when it is through, with what it took', async () => {
    const models = await Promise.all([preparer.prepare(task), preparer.prepare(task)])
    expect(models[0]).to.deep.equal(models[1])
    await gone()
  })

  it('goes when nobody wants its result any more', async () => {
    const stop = new AbortController()
    const converting = preparer.prepare(task, stop.signal)
    expect(preparer.stats().threads).to.equal(1)
    stop.abort(new Error('enough'))
    expect(await failureOf(converting)).to.have.property('message', 'enough')
    await gone()
  })

  it('is not begun for what cannot be handed over', async () => {
    const checkpoint = new Uint8Array(8)
    structuredClone(checkpoint.buffer, { transfer: [checkpoint.buffer] })
    expect(await failureOf(preparer.prepare({ ...task, checkpoint }))).to.be.instanceOf(Error)
    await gone()
  })

  it('is ended with the preparer', async () => {
    const converting = failureOf(preparer.prepare(task))
    await preparer.release()
    expect(await converting).to.have.property('code', 'SESSION_RELEASED')
    expect(preparer.stats().threads).to.equal(0)
  })
})
