import { expect } from 'chai'
import { isSteady } from '../../lib/benchmark/warm-up'

describe('benchmark: warm-up until steady', () => {
  const series = (length: number, timeAt: (index: number) => number): readonly number[] =>
    Array.from({ length }, (_, index) => timeAt(index))
  /** Repeats, and is not even: a spread of 10 % around 1. */
  const noise = (index: number): number => 1 + 0.1 * (((index * 7919) % 101) / 101 - 0.5)

  it('needs three blocks of 20 runs', () => {
    expect(isSteady(series(59, () => 6))).to.equal(false)
    expect(isSteady(series(60, () => 6))).to.equal(true)
  })

  it('is not steady while times fall, as with a rising clock or a warming cache', () => {
    const falling = series(200, index => 6 * (1 + Math.exp(-index / 30)))
    expect([60, 80, 100].map(runs => isSteady(falling.slice(0, runs)))).to.deep.equal([false, false, false])
    expect(isSteady(falling)).to.equal(true)
  })

  it('is not steady while times rise, as of a device that gets hot', () => {
    expect(isSteady(series(200, index => 6 + 0.02 * index))).to.equal(false)
  })

  it('is not steady right after a step, and steady when the step lies three blocks back', () => {
    const stepped = series(160, index => (index < 90 ? 6 : 7))
    expect(isSteady(stepped.slice(0, 120))).to.equal(false)
    expect(isSteady(stepped)).to.equal(true)
  })

  it('takes single slow runs and noise for nothing', () => {
    const spiky = series(100, index => 6 * noise(index) * (index % 17 === 0 ? 20 : 1))
    expect(isSteady(spiky)).to.equal(true)
  })

  it('only looks at whole blocks', () => {
    expect(isSteady([...series(60, () => 6), ...series(19, () => 60)])).to.equal(true)
    expect(isSteady([...series(60, () => 6), ...series(20, () => 60)])).to.equal(false)
  })
})
