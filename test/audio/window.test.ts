import { expect } from 'chai'
import fc from 'fast-check'
import { fitWindow, mixToMono } from '../../lib/audio'

const samples = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 60 })

describe('the window', () => {
  it('is the front of a longer clip', () => {
    expect([...fitWindow(Float32Array.of(1, 2, 3, 4, 5), 3)]).to.deep.equal([1, 2, 3])
  })

  it('is a shorter clip repeated end to end and cut', () => {
    expect([...fitWindow(Float32Array.of(1, 2, 3), 8)]).to.deep.equal([1, 2, 3, 1, 2, 3, 1, 2])
    expect([...fitWindow(Float32Array.of(7), 4)]).to.deep.equal([7, 7, 7, 7])
  })

  it('covers all of the memory it is given', () => {
    for (const clipLength of [1, 3, 5, 8, 20]) {
      const clip = Float32Array.from({ length: clipLength }, (_, index) => index + 1)
      const { buffer: used } = new Float32Array(8).fill(NaN)
      const window = fitWindow(clip, 8, used)
      expect(window.buffer).to.equal(used)
      expect(window).to.deep.equal(fitWindow(clip, 8))
    }
  })

  it('has the sample i mod n of the clip at place i, as numpy.tile gives it, and is a copy', () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 300 }), (values, length) => {
        const clip = Float32Array.from(values)
        const window = fitWindow(clip, length)
        expect(window).to.deep.equal(Float32Array.from({ length }, (_, i) => clip[i % clip.length]!))
        expect(window.buffer).to.not.equal(clip.buffer)
      }),
    )
  })

  it('cannot be made of nothing, or have a length that is none', () => {
    expect(() => fitWindow(new Float32Array(0), 5))
      .to.throw()
      .with.property('code', 'AUDIO_EMPTY')
    for (const length of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => fitWindow(Float32Array.of(1), length))
        .to.throw(RangeError)
        .with.property('code', 'INVALID_ARGUMENT')
    }
  })
})

describe('mixing', () => {
  it('is the mean of the channels', () => {
    const mixed = mixToMono([
      Float32Array.of(1, 0.5, -1),
      Float32Array.of(0, 0.5, 1),
      Float32Array.of(-0.25, 0.5, 0),
    ])
    expect([...mixed]).to.deep.equal([0.25, 0.5, 0])
  })

  it('leaves a single channel as it is', () => {
    const channel = Float32Array.of(1, 2)
    expect(mixToMono([channel])).to.equal(channel)
  })

  it('of full-scale channels does not overflow', () => {
    expect([...mixToMono([Float32Array.of(3e38), Float32Array.of(3e38)])]).to.deep.equal([Math.fround(3e38)])
  })

  it('of no channels is refused', () => {
    expect(() => mixToMono([]))
      .to.throw()
      .with.property('code', 'AUDIO_EMPTY')
  })
})
