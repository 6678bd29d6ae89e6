import { expect } from 'chai'
import fc from 'fast-check'
import { computeEer, sortScores } from '../../lib/metrics'
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

  it('sortScores gives an array that the metrics take as it is', () => {
    const [bonafide, spoof] = [sortScores([3, 1, 2]), sortScores(Float32Array.of(0.5, -1))]
    expect(Array.from(bonafide)).to.deep.equal([1, 2, 3])
    expect(sortScores(bonafide)).to.equal(bonafide)
    expect(computeEer(bonafide, spoof)).to.deep.equal(computeEer([3, 1, 2], [0.5, -1]))
  })

  it('sortScores refuses what cannot be ranked', () => {
    for (const scores of [[], [1, NaN], [Infinity]]) {
      expect(() => sortScores(scores))
        .to.throw()
        .with.property('code', 'METRICS_INVALID')
    }
  })
})
