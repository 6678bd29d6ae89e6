import { expect } from 'chai'
import {
  computeEer,
  computeMinDcf,
  computeTdcf,
  LA2019_EVAL_OPERATING_POINT,
  operatingPoint,
  type OperatingCriterion,
} from '../../lib/metrics'

describe('an operating point', () => {
  // In order: s s b s b b s b, at 1 to 8.
  const bonafide = [3, 5, 6, 8]
  const spoof = [1, 2, 4, 7]
  const at = (criterion: OperatingCriterion) => operatingPoint(bonafide, spoof, criterion)

  it('lies half-way between the highest score refused and the lowest accepted', () => {
    expect(at({ kind: 'eer' })).to.deep.equal({ threshold: 4.5, missRate: 0.25, falseAlarmRate: 0.25 })
  })

  it('refuses as much as a bound on misses allows, and no more', () => {
    expect(at({ kind: 'missRate', atMost: 0 })).to.deep.equal({
      threshold: 2.5,
      missRate: 0,
      falseAlarmRate: 0.5,
    })
    expect(at({ kind: 'missRate', atMost: 0.3 })).to.deep.equal({
      threshold: 4.5,
      missRate: 0.25,
      falseAlarmRate: 0.25,
    })
    expect(at({ kind: 'missRate', atMost: 0.75 })).to.deep.equal({
      threshold: 7.5,
      missRate: 0.75,
      falseAlarmRate: 0,
    })
  })

  it('accepts as much as a bound on false alarms allows, and no more', () => {
    expect(at({ kind: 'falseAlarmRate', atMost: 0 })).to.deep.equal({
      threshold: 7.5,
      missRate: 0.75,
      falseAlarmRate: 0,
    })
    expect(at({ kind: 'falseAlarmRate', atMost: 0.25 })).to.deep.equal({
      threshold: 4.5,
      missRate: 0.25,
      falseAlarmRate: 0.25,
    })
    expect(at({ kind: 'falseAlarmRate', atMost: 1 })).to.include({ missRate: 0, falseAlarmRate: 1 })
  })

  it('is of those that a comparison reaches: equal scores are refused or accepted together', () => {
    const tied = operatingPoint([0, 0, 1], [-1, 0, 0], { kind: 'missRate', atMost: 0.4 })
    expect(tied).to.deep.equal({ threshold: -0.5, missRate: 0, falseAlarmRate: 2 / 3 })
    const strict = operatingPoint([0, 0, 1], [-1, 0, 0], { kind: 'falseAlarmRate', atMost: 0.5 })
    expect(strict).to.deep.equal({ threshold: 0.5, missRate: 2 / 3, falseAlarmRate: 0 })
  })

  it('may refuse everything, a little above all scores', () => {
    const { threshold, missRate } = operatingPoint([0, 1], [2, 3], { kind: 'falseAlarmRate', atMost: 0 })
    expect(threshold).to.be.above(3)
    expect(missRate).to.equal(1)
  })

  it('keeps its bound also among scores to which 0.001 adds nothing', () => {
    const huge = operatingPoint([1e14, 2e14], [1e14, 3e14], { kind: 'falseAlarmRate', atMost: 0 })
    expect(huge).to.include({ missRate: 1, falseAlarmRate: 0 })
    const tiny = operatingPoint([1e14, 2e14], [1.5e14, 3e14], { kind: 'missRate', atMost: 0 })
    expect(tiny).to.include({ missRate: 0, falseAlarmRate: 1 })
  })

  it('separates neighbours that have no double between them', () => {
    const next = 1 + Number.EPSILON
    const point = operatingPoint([next], [1], { kind: 'eer' })
    expect(point).to.deep.equal({ threshold: next, missRate: 0, falseAlarmRate: 0 })
  })

  // Deterministic, overlapping, without ties.
  const many = (shift: number): number[] =>
    Array.from({ length: 500 }, (_, index) => shift + 3 * Math.sin(index * 12.9898) + index * 1e-6)
  const [better, worse] = [many(1.5), many(-1.5)]

  it('has the rates that computeEer, computeMinDcf and computeTdcf tell the cost of', () => {
    const eer = operatingPoint(better, worse, { kind: 'eer' })
    expect((eer.missRate + eer.falseAlarmRate) / 2).to.be.closeTo(computeEer(better, worse).eer, 1e-12)
    const dcf = operatingPoint(better, worse, { kind: 'minDcf' })
    // ASVspoof 5: priors 0.95 and 0.05, costs 1 and 10, so that false alarms weigh 0.5.
    const cost = (0.95 * dcf.missRate + 0.5 * dcf.falseAlarmRate) / 0.5
    expect(cost).to.be.closeTo(computeMinDcf(better, worse).minDcf, 1e-12)
    const asv = LA2019_EVAL_OPERATING_POINT
    const tandem = operatingPoint(better, worse, { kind: 'minTdcf', asv })
    const { c1, c2, norm, minTdcf } = computeTdcf(better, worse, asv)
    expect((c1 * tandem.missRate + c2 * tandem.falseAlarmRate) / norm).to.be.closeTo(minTdcf, 1e-12)
  })

  const refused: readonly [what: string, criterion: unknown][] = [
    ['a bound above 1', { kind: 'missRate', atMost: 5 }],
    ['a bound below 0', { kind: 'falseAlarmRate', atMost: -0.1 }],
    ['no bound', { kind: 'missRate' }],
    ['another kind', { kind: 'fpr' }],
    ['nothing', null],
    ['no criterion', undefined],
  ]
  for (const [what, criterion] of refused) {
    it(`refuses ${what} with INVALID_ARGUMENT`, () => {
      expect(() => at(criterion as OperatingCriterion))
        .to.throw()
        .that.has.property('code', 'INVALID_ARGUMENT')
    })
  }
})
