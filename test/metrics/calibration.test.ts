import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import {
  computeCllr,
  computeMinCllr,
  fitCalibration,
  logLikelihoodRatio,
  spoofProbability,
  type CalibrationMethod,
} from '../../lib/metrics'
import { readScoreFile } from '../../lib/dataset'
import { referenceData } from '../support/environment'
import { publishedSystems } from './figures'

/** See calibration-golden.py. */
interface Golden {
  readonly logistic: { readonly slope: number; readonly offset: number; readonly cllr: number }
  readonly pav: { readonly scores: number[]; readonly ratios: number[]; readonly cllr: number }
  readonly minCllr: number
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(__dirname, name), 'utf8'))
const golden = read('calibration-golden.json') as Record<string, Golden>

interface Classes {
  readonly bonafide: readonly number[]
  readonly spoof: readonly number[]
}

function expectGolden({ bonafide, spoof }: Classes, expected: Golden): void {
  const cllrBy = (method: CalibrationMethod): number => {
    const calibration = fitCalibration(bonafide, spoof, method)
    const ratios = (scores: readonly number[]): number[] =>
      scores.map(score => logLikelihoodRatio(calibration, score))
    return computeCllr(ratios(bonafide), ratios(spoof))
  }
  const line = fitCalibration(bonafide, spoof)
  expect(line.method).to.equal('logistic')
  if (line.method === 'logistic') {
    expect(line.slope).to.be.closeTo(expected.logistic.slope, 1e-7)
    expect(line.offset).to.be.closeTo(expected.logistic.offset, 1e-7)
  }
  expect(cllrBy('logistic')).to.be.closeTo(expected.logistic.cllr, 1e-12)
  const steps = fitCalibration(bonafide, spoof, 'pav')
  expected.pav.scores.forEach((score, index) => {
    expect(logLikelihoodRatio(steps, score), `at ${score}`).to.be.closeTo(expected.pav.ratios[index]!, 1e-9)
  })
  expect(cllrBy('pav')).to.be.closeTo(expected.pav.cllr, 1e-12)
  expect(computeMinCllr(bonafide, spoof)).to.be.closeTo(expected.minCllr, 1e-12)
}

describe('calibration against scikit-learn', () => {
  it('gives the same lines and steps on scores full of ties', () => {
    const { bonafide, attacks } = read('ties-golden.json') as {
      bonafide: number[]
      attacks: Record<string, number[]>
    }
    expectGolden({ bonafide, spoof: Object.values(attacks).flat() }, golden['ties']!)
  })

  for (const system of publishedSystems) {
    it(`gives the same lines and steps on the 71,237 scores of ${system}`, async function () {
      const { trials } = await readScoreFile(join(referenceData(this), 'cm-scores', `${system}.txt`))
      const of = (wanted: string): number[] =>
        trials.filter(({ key }) => key === wanted).map(({ score }) => score)
      expectGolden({ bonafide: of('bonafide'), spoof: of('spoof') }, golden[system]!)
    })
  }
})

