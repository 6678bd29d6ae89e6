import { expect } from 'chai'
import fc from 'fast-check'
import { sortedScores } from '../../lib/metrics/scores'
import { sortedCopy } from '../../lib/metrics/sort'

/** From a few bytes to lengths at which digits are counted. */
const repeated = (values: readonly number[], length: number): number[] =>
  Array.from({ length }, (_, index) => values[(index * 7919) % values.length]!)

describe('sorting scores', () => {
  const special = [0, -0, 5e-324, -5e-324, 1, -1, 1 + 2 ** -52, Number.MAX_VALUE, -Number.MAX_VALUE, 1e-300]
  const lists: Record<string, number[]> = {
    'a few': [3, -1, 2],
    'many of any size and sign': Array.from({ length: 5000 }, (_, i) => Math.sin(i) * 10 ** ((i % 40) - 20)),
    'many that differ in their last bits only': Array.from(
      { length: 3000 },
      (_, i) => 1 + ((i * 37) % 3000) * 2 ** -52,
    ),
    'many negative ones that differ in their last bits only': Array.from(
      { length: 3000 },
      (_, i) => -1 - ((i * 37) % 3000) * 2 ** -52,
    ),
    'many equal ones': repeated([1.5], 2000),
    'extreme ones': repeated(special, 2000),
    'ones sorted already': Array.from({ length: 2000 }, (_, i) => i / 7),
    'ones sorted the other way round': Array.from({ length: 2000 }, (_, i) => -i / 7),
  }
  for (const [what, list] of Object.entries(lists)) {
    it(`gives the native order of ${what}, to the bit`, () => {
      const native = Float64Array.from(list).sort()
      for (const values of [list, Float64Array.from(list)]) {
        expect(Buffer.from(sortedCopy(values).buffer).equals(Buffer.from(native.buffer))).to.be.true
      }
    })
  }

  it('gives the native order of any finite numbers', () => {
    const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 1,
      maxLength: 50,
    })
    fc.assert(
      fc.property(numbers, fc.constantFrom(1, 100), (values, times) => {
        const list = repeated(values, values.length * times)
        const found = sortedCopy(list)
        const native = Float64Array.from(list).sort()
        expect(Buffer.from(found.buffer).equals(Buffer.from(native.buffer))).to.be.true
      }),
    )
  })

  it('sorts single precision and leaves what it is given as it is', () => {
    const scores = Float32Array.from({ length: 2000 }, (_, i) => Math.sin(i))
    const before = scores.slice()
    expect(Array.from(sortedCopy(scores))).to.deep.equal(Array.from(scores.toSorted()))
    expect(scores).to.deep.equal(before)
  })

  it("is left out for scores in ascending order, which stay the caller's", () => {
    const sorted = Float64Array.of(1, 2, 3)
    expect(sortedScores(sorted, 'given')).to.equal(sorted)
    for (const scores of [Float64Array.of(2, 1), Float32Array.of(1, 2), [1, 2]]) {
      expect(sortedScores(scores, 'given')).not.to.equal(scores)
    }
  })

  it('is refused to scores that cannot be ranked, also where they look sorted', () => {
    for (const scores of [[], [NaN], [NaN, 1], [1, NaN], [1, NaN, 2], [1, Infinity], [-Infinity, 1]]) {
      expect(() => sortedScores(Float64Array.from(scores), 'given'))
        .to.throw()
        .with.property('code', 'METRICS_INVALID')
    }
  })
})
