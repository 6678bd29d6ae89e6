import { expect } from 'chai'
import {
  asvOperatingPoint,
  computeActDcf,
  computeADcf,
  computeCllr,
  computeEer,
  computeEerTieProper,
  computeMinDcf,
  computeTdcf,
  detCurve,
  LA2019_EVAL_OPERATING_POINT,
  summarizeScores,
  type ScoredTrial,
  type Scores,
  ArgumentTypeError,
} from '../../lib/metrics'

const metrics: Record<string, (bonafide: Scores, spoof: Scores) => unknown> = {
  detCurve,
  computeEer,
  computeEerTieProper,
  computeTdcf: (bonafide, spoof) => computeTdcf(bonafide, spoof, LA2019_EVAL_OPERATING_POINT),
  computeMinDcf,
  computeActDcf,
  computeCllr,
  'computeADcf (target, spoof)': (target, spoof) => computeADcf({ target, nontarget: [0], spoof }),
  'computeADcf (non-target)': (target, nontarget) => computeADcf({ target, nontarget, spoof: [0] }),
  'asvOperatingPoint (target, spoof)': (target, spoof) =>
    asvOperatingPoint({ target, nontarget: [0], spoof }),
  'asvOperatingPoint (non-target)': (target, nontarget) =>
    asvOperatingPoint({ target, nontarget, spoof: [0] }),
}

const wrong: Record<string, [Scores, Scores]> = {
  'no bona fide score': [[], [0]],
  'no spoof score': [[1], new Float32Array()],
  'NaN among the bona fide scores': [[1, NaN], [0]],
  'NaN among the spoof scores': [[1], Float32Array.of(0, NaN)],
  'an infinite bona fide score': [[Infinity], [0]],
  'an infinite spoof score': [[1], Float64Array.of(-Infinity)],
}

describe('metrics refuse scores they cannot rank', () => {
  for (const [name, compute] of Object.entries(metrics)) {
    for (const [what, [bonafide, spoof]] of Object.entries(wrong)) {
      it(`${name}: ${what} is METRICS_INVALID`, () => {
        expect(() => compute(bonafide, spoof))
          .to.throw()
          .with.property('code', 'METRICS_INVALID')
      })
    }
  }

  it('names the class and the place of the score', () => {
    expect(() => computeEer([1, 2, NaN], [0]))
      .to.throw(/bona fide score 2 is NaN/)
      .with.property('detail')
      .that.deep.equals({ className: 'bona fide', index: 2, found: 'NaN' })
  })

  for (const scores of [undefined, null, 5, 'scores', {}]) {
    it(`refuses ${JSON.stringify(scores)} in place of scores`, () => {
      expect(() => computeEer(scores as Scores, [0]))
        .to.throw(TypeError)
        .with.property('code', 'INVALID_ARGUMENT')
    })
  }

  it('refuses numbers written as text', () => {
    expect(() => computeEer(['1'] as unknown as Scores, [0]))
      .to.throw()
      .with.property('code', 'METRICS_INVALID')
  })

  it('summarizeScores refuses a trial that is neither bona fide nor spoof', () => {
    const trials = [
      { key: 'bonafide', score: 1 },
      { key: 'genuine', score: 1 },
    ] as unknown as ScoredTrial[]
    expect(() => summarizeScores({ trials }))
      .to.throw(/"genuine"/)
      .with.property('code', 'METRICS_INVALID')
  })

  it('summarizeScores refuses NaN instead of leaving the trial out', () => {
    const trials = [
      { key: 'bonafide', score: 1 },
      { key: 'spoof', attack: 'A07', score: NaN },
    ] as const
    expect(() => summarizeScores({ trials }))
      .to.throw()
      .with.property('code', 'METRICS_INVALID')
  })
})

describe('metrics called from JavaScript with something else than they take', () => {
  const mistakes: Readonly<Record<string, () => unknown>> = {
    'the t-DCF without an operating point': () => computeTdcf([1], [0], undefined as never),
    'the a-DCF of arrays': () => computeADcf([1] as never),
    'an operating point of nothing': () => asvOperatingPoint(undefined as never),
    'a summary of nothing': () => summarizeScores(undefined as never),
    'a summary of an array': () => summarizeScores([] as never),
  }
  for (const [mistake, call] of Object.entries(mistakes)) {
    it(`say what they take: ${mistake}`, () => {
      expect(call)
        .to.throw(ArgumentTypeError, /takes \{ /)
        .with.property('code', 'INVALID_ARGUMENT')
    })
  }

  it('refuse strings and big integers that print like numbers', () => {
    for (const score of ['1', 1n]) {
      expect(() => computeEer([score as never], [0]))
        .to.throw(/is a (string|bigint), 1; expected a finite number/)
        .with.property('code', 'METRICS_INVALID')
    }
  })
})