describe('calibration', () => {
  const bonafide = [0.5, 1, 2, 3]
  const spoof = [-3, -2, -1, 0.75]

  it('makes ratios that rise with the score, and say 0 where both classes are as likely', () => {
    // The classes mirror each other around 0.125 − 0.5, so that the line crosses 0 half-way.
    const mirrored = { bonafide: [-1, 2, 3], spoof: [1, -2, -3] }
    const calibration = fitCalibration(mirrored.bonafide, mirrored.spoof)
    expect(logLikelihoodRatio(calibration, 0)).to.be.closeTo(0, 1e-12)
    expect(logLikelihoodRatio(calibration, 1)).to.be.above(0)
  })

  it('is the same whatever share of the trials is spoofed', () => {
    const once = fitCalibration(bonafide, spoof)
    const tenfold = fitCalibration(bonafide, Array.from({ length: 10 }, () => spoof).flat())
    expect(logLikelihoodRatio(tenfold, 0.3)).to.be.closeTo(logLikelihoodRatio(once, 0.3), 1e-9)
  })

  it('is straight between the knots of pav, and level beyond them', () => {
    const knots = [
      [-1, -2],
      [1, 2],
    ] as const
    const at = (score: number): number => logLikelihoodRatio({ method: 'pav', knots }, score)
    expect([-5, -1, 0, 0.5, 1, 5].map(at)).to.deep.equal([-2, -2, 0, 1, 2, 2])
  })

  it('is never certain, not even where pav saw one class alone', () => {
    const calibration = fitCalibration(bonafide, spoof, 'pav')
    for (const score of [-1e9, -3, 0.6, 3, 1e9])
      expect(Math.abs(logLikelihoodRatio(calibration, score))).to.be.below(3)
  })

  it('makes nothing of a score that is no number', () => {
    for (const method of ['logistic', 'pav'] as const) {
      expect(logLikelihoodRatio(fitCalibration(bonafide, spoof, method), NaN)).to.satisfy(Number.isNaN)
    }
  })

  it('says of equal scores that they are equal', () => {
    expect(() => fitCalibration([1, 1], [1, 1])).to.throw(/all scores are the same/)
  })

  it('takes large scores, far from 0, as well as small ones', () => {
    const far = (scores: readonly number[]): number[] => scores.map(score => 1e6 + 1e-3 * score)
    const near = fitCalibration(bonafide, spoof)
    const calibration = fitCalibration(far(bonafide), far(spoof))
    expect(logLikelihoodRatio(calibration, 1e6 + 0.5e-3)).to.be.closeTo(logLikelihoodRatio(near, 0.5), 1e-5)
  })

  const refused: readonly [what: string, fit: () => unknown][] = [
    ['classes that do not overlap, on which no line is best', () => fitCalibration([2, 3], [0, 1])],
    ['classes that only touch', () => fitCalibration([1, 2], [0, 1])],
    ['scores that are all the same', () => fitCalibration([1, 1], [1, 1])],
    [
      'scores whose variance is too large for a number',
      () => fitCalibration([-1e160, 2e160], [-2e160, 1e160]),
    ],
    ['inverted signs', () => fitCalibration(spoof, bonafide)],
    ['inverted signs, without overlap', () => fitCalibration([0, 1], [2, 3])],
    ['inverted signs with pav', () => fitCalibration(spoof, bonafide, 'pav')],
    ['a class without a score', () => fitCalibration([], spoof)],
    ['a score that is NaN', () => fitCalibration([NaN], spoof)],
  ]
  for (const [what, fit] of refused) {
    it(`refuses ${what} with METRICS_INVALID`, () => {
      expect(fit)
        .to.throw()
        .that.satisfies((error: unknown) => errorCode(error) === 'METRICS_INVALID')
    })
  }

  it('refuses another method with INVALID_ARGUMENT', () => {
    expect(() => fitCalibration(bonafide, spoof, 'platt' as CalibrationMethod))
      .to.throw(RangeError)
      .that.has.property('code', 'INVALID_ARGUMENT')
  })
})

describe('the probability of a spoof', () => {
  it('is the prior where the score says nothing, and follows Bayes elsewhere', () => {
    expect(spoofProbability(0, 0.05)).to.be.closeTo(0.05, 1e-15)
    // Odds of 19 to 1 for bona fide before, of 1 to 19 by the clip: even.
    expect(spoofProbability(-Math.log(19), 0.05)).to.be.closeTo(0.5, 1e-12)
    expect(spoofProbability(1000, 0.5)).to.equal(0)
    expect(spoofProbability(-1000, 0.5)).to.equal(1)
  })

  for (const prior of [0, 1, -0.1, 5, NaN, '0.5']) {
    it(`refuses a prior of ${JSON.stringify(prior)} with INVALID_ARGUMENT`, () => {
      expect(() => spoofProbability(0, prior as number))
        .to.throw(RangeError)
        .that.has.property('code', 'INVALID_ARGUMENT')
    })
  }
})
