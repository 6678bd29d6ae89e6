import { expect } from 'chai'
import { arrivalTimesMs } from '../../lib/benchmark/arrivals'

describe('benchmark: arrivals', () => {
  it('are one every 1 / rate seconds when they are even', () => {
    const times = arrivalTimesMs('even', { perSecond: 40, seconds: 0.2, seed: 1 })
    expect([...times]).to.deep.equal([0, 25, 50, 75, 100, 125, 150, 175])
  })

  it('of a Poisson process have gaps of the exponential distribution', () => {
    const [perSecond, seconds] = [1000, 50]
    const times = arrivalTimesMs('poisson', { perSecond, seconds, seed: 7 })
    // The number of arrivals is Poisson as well: its deviation is the root of its mean.
    expect(times.length).to.be.closeTo(perSecond * seconds, 4 * Math.sqrt(perSecond * seconds))
    const gaps = Float64Array.from(times, (time, index) => time - (times[index - 1] ?? 0)).sort()
    // Kolmogorov–Smirnov against 1 - exp(-gap / 1 ms): beyond 1.95 / root(n) with one sample in a thousand.
    const distance = gaps.reduce(
      (most, gap, index) => Math.max(most, Math.abs(1 - Math.exp(-gap) - index / gaps.length)),
      0,
    )
    expect(distance).to.be.below(1.95 / Math.sqrt(gaps.length))
  })

  it('are the same for the same seed, and others for another', () => {
    const of = (seed: number): readonly number[] => [
      ...arrivalTimesMs('poisson', { perSecond: 100, seconds: 1, seed }),
    ]
    expect(of(1)).to.deep.equal(of(1))
    expect(of(1)).not.to.deep.equal(of(2))
    expect(of(3)).to.deep.equal([...of(3)].sort((one, other) => one - other))
    expect(of(3).at(-1)).to.be.below(1000)
  })
})
