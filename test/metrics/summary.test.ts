import { expect } from 'chai'
import {
  computeCllr,
  computeEer,
  computeMinDcf,
  LA2019_EVAL_OPERATING_POINT,
  summarizeScores,
  type ScoredTrial,
  type ScoresToSummarize,
} from '../../lib/metrics'
import { figureNames } from './figures'

const asv = { operatingPoint: LA2019_EVAL_OPERATING_POINT, source: 'preset la2019-eval' }

const bonafide = (...scores: (number | undefined)[]): ScoredTrial[] =>
  scores.map(score => ({ key: 'bonafide', score }))
const spoof = (attack: string | undefined, ...scores: (number | undefined)[]): ScoredTrial[] =>
  scores.map(score => ({ key: 'spoof', attack, score }))

describe('summarizeScores', () => {
  it('fills every value when both classes and an ASV operating point are there', () => {
    const summary = summarizeScores({
      trials: [...spoof('A08', -1, 2), ...bonafide(3, 4, 1), ...spoof('A07', -2, -3)],
      asv,
    })
    expect(summary).to.include({ bonafide: 3, spoof: 4, missing: 0 })
    // Rejecting −3, −2, −1 and 1: miss 1/3, false alarm 1/4.
    expect(summary.eer).to.be.closeTo((1 / 3 + 1 / 4) / 2, 1e-15)
    expect(summary.eerThreshold).to.equal(1)
    expect(summary.eerTieProper).to.equal(summary.eer)
    expect(summary.minTdcf).to.be.closeTo(1 / 4, 1e-15)
    expect(summary.minTdcfThreshold).to.equal(-1)
    for (const name of ['minTdcfV2', 'minDcf', 'actDcf', 'cllr'] as const)
      expect(summary[name]).to.be.a('number')
    expect(Object.keys(summary.perAttack)).to.deep.equal(['A07', 'A08'])
    expect(summary.perAttack['A07']).to.deep.equal({ eer: 0, minTdcf: 0 })
    expect(summary.perAttack['A08']!.eer).to.be.closeTo((1 / 3 + 1 / 2) / 2, 1e-15)
    expect(summary.asv).to.include({ source: 'preset la2019-eval', threshold: -5.680051 })
    expect(summary.unavailable).to.deep.equal({})
    expect(summary.warnings).to.deep.equal([])
  })

  it('leaves only the t-DCF null without an ASV operating point, and says why', () => {
    const summary = summarizeScores({ trials: [...bonafide(3, 4), ...spoof('A07', 1)] })
    expect(summary).to.include({ eer: 0, minTdcf: null, minTdcfThreshold: null, minTdcfV2: null, asv: null })
    expect(summary.minDcf).to.equal(0)
    expect(summary.perAttack).to.deep.equal({ A07: { eer: 0, minTdcf: null } })
    expect(summary.unavailable).to.have.all.keys('minTdcf', 'minTdcfV2')
    expect(summary.warnings.join()).to.match(/t-DCF cannot be computed: no ASV/)
  })

  it('leaves only the t-DCF null when the ASV operating point allows none', () => {
    const useless = { operatingPoint: { ...LA2019_EVAL_OPERATING_POINT, pMissSpoof: 1 }, source: 'a.txt' }
    const summary = summarizeScores({ trials: [...bonafide(3, 4), ...spoof('A07', 1)], asv: useless })
    expect(summary).to.include({ eer: 0, minTdcf: null, minTdcfV2: null })
    expect(summary.asv).to.include({ source: 'a.txt', pMissSpoof: 1, c1: null, c2: null, c0V2: null })
    expect(summary.warnings.join()).to.match(/cannot be normalised/)
  })

  const incomplete: [string, ScoredTrial[], RegExp, { bonafide: number; spoof: number; missing: number }][] =
    [
      [
        'no bona fide trial',
        [...bonafide(undefined), ...spoof('A07', 1)],
        /no bona fide/,
        { bonafide: 0, spoof: 1, missing: 1 },
      ],
      [
        'no spoof trial',
        [...bonafide(1), ...spoof('A07', undefined)],
        /no spoof/,
        { bonafide: 1, spoof: 0, missing: 1 },
      ],
      [
        'no trial at all',
        [...bonafide(undefined), ...spoof('A07', undefined)],
        /no trial/,
        { bonafide: 0, spoof: 0, missing: 2 },
      ],
    ]
  for (const [which, trials, reason, counts] of incomplete) {
    it(`gives null for every value, with the reason, when ${which} has a score`, () => {
      const summary = summarizeScores({ trials, asv })
      for (const name of figureNames) {
        expect(summary[name], name).to.equal(null)
      }
      expect(summary).to.include(counts)
      expect(summary.perAttack).to.deep.equal({ A07: { eer: null, minTdcf: null } })
      expect(summary.unavailable['eer']).to.match(reason)
      expect(summary.unavailable['minTdcf']).to.match(reason)
      expect(summary.unavailable).to.have.property('perAttack.A07')
      expect(summary.warnings.join()).to.match(reason)
    })
  }

  it('gives null for an attack without scores, and values for the others', () => {
    const summary = summarizeScores({
      trials: [...bonafide(3), ...spoof('A07', 1), ...spoof('A08', undefined)],
      asv,
    })
    expect(summary.perAttack).to.deep.equal({
      A07: { eer: 0, minTdcf: 0 },
      A08: { eer: null, minTdcf: null },
    })
    expect(summary.unavailable).to.have.property('perAttack.A08')
    expect(summary.warnings.join())
      .to.match(/attack A08/)
      .and.to.match(/1 of 3 trials have no score/)
  })

  it('counts spoof trials that name no attack in the totals only', () => {
    const summary = summarizeScores({
      trials: [...bonafide(3), ...spoof('A07', 1), ...spoof(undefined, 5)],
      asv,
    })
    expect(summary.spoof).to.equal(2)
    expect(summary.perAttack).to.deep.equal({ A07: { eer: 0, minTdcf: 0 } })
    expect(summary.warnings.join()).to.match(/1 spoof trials name no attack/)
    expect(summary.eer).to.equal(computeEer([3], [1, 5]).eer)
    expect(summary.minDcf).to.equal(computeMinDcf([3], [1, 5]).minDcf)
    expect(summary.cllr).to.be.closeTo(computeCllr([3], [1, 5]), 1e-15)
  })

  it('asks about the sign when the EER is above one half', () => {
    const summary = summarizeScores({ trials: [...bonafide(1, 2), ...spoof('A07', 3, 4)], asv })
    expect(summary.eer).to.equal(1)
    expect(summary.warnings.join()).to.match(/sign/)
    // The official EER of equal scores is 1 as well, whatever their sign.
    const equal = summarizeScores({ trials: [...bonafide(1, 1), ...spoof('A07', 1, 1)], asv })
    expect(equal).to.include({ eer: 1, eerTieProper: 0.5 })
    expect(equal.warnings.join()).not.to.match(/sign/)
  })

  it('warns of decisions given as scores', () => {
    const summary = summarizeScores({ trials: [...bonafide(1, 1, 0), ...spoof('A07', 0, 0, 1)], asv })
    expect(summary.warnings.join()).to.match(/decisions/)
    for (const between of [bonafide(0.5), spoof('A07', 0.5)]) {
      const trials = [...bonafide(1, 1, 0), ...spoof('A07', 0, 0, 1), ...between]
      expect(summarizeScores({ trials, asv }).warnings).to.deep.equal([])
    }
  })

  it('takes any name for an attack', () => {
    const summary = summarizeScores({ trials: [...bonafide(3), ...spoof('__proto__', 1)], asv })
    expect(JSON.parse(JSON.stringify(summary.perAttack)) as object).to.have.own.property('__proto__')
  })

  it('goes once through trials of any kind', () => {
    const list = [...bonafide(3, 4, 1), ...spoof('A07', -2, 2), ...spoof(undefined, 0)]
    const once = (function* () {
      yield* list
    })()
    expect(summarizeScores({ trials: once, asv })).to.deep.equal(summarizeScores({ trials: list, asv }))
    expect(once.next().done).to.equal(true)
  })

  it('takes scores by class as well', () => {
    const trials = [...bonafide(3, 4, 1), ...spoof('A08', 0), ...spoof('A07', -2, 2)]
    const scores = {
      bonafide: Float32Array.of(3, 4, 1),
      attacks: { A08: [0], A07: Float64Array.of(-2, 2) },
    }
    expect(summarizeScores({ scores, asv })).to.deep.equal(summarizeScores({ trials, asv }))
    const none = summarizeScores({ scores: { bonafide: [], attacks: { A07: [] } }, asv })
    expect(none).to.include({ eer: null, bonafide: 0, spoof: 0 })
    expect(none.perAttack).to.deep.equal({ A07: { eer: null, minTdcf: null } })
  })

  it('refuses input that is neither trials nor scores', () => {
    for (const input of [
      {},
      { trials: 5 },
      { trials: null },
      { scores: 5 },
      { scores: null },
      { scores: {} },
    ]) {
      expect(() => summarizeScores(input as unknown as ScoresToSummarize), JSON.stringify(input))
        .to.throw(TypeError)
        .with.property('code', 'INVALID_ARGUMENT')
    }
  })

  it('survives JSON unchanged', () => {
    const summary = summarizeScores({ trials: [...bonafide(3, 0.5), ...spoof('A07', 1)] })
    expect(JSON.parse(JSON.stringify(summary))).to.deep.equal(summary)
  })
})
