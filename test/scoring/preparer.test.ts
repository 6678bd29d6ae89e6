import { expect } from 'chai'
import { Preparer } from '../../lib/scoring/preparer'

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
