import { expect } from 'chai'
import { coveredMs, figuresOf } from '../../lib/benchmark/statistics'

describe('benchmark: figures of times', () => {
  it("are numpy's min, max, mean, median and linear percentiles", () => {
    // numpy 1.26: np.percentile(a, [90, 95, 99, 99.9]) of these.
    const found = figuresOf([6.08, 6.1, 6.05, 9.7, 6.2, 6.07, 6.11, 5.99, 30, 6, 6.3])
    const expected = {
      ...{ count: 11, minMs: 5.99, maxMs: 30, meanMs: 8.6, medianMs: 6.1 },
      ...{ p90Ms: 9.7, p95Ms: 19.85, p99Ms: 27.970000000000006, p999Ms: 29.79700000000004 },
    }
    expect(Object.keys(found)).to.deep.equal(Object.keys(expected))
    for (const [name, value] of Object.entries(expected)) {
      expect(found[name as keyof typeof found], name).to.be.closeTo(value, 1e-12)
    }
  })

  it('are zeros where there is none', () => {
    expect(new Set(Object.values(figuresOf([])))).to.deep.equal(new Set([0]))
  })

  it('count the overlap of intervals once', () => {
    expect(coveredMs([])).to.equal(0)
    const intervals = [
      [10, 14],
      [0, 4],
      [3, 6],
      [11, 12],
    ] as const
    expect(coveredMs(intervals)).to.equal(6 + 4)
  })
})
