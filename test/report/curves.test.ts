import { expect } from 'chai'
import { detCurve, computeTdcf, LA2019_EVAL_OPERATING_POINT, tdcfWeights } from '../../lib/metrics'
import {
  binsOf,
  histogram,
  lowestTdcfIndex,
  missRateWithin,
  probit,
  tdcfAt,
  thinned,
  type Point,
} from '../../lib/report/curves'

describe('report: curves', () => {
  it('puts a share where the normal distribution has it', () => {
    // Quantiles as in any table of the normal distribution, to more places (scipy.stats.norm.ppf).
    const table: readonly [share: number, deviate: number][] = [
      [0.5, 0],
      [0.975, 1.959963984540054],
      [0.95, 1.6448536269514722],
      [0.01, -2.3263478740408408],
      [0.0001, -3.719016485455709],
      [0.999, 3.090232306167813],
    ]
    for (const [share, deviate] of table) expect(probit(share)).to.be.closeTo(deviate, 1e-8)
    expect(probit(0)).to.equal(-Infinity)
    expect(probit(1)).to.equal(Infinity)
  })

  it('leaves points out without moving the curve by more than the tolerance', () => {
    const points = Array.from({ length: 5000 }, (_, index): Point => [index / 50, 50 * Math.sin(index / 800)])
    const kept = thinned(points, 0.3)
    expect(kept.length).to.be.below(1000)
    expect(kept[0]).to.equal(points[0])
    expect(kept.at(-1)).to.equal(points.at(-1))
    for (const [x, y] of points) {
      const nearest = Math.min(...kept.map(([otherX, otherY]) => Math.hypot(x - otherX, y - otherY)))
      expect(nearest).to.be.at.most(0.3)
    }
  })

  it('counts every score in one bin, the highest in the last', () => {
    const bins = binsOf([0, 1, 2, 10], 5)
    expect(bins).to.deep.equal({ start: 0, width: 2, count: 5 })
    expect(histogram([0, 1, 2, 10], bins)).to.deep.equal([2, 1, 0, 0, 1])
  })

  it('has a bin for scores that are all equal, and for none', () => {
    expect(histogram([3, 3], binsOf([3, 3], 5))).to.deep.equal([2])
    expect(histogram([], binsOf([], 5))).to.deep.equal([0])
  })

  it('finds the lowest t-DCF where computeTdcf has it', () => {
    const [bonafide, spoof] = [
      [1, 2, 2.5, 3],
      [0, 0.5, 2.2, -1],
    ]
    const det = detCurve(bonafide, spoof)
    const weights = tdcfWeights(LA2019_EVAL_OPERATING_POINT)
    const expected = computeTdcf(bonafide, spoof, LA2019_EVAL_OPERATING_POINT)
    const lowest = lowestTdcfIndex(det, weights)
    expect(det.thresholds[lowest]).to.equal(expected.threshold)
    expect(tdcfAt(det, lowest, weights)).to.be.closeTo(expected.minTdcf, 1e-12)
  })

  it('misses as little as a bound on accepted spoofs allows', () => {
    const det = detCurve([1, 2, 3, 4], [0, 1.5, 2.5, -1])
    expect(missRateWithin(det, 0.5)).to.equal(0)
    expect(missRateWithin(det, 0.25)).to.equal(0.25)
    expect(missRateWithin(det, 0)).to.equal(0.5)
  })
})
