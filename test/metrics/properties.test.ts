import { expect } from 'chai'
import fc from 'fast-check'
import {
  computeActDcf,
  computeADcf,
  computeCllr,
  computeEer,
  computeEerTieProper,
  computeMinDcf,
  computeTdcf,
  DCF_COSTS_ASVSPOOF5,
  detCurve,
  LA2019_EVAL_OPERATING_POINT,
  tdcfWeights,
} from '../../lib/metrics'

/** A coarse grid, so that ties are the rule. */
const coarse = fc.integer({ min: -6, max: 6 })
const coarseScores = fc.array(coarse, { minLength: 1, maxLength: 40 })
const fineScores = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 })
const anyScores = fc.oneof(coarseScores, fineScores)

/** Class sizes that are powers of two make every rate exact, so that swapped classes cannot round differently. */
const exactScores = fc
  .constantFrom(1, 2, 4, 8, 16)
  .chain(length => fc.array(coarse, { minLength: length, maxLength: length }))

/** Enough scores for the sort that counts digits. */
const manyScores = fc
  .tuple(fc.array(coarse, { minLength: 1, maxLength: 40 }), fc.integer({ min: 0, max: 1000 }))
  .map(([scores, step]) =>
    Array.from({ length: 1600 }, (_, i) => scores[i % scores.length]! + i * step * 1e-6),
  )

const negated = (scores: readonly number[]): number[] => scores.map(score => -score)

const shuffled = (scores: readonly number[]): fc.Arbitrary<number[]> =>
  fc.shuffledSubarray([...scores], { minLength: scores.length, maxLength: scores.length })

