import { expect } from 'chai'
import fc from 'fast-check'
import {
  ADCF_COSTS_ASVSPOOF5,
  computeADcf,
  computeMinDcf,
  type ADcfCostModel,
  type SpoofAwareScores,
} from '../../lib/metrics'

const coarse = fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 1, maxLength: 30 })
const fine = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 })
const scores = fc.oneof(coarse, fine)
const trials = fc.record({ target: scores, nontarget: scores, spoof: scores })

type Plain = Record<keyof SpoofAwareScores, number[]>
const mapped = (lists: Plain, change: (score: number) => number): Plain => ({
  target: lists.target.map(change),
  nontarget: lists.nontarget.map(change),
  spoof: lists.spoof.map(change),
})

/** The formula at one threshold, counted. */
function costAt({ target, nontarget, spoof }: Plain, threshold: number): number {
  const share = (list: number[], counts: (score: number) => boolean): number =>
    list.filter(counts).length / list.length
  const { pTarget, pNontarget, pSpoof, costMiss, costFaAsv, costFaCm } = ADCF_COSTS_ASVSPOOF5
  return (
    (costMiss * pTarget * share(target, score => score < threshold) +
      costFaAsv * pNontarget * share(nontarget, score => score >= threshold) +
      costFaCm * pSpoof * share(spoof, score => score >= threshold)) /
    Math.min(costMiss * pTarget, costFaAsv * pNontarget + costFaCm * pSpoof)
  )
}

describe('a-DCF', () => {
  it('has the costs and priors of ASVspoof 5', () => {
    expect(ADCF_COSTS_ASVSPOOF5).to.deep.equal({
      pSpoof: 0.05,
      pTarget: 0.95 * 0.99,
      pNontarget: 0.95 * 0.01,
      costMiss: 1,
      costFaAsv: 10,
      costFaCm: 10,
    })
  })

  it('is 0 for a verifier that keeps targets apart, accepted from the lowest target on', () => {
    expect(computeADcf({ target: [5, 6], nontarget: [1, 4], spoof: [0, 3] })).to.deep.equal({
      aDcf: 0,
      threshold: 5,
    })
  })

  it('weighs impostors and spoofs by themselves, by hand', () => {
    // Accepting from 2 on lets one of two impostors and one of four spoofs in; a higher threshold costs a target.
    const lists = { target: [2, 4], nontarget: [3, 1], spoof: [2, 0, 0, -1] }
    // Weights: miss 0.9405, impostors 0.095, spoofs 0.5; norm 0.595.
    expect(computeADcf(lists).aDcf).to.be.closeTo((0.095 / 2 + 0.5 / 4) / 0.595, 1e-15)
    expect(computeADcf(lists).threshold).to.equal(2)
  })

  it('is 1 where rejecting everybody costs least, with no score to accept from', () => {
    const costs = { ...ADCF_COSTS_ASVSPOOF5, costMiss: 0.1 }
    expect(computeADcf({ target: [0], nontarget: [1], spoof: [1] }, costs)).to.deep.equal({
      aDcf: 1,
      threshold: Infinity,
    })
  })

  it('accepts equal scores together: all of one score is either everybody or nobody', () => {
    expect(computeADcf({ target: [7, 7], nontarget: [7], spoof: [7, 7, 7] }).aDcf).to.equal(1)
  })

  it('is the cost counted at its own threshold, and no threshold costs less', () => {
    fc.assert(
      fc.property(trials, lists => {
        const { aDcf, threshold } = computeADcf(lists)
        expect(aDcf).to.be.closeTo(costAt(lists, threshold), 1e-12)
        for (const other of [...Object.values(lists).flat(), Infinity]) {
          expect(costAt(lists, other)).to.be.at.least(aDcf - 1e-12)
        }
        expect(aDcf).to.be.within(0, 1 + 1e-12)
      }),
    )
  })

  it('does not depend on the order of the scores', () => {
    fc.assert(
      fc.property(trials, lists => {
        const reversed = {
          target: lists.target.toReversed(),
          nontarget: lists.nontarget.toReversed(),
          spoof: Float64Array.from(lists.spoof).sort(),
        }
        expect(computeADcf(reversed)).to.deep.equal(computeADcf(lists))
      }),
    )
  })

  it('does not change under a strictly rising transform', () => {
    const rising = fc.constantFrom<(score: number) => number>(
      score => 3 * score - 7,
      score => Math.exp(score / 4),
      score => Math.atan(score),
    )
    fc.assert(
      fc.property(
        fc.record({ target: coarse, nontarget: coarse, spoof: coarse }),
        rising,
        (lists, change) => {
          const expected = computeADcf(lists)
          const found = computeADcf(mapped(lists, change))
          expect(found.aDcf).to.equal(expected.aDcf)
          expect(found.threshold).to.equal(
            expected.threshold === Infinity ? Infinity : change(expected.threshold),
          )
        },
      ),
    )
  })

  it('is the detection cost of a countermeasure when impostors have no weight', () => {
    const costs: ADcfCostModel = { ...ADCF_COSTS_ASVSPOOF5, pTarget: 0.95, pNontarget: 0 }
    fc.assert(
      fc.property(scores, scores, scores, (target, nontarget, spoof) => {
        const { aDcf } = computeADcf({ target, nontarget, spoof }, costs)
        expect(aDcf).to.be.closeTo(computeMinDcf(target, spoof).minDcf, 1e-12)
      }),
    )
  })

  it('does not change when impostors and spoofs trade places with their priors and costs', () => {
    const costs: ADcfCostModel = {
      pSpoof: 0.2,
      pTarget: 0.7,
      pNontarget: 0.1,
      costMiss: 2,
      costFaAsv: 3,
      costFaCm: 5,
    }
    const traded = { ...costs, pSpoof: 0.1, pNontarget: 0.2, costFaAsv: 5, costFaCm: 3 }
    fc.assert(
      fc.property(trials, ({ target, nontarget, spoof }) => {
        expect(computeADcf({ target, nontarget: spoof, spoof: nontarget }, traded).aDcf).to.be.closeTo(
          computeADcf({ target, nontarget, spoof }, costs).aDcf,
          1e-12,
        )
      }),
    )
  })

  const wrongCosts: Record<string, Partial<Record<keyof ADcfCostModel, unknown>>> = {
    'priors that do not sum to 1': { pTarget: 0.99 },
    'a negative cost': { costMiss: -1 },
    'a cost that is NaN': { costFaCm: NaN },
    'an infinite cost': { costFaAsv: Infinity },
    'a cost that is not there': { costFaCm: undefined },
    'misses that cost nothing': { costMiss: 0 },
    'acceptances that cost nothing': { costFaAsv: 0, costFaCm: 0 },
  }
  for (const [what, change] of Object.entries(wrongCosts)) {
    it(`refuses ${what}`, () => {
      const costs = { ...ADCF_COSTS_ASVSPOOF5, ...change } as ADcfCostModel
      expect(() => computeADcf({ target: [1], nontarget: [0], spoof: [0] }, costs))
        .to.throw()
        .with.property('code', 'METRICS_INVALID')
    })
  }
})
