import { expect } from 'chai'
import fc from 'fast-check'
import {
  computeActDcf,
  computeCllr,
  computeEer,
  computeEerTieProper,
  computeMinDcf,
  computeTdcf,
  detCurve,
  LA2019_EVAL_OPERATING_POINT,
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
        const negated = (scores: readonly number[]): number[] => scores.map(score => -score)
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