describe('metrics, whatever the scores', () => {
  it('all points of a DET curve are shares that only move one way', () => {
    fc.assert(
      fc.property(anyScores, anyScores, (bonafide, spoof) => {
        const { miss, falseAlarm, thresholds } = detCurve(bonafide, spoof)
        const last = bonafide.length + spoof.length
        expect([miss.length, falseAlarm.length, thresholds.length]).to.deep.equal([
          last + 1,
          last + 1,
          last + 1,
        ])
        expect([miss[0], falseAlarm[0], miss[last], falseAlarm[last]]).to.deep.equal([0, 1, 1, 0])
        for (let point = 1; point <= last; point++) {
          expect(miss[point]! >= miss[point - 1]!).to.be.true
          expect(falseAlarm[point]! <= falseAlarm[point - 1]!).to.be.true
          expect(thresholds[point]! >= thresholds[point - 1]!).to.be.true
        }
      }),
    )
  })

  it('the tie-proper EER does not depend on the order of the scores', () => {
    fc.assert(
      fc.property(
        coarseScores.chain(scores => fc.tuple(fc.constant(scores), shuffled(scores))),
        coarseScores.chain(scores => fc.tuple(fc.constant(scores), shuffled(scores))),
        ([bonafide, bonafideShuffled], [spoof, spoofShuffled]) => {
          expect(computeEerTieProper(bonafideShuffled, spoofShuffled)).to.deep.equal(
            computeEerTieProper(bonafide, spoof),
          )
        },
      ),
    )
  })

  it('swapping the labels turns the tie-proper EER into its complement', () => {
    fc.assert(
      fc.property(exactScores, exactScores, (bonafide, spoof) => {
        expect(computeEerTieProper(spoof, bonafide).eer).to.equal(
          1 - computeEerTieProper(bonafide, spoof).eer,
        )
      }),
    )
  })

  it('swapping the labels and the signs keeps an unambiguous tie-proper EER', () => {
    fc.assert(
      fc.property(exactScores, exactScores, (bonafide, spoof) => {
        const distances = [-Infinity, ...new Set([...bonafide, ...spoof])].map(threshold => {
          const miss = bonafide.filter(score => score <= threshold).length / bonafide.length
          const falseAlarm = spoof.filter(score => score > threshold).length / spoof.length
          return Math.abs(miss - falseAlarm)
        })
        const smallest = Math.min(...distances)
        fc.pre(distances.filter(distance => distance === smallest).length === 1)
        const swapped = computeEerTieProper(negated(spoof), negated(bonafide)).eer
        expect(swapped).to.equal(computeEerTieProper(bonafide, spoof).eer)
      }),
    )
  })

  it('official and tie-proper EER agree without ties', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (scores, share) => {
          const cut = 1 + Math.floor(share * (scores.length - 2))
          const bonafide = scores.slice(0, cut)
          const spoof = scores.slice(cut)
          expect(computeEer(bonafide, spoof)).to.deep.equal(computeEerTieProper(bonafide, spoof))
        },
      ),
    )
  })

  it('EER, min t-DCF and minDCF do not change under a strictly rising transform', () => {
    const transforms: ((score: number) => number)[] = [
      score => 3 * score - 7,
      score => Math.exp(score / 4),
      score => score ** 3,
      score => Math.atan(score),
    ]
    fc.assert(
      fc.property(coarseScores, coarseScores, fc.constantFrom(...transforms), (bonafide, spoof, rising) => {
        const figures = (b: readonly number[], s: readonly number[]): number[] => [
          computeEer(b, s).eer,
          computeEerTieProper(b, s).eer,
          computeTdcf(b, s, LA2019_EVAL_OPERATING_POINT).minTdcf,
          computeTdcf(b, s, LA2019_EVAL_OPERATING_POINT, { version: 'v2' }).minTdcf,
          computeMinDcf(b, s).minDcf,
        ]
        expect(figures(bonafide.map(rising), spoof.map(rising))).to.deep.equal(figures(bonafide, spoof))
      }),
    )
  })

  it('stays within its bounds, and actual costs are never below minimal ones', () => {
    fc.assert(
      fc.property(anyScores, anyScores, (bonafide, spoof) => {
        const { eer } = computeEer(bonafide, spoof)
        expect(eer).to.be.within(0, 1)
        expect(computeEerTieProper(bonafide, spoof).eer).to.be.within(0, 1)
        // Accepting or rejecting everybody is among the points, so no minimum is above 1 (but for rounding).
        expect(computeTdcf(bonafide, spoof, LA2019_EVAL_OPERATING_POINT).minTdcf).to.be.within(0, 1 + 1e-12)
        const { minDcf } = computeMinDcf(bonafide, spoof)
        expect(minDcf).to.be.within(0, 1 + 1e-12)
        expect(computeActDcf(bonafide, spoof).actDcf).to.be.at.least(minDcf - 1e-12)
        expect(computeCllr(bonafide, spoof)).to.be.at.least(0)
      }),
    )
  })

  it('no metric but the official EER depends on the order of the scores', () => {
    fc.assert(
      fc.property(
        anyScores.chain(scores => fc.tuple(fc.constant(scores), shuffled(scores))),
        anyScores.chain(scores => fc.tuple(fc.constant(scores), shuffled(scores))),
        ([bonafide, bonafideShuffled], [spoof, spoofShuffled]) => {
          const point = LA2019_EVAL_OPERATING_POINT
          const exact = (b: readonly number[], s: readonly number[]): unknown[] => [
            computeTdcf(b, s, point),
            computeTdcf(b, s, point, { version: 'v2' }),
            computeMinDcf(b, s),
            computeActDcf(b, s),
          ]
          expect(exact(bonafideShuffled, spoofShuffled)).to.deep.equal(exact(bonafide, spoof))
          const cllr = computeCllr(bonafide, spoof)
          expect(computeCllr(bonafideShuffled, spoofShuffled)).to.be.closeTo(cllr, 1e-12 * (1 + cllr))
        },
      ),
    )
  })

  it('the lowest of all points of the DET curve is what EER, min t-DCF and minDCF find', () => {
    const point = LA2019_EVAL_OPERATING_POINT
    const { pSpoof, costMiss, costFa } = DCF_COSTS_ASVSPOOF5
    fc.assert(
      fc.property(fc.oneof(anyScores, manyScores), fc.oneof(anyScores, manyScores), (bonafide, spoof) => {
        const { miss, falseAlarm, thresholds } = detCurve(bonafide, spoof)
        const lowest = (costOf: (miss: number, falseAlarm: number) => number): [number, number] => {
          const costs = Array.from(miss, (rate, index) => costOf(rate, falseAlarm[index]!))
          const best = costs.reduce((first, cost, index) => (cost < costs[first]! ? index : first), 0)
          return [best, costs[best]!]
        }
        const [closest] = lowest((m, f) => Math.abs(m - f))
        expect(computeEer(bonafide, spoof)).to.deep.equal({
          eer: (miss[closest]! + falseAlarm[closest]!) / 2,
          threshold: thresholds[closest]!,
        })
        for (const version of ['v1', 'v2'] as const) {
          const { c0, c1, c2, norm } = tdcfWeights(point, { version })
          const [best, cost] = lowest((m, f) => c0 + c1 * m + c2 * f)
          const found = computeTdcf(bonafide, spoof, point, { version })
          expect(found.minTdcf).to.be.closeTo(cost / norm, 1e-12)
          expect(found.threshold).to.equal(thresholds[best])
        }
        const [best, cost] = lowest((m, f) => costMiss * (1 - pSpoof) * m + costFa * pSpoof * f)
        const found = computeMinDcf(bonafide, spoof)
        expect(found.minDcf).to.be.closeTo(cost / (costFa * pSpoof), 1e-12)
        expect(found.threshold).to.equal(thresholds[best])
      }),
      { numRuns: 60 },
    )
  })

  it('swapping labels, signs, prior and costs keeps minDCF, and labels and signs keep Cllr', () => {
    const { pSpoof, costMiss, costFa } = DCF_COSTS_ASVSPOOF5
    const swappedCosts = { pSpoof: 1 - pSpoof, costMiss: costFa, costFa: costMiss }
    fc.assert(
      fc.property(anyScores, anyScores, (bonafide, spoof) => {
        expect(computeMinDcf(negated(spoof), negated(bonafide), swappedCosts).minDcf).to.be.closeTo(
          computeMinDcf(bonafide, spoof).minDcf,
          1e-12,
        )
        expect(computeCllr(negated(spoof), negated(bonafide))).to.equal(computeCllr(bonafide, spoof))
      }),
    )
  })

  it('scores that are all equal say nothing, whatever their value and number', () => {
    const value = fc.double({ min: -1e300, max: 1e300, noNaN: true })
    const size = fc.integer({ min: 1, max: 2000 })
    fc.assert(
      fc.property(value, size, size, (score, bonafideCount, spoofCount) => {
        const [b, s] = [
          new Array<number>(bonafideCount).fill(score),
          new Array<number>(spoofCount).fill(score),
        ]
        expect(computeEerTieProper(b, s).eer).to.equal(0.5)
        expect(computeTdcf(b, s, LA2019_EVAL_OPERATING_POINT).minTdcf).to.equal(1)
        expect(computeTdcf(b, s, LA2019_EVAL_OPERATING_POINT, { version: 'v2' }).minTdcf).to.be.closeTo(
          1,
          1e-15,
        )
        expect(computeMinDcf(b, s).minDcf).to.equal(1)
        expect(computeCllr(b, s)).to.be.at.least(1 - 1e-12)
      }),
      { numRuns: 40 },
    )
  })

  it('one score that is not finite is refused, wherever it stands', () => {
    const bad = fc.constantFrom(NaN, Infinity, -Infinity)
    fc.assert(
      fc.property(anyScores, anyScores, bad, fc.nat(), fc.boolean(), (b, s, score, place, first) => {
        const damaged = (scores: readonly number[]): number[] =>
          scores.toSpliced(place % (scores.length + 1), 0, score)
        const [bonafide, spoof] = first ? [damaged(b), s] : [b, damaged(s)]
        const computations: (() => unknown)[] = [
          () => detCurve(bonafide, spoof),
          () => computeEer(bonafide, Float64Array.from(spoof)),
          () => computeEerTieProper(Float64Array.from(bonafide), spoof),
          () => computeTdcf(bonafide, spoof, LA2019_EVAL_OPERATING_POINT),
          () => computeMinDcf(bonafide, spoof),
          () => computeActDcf(bonafide, spoof),
          () => computeCllr(bonafide, spoof),
          () => computeADcf({ target: bonafide, nontarget: spoof, spoof: [0] }),
          () => computeADcf({ target: [0], nontarget: bonafide, spoof }),
        ]
        for (const compute of computations) {
          expect(compute).to.throw().with.property('code', 'METRICS_INVALID')
        }
      }),
    )
  })

  it('the tie-proper threshold really gives the two rates whose mean it is', () => {
    fc.assert(
      fc.property(coarseScores, coarseScores, (bonafide, spoof) => {
        const { eer, threshold } = computeEerTieProper(bonafide, spoof)
        const miss = bonafide.filter(score => score <= threshold).length / bonafide.length
        const falseAlarm = spoof.filter(score => score > threshold).length / spoof.length
        expect((miss + falseAlarm) / 2).to.equal(eer)
      }),
    )
  })
})
