import { expect } from 'chai'
import {
  asvOperatingPoint,
  computeActDcf,
  computeCllr,
  computeEer,
  computeEerTieProper,
  computeMinDcf,
  computeTdcf,
  detCurve,
  tdcfWeights,
  type AsvOperatingPoint,
  type TdcfCostModel,
  type TdcfOptions,
} from '../../lib/metrics'

const plain = (values: Float64Array): number[] => Array.from(values)

describe('metrics of cases small enough to do by hand', () => {
  describe('detCurve', () => {
    it('rejects one score more at every point, and starts 0.001 below the lowest', () => {
      const curve = detCurve([2, 4], [1, 3, 3.5, 0])
      expect(plain(curve.thresholds)).to.deep.equal([-0.001, 0, 1, 2, 3, 3.5, 4])
      expect(plain(curve.miss)).to.deep.equal([0, 0, 0, 0.5, 0.5, 0.5, 1])
      expect(plain(curve.falseAlarm)).to.deep.equal([1, 0.75, 0.5, 0.5, 0.25, 0, 0])
    })

    it('puts bona fide before spoof among equal scores', () => {
      const curve = detCurve([1, 1], [1, 1])
      expect(plain(curve.miss)).to.deep.equal([0, 0.5, 1, 1, 1])
      expect(plain(curve.falseAlarm)).to.deep.equal([1, 1, 1, 0.5, 0])
    })

    it('leaves the scores it is given as they are', () => {
      const bonafide = Float64Array.of(3, 1, 2)
      detCurve(bonafide, [0])
      expect(plain(bonafide)).to.deep.equal([3, 1, 2])
    })
  })

  describe('equal error rate', () => {
    it('is 0 for separated classes, at the highest spoof score', () => {
      expect(computeEer([5, 6, 7], [1, 2])).to.deep.equal({ eer: 0, threshold: 2 })
      expect(computeEerTieProper([5, 6, 7], [1, 2])).to.deep.equal({ eer: 0, threshold: 2 })
    })

    it('is 1 for classes separated the wrong way round', () => {
      expect(computeEer([1, 2], [5, 6]).eer).to.equal(1)
    })

    it('is the mean of miss and false alarm where they are closest', () => {
      // Rejecting 0 and 1: miss 0, false alarm 1/3; rejecting 2 as well: miss 1/2, false alarm 1/3. The latter is closer.
      expect(computeEer([2, 4], [0, 1, 3])).to.deep.equal({ eer: (1 / 2 + 1 / 3) / 2, threshold: 2 })
    })

    it('takes the first of equally close points', () => {
      // Rejecting 1: miss 0, false alarm 1/2; rejecting 2 as well: miss 1, false alarm 1/2. Both are 1/2 apart.
      expect(computeEer([2], [1, 3])).to.deep.equal({ eer: 1 / 4, threshold: 1 })
      expect(computeEerTieProper([2], [1, 3])).to.deep.equal({ eer: 1 / 4, threshold: 1 })
    })

    it('differs from the tie-proper one when the only equal error point is inside a tie', () => {
      // 3 bona fide and 3 spoof trials at 0, one clear spoof below: inside the tie miss 2/3 meets false alarm 3/4.
      expect(computeEer([0, 0, 0], [-1, 0, 0, 0])).to.deep.equal({ eer: (2 / 3 + 3 / 4) / 2, threshold: 0 })
      // A threshold can only reject −1 (0, 3/4) or everything (1, 0).
      expect(computeEerTieProper([0, 0, 0], [-1, 0, 0, 0])).to.deep.equal({ eer: 3 / 8, threshold: -1 })
    })

    it('is one half for a detector that says the same of everything', () => {
      expect(computeEerTieProper([7, 7, 7], [7, 7]).eer).to.equal(0.5)
    })

    it('works with one trial a class', () => {
      expect(computeEer([1], [0])).to.deep.equal({ eer: 0, threshold: 0 })
      expect(computeEer([0], [1]).eer).to.equal(1)
    })

    it('takes typed arrays and plain arrays alike', () => {
      const expected = computeEer([0.5, 0.25], [0.125, 0.375])
      expect(computeEer(Float32Array.of(0.5, 0.25), Float64Array.of(0.125, 0.375))).to.deep.equal(expected)
    })
  })

  describe('ASV operating point', () => {
    it('sits at the EER threshold and accepts what is on it', () => {
      // Sorted: n −2, n −1, t 0, n 1, t 2. Miss 1/2 and false alarm 1/3 are closest with −2, −1 and 0 rejected.
      const point = asvOperatingPoint({ target: [2, 0], nontarget: [-2, 1, -1], spoof: [0, -0.5, 3, 4] })
      expect(point).to.deep.equal({
        eer: (1 / 2 + 1 / 3) / 2,
        threshold: 0,
        pFa: 1 / 3,
        pMiss: 0,
        pMissSpoof: 1 / 4,
      })
    })
  })

  describe('t-DCF', () => {
    const asv: AsvOperatingPoint = { eer: 0.1, threshold: 0, pFa: 0.1, pMiss: 0.2, pMissSpoof: 0.4 }

    it('has the weights of the evaluation plan', () => {
      const v1 = tdcfWeights(asv)
      expect(v1.c1).to.be.closeTo(0.9405 * 0.8 - 0.0095 * 10 * 0.1, 1e-15)
      expect(v1.c2).to.be.closeTo(10 * 0.05 * 0.6, 1e-15)
      expect(v1).to.include({ c0: 0, norm: v1.c2 })
    })

    it('has the weights of the revised paper in v2', () => {
      const v2 = tdcfWeights(asv, { version: 'v2' })
      expect(v2.c0).to.be.closeTo(0.9405 * 0.2 + 0.0095 * 10 * 0.1, 1e-15)
      expect(v2.c1).to.be.closeTo(0.9405 - v2.c0, 1e-15)
      expect(v2.norm).to.be.closeTo(v2.c0 + 0.3, 1e-15)
    })

    it('is 0 for separated classes in v1, and what the ASV system costs alone in v2', () => {
      expect(computeTdcf([3, 4], [1, 2], asv)).to.include({ version: 'v1', minTdcf: 0, threshold: 2 })
      const v2 = computeTdcf([3, 4], [1, 2], asv, { version: 'v2' })
      expect(v2.minTdcf).to.be.closeTo(v2.c0 / v2.norm, 1e-15)
    })

    it('weighs one missed bona fide trial of two against one accepted spoof of two', () => {
      // c1 0.7429 and c2 0.3: accepting one spoof of two (0.15 / 0.3) beats missing one bona fide trial (0.37 / 0.3).
      const result = computeTdcf([2, 4], [1, 3], asv)
      expect(result.minTdcf).to.be.closeTo(0.5, 1e-15)
      expect(result.threshold).to.equal(1)
    })

    it('refuses an ASV system that costs more than rejecting everybody', () => {
      const useless = { ...asv, pMiss: 0.99, pFa: 1 }
      expect(() => computeTdcf([1], [0], useless))
        .to.throw(/below 0/)
        .with.property('code', 'METRICS_INVALID')
    })

    it('refuses an ASV system that leaves nothing to normalise by', () => {
      const perfect = { ...asv, pMissSpoof: 1 }
      expect(() => computeTdcf([1], [0], perfect))
        .to.throw(/cannot be normalised/)
        .with.property('code', 'METRICS_INVALID')
    })

    it('refuses percentages where fractions belong', () => {
      expect(() => tdcfWeights({ ...asv, pMiss: 2.4 }))
        .to.throw(/fraction/)
        .with.property('code', 'METRICS_INVALID')
    })

    it('refuses priors that do not sum to 1 and negative costs', () => {
      const costs = {
        pSpoof: 0.05,
        pTarget: 0.9,
        pNontarget: 0.05,
        costMissAsv: 1,
        costFaAsv: 10,
        costMissCm: 1,
        costFaCm: 10,
      }
      expect(tdcfWeights(asv, { costModel: costs }).c2).to.be.closeTo(0.3, 1e-15)
      for (const wrong of [
        { ...costs, pTarget: 0.95 },
        { ...costs, costFaCm: -1 },
        { ...costs, costMissCm: NaN },
        { ...costs, costMissAsv: undefined },
        { ...costs, pSpoof: undefined },
      ]) {
        expect(() => tdcfWeights(asv, { costModel: wrong as TdcfCostModel }))
          .to.throw()
          .with.property('code', 'METRICS_INVALID')
      }
    })
  })

  describe('t-DCF options', () => {
    const asv: AsvOperatingPoint = { eer: 0.1, threshold: 0, pFa: 0.1, pMiss: 0.2, pMissSpoof: 0.4 }

    it('refuse a version there is none of, and names they do not know', () => {
      for (const [options, code] of [
        [{ version: 'v3' }, 'INVALID_ARGUMENT'],
        [{ versions: 'v1' }, 'UNKNOWN_OPTION'],
        ['v2', 'INVALID_ARGUMENT'],
        [null, 'INVALID_ARGUMENT'],
      ] as [TdcfOptions, string][]) {
        expect(() => computeTdcf([1], [0], asv, options))
          .to.throw(TypeError)
          .with.property('code', code)
      }
    })
  })

  describe('detection cost', () => {
    it('weighs misses 0.95 and false alarms 0.5, normalised by the latter', () => {
      // Best: accept one spoof of two, 0.5 · 0.5 / 0.5; rejecting bona fide 2 as well would cost 0.95 · 0.5 / 0.5.
      expect(computeMinDcf([2, 4], [1, 3])).to.deep.equal({ minDcf: 0.5, threshold: 1 })
    })

    it('takes the first of equally low costs', () => {
      // Accepting one spoof of two costs as much as missing one bona fide trial of two.
      const even = { pSpoof: 0.5, costMiss: 1, costFa: 1 }
      expect(computeMinDcf([2, 4], [1, 3], even)).to.deep.equal({ minDcf: 0.5, threshold: 1 })
    })

    it('at the fixed threshold −ln 1.9 accepts what is on it', () => {
      const threshold = -Math.log(1.9)
      const result = computeActDcf([threshold, -1, 0, 1], [threshold, -1])
      expect(result.threshold).to.be.closeTo(threshold, 1e-15)
      expect(computeActDcf([result.threshold, -1, 0, 1], [result.threshold, -1]).actDcf).to.be.closeTo(
        (0.95 / 4 + 0.5 / 2) / 0.5,
        1e-12,
      )
    })

    it('refuses a prior outside 0…1 and costs that are none', () => {
      for (const costs of [
        { pSpoof: 0, costMiss: 1, costFa: 10 },
        { pSpoof: 1.5, costMiss: 1, costFa: 10 },
        // Two wrongs whose products are above 0.
        { pSpoof: 1.5, costMiss: -1, costFa: 10 },
        { pSpoof: 0.05, costMiss: NaN, costFa: 10 },
        { pSpoof: 0.05, costMiss: 1, costFa: Infinity },
      ]) {
        expect(() => computeMinDcf([1], [0], costs))
          .to.throw()
          .with.property('code', 'METRICS_INVALID')
        expect(() => computeActDcf([1], [0], costs))
          .to.throw()
          .with.property('code', 'METRICS_INVALID')
      }
    })
  })

  describe('Cllr', () => {
    it('is 1 for scores that say nothing', () => {
      expect(computeCllr([0, 0, 0], [0])).to.be.closeTo(1, 1e-15)
    })

    it('is half the bits of each class', () => {
      // ln 3 for and against: log2(1 + 1/3) on either side.
      expect(computeCllr([Math.log(3)], [-Math.log(3)])).to.be.closeTo(Math.log2(4 / 3), 1e-15)
    })

    it('neither overflows nor vanishes for large scores', () => {
      expect(computeCllr([1000], [-1000])).to.equal(0)
      expect(computeCllr([-1000], [1000])).to.be.closeTo(1000 / Math.LN2, 1e-9)
      expect(computeCllr([50], [-50])).to.be.closeTo(Math.exp(-50) / Math.LN2, 1e-30)
    })
  })
})
