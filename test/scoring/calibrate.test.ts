import { createHash } from 'node:crypto'
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import { computeCllr, computeMinCllr, fitCalibration, operatingPoint } from '../../lib/metrics'
import {
  calibrate,
  Detector,
  type CalibrateOptions,
  type Calibration,
  type DetectorOptions,
} from '../../lib/scoring'
import { scratchFolder } from '../support/scratch-folder'
import { failureOf, speechIntegers, tinyOptions } from './support'

// In order: s s b s b b s b, at 1 to 8.
const bonafide = [3, 5, 6, 8]
const spoof = [1, 2, 4, 7]
const line = (name: string, key: string, score: number): string =>
  `${name}_${score} ${key === 'bonafide' ? '-' : 'A07'} ${key} ${score}\n`
const labelled = (name = 'CALL'): string =>
  [
    ...bonafide.map(score => line(name, 'bonafide', score)),
    ...spoof.map(score => line(name, 'spoof', score)),
  ].join('')

describe('calibrate', () => {
  const folder = scratchFolder()
  const path = (name: string): string => join(folder(), name)
  const write = (name: string, text: string): string => {
    writeFileSync(path(name), text)
    return path(name)
  }

  it('fits the scores of a labelled file, and says how much better they are for it', async () => {
    const scores = write('scores.txt', labelled())
    const calibration = await calibrate({ scores })
    const line = fitCalibration(bonafide, spoof)
    expect(calibration).to.deep.include({
      format: 'aasist-calibration',
      version: 1,
      scores: line,
      decideBy: 'eer',
    })
    const { before, after, min } = calibration.cllr
    expect(before).to.equal(computeCllr(bonafide, spoof))
    expect(min).to.equal(computeMinCllr(bonafide, spoof))
    expect(after).to.be.within(min, before)
    expect(calibration.operatingPoints).to.deep.equal({
      eer: operatingPoint(bonafide, spoof, { kind: 'eer' }),
      'min-dcf': operatingPoint(bonafide, spoof, { kind: 'minDcf' }),
    })
    expect(calibration.fittedOn).to.deep.equal({
      path: scores,
      sha256: createHash('sha256').update(labelled()).digest('hex'),
      bonafide: 4,
      spoof: 4,
      asv: null,
      model: null,
    })
  })

  it('takes the keys from a protocol, and leaves out trials without a score', async () => {
    const rows = labelled().trimEnd().split('\n')
    const scores = write('scores.txt', rows.map(row => row.replace(/ .* /, ' ')).join('\n'))
    const protocol = write(
      'protocol.txt',
      [...rows, 'CALL_9 - bonafide 9']
        .map(row => row.replace(/(\S+) (\S+) (\S+) \S+/, 'P1 $1 - $2 $3'))
        .join('\n'),
    )
    const calibration = await calibrate({ scores, protocol })
    expect(calibration.fittedOn).to.include({ bonafide: 4, spoof: 4 })
    expect(calibration.scores).to.deep.equal(fitCalibration(bonafide, spoof))
  })

  it('decides by a bound on errors where asked to, under one name for one bound', async () => {
    const scores = write('scores.txt', labelled())
    const { decideBy, operatingPoints } = await calibrate({ scores, decideBy: 'miss=0.30' })
    expect(decideBy).to.equal('miss=0.3')
    expect(operatingPoints['miss=0.3']).to.deep.equal({
      threshold: 4.5,
      missRate: 0.25,
      falseAlarmRate: 0.25,
    })
  })

  it('knows the lowest t-DCF where a speaker verification system is named', async () => {
    const scores = write('scores.txt', labelled())
    const calibration = await calibrate({ scores, asvPreset: 'la2019-eval', decideBy: 'min-tdcf' })
    expect(calibration.operatingPoints).to.have.all.keys('eer', 'min-dcf', 'min-tdcf')
    expect(calibration.fittedOn.asv).to.match(/la2019-eval/)
  })

  it('writes the file that a detector loads', async () => {
    const out = path('calibration.json')
    const calibration = await calibrate({ scores: write('scores.txt', labelled()), method: 'pav', out })
    expect(JSON.parse(readFileSync(out, 'utf8'))).to.deep.equal(calibration)
    expect(calibration.scores.method).to.equal('pav')
  })

  const mistakes: readonly [
    what: string,
    code: string,
    options: Partial<Record<keyof CalibrateOptions, unknown>>,
  ][] = [
    ['no scores', 'INVALID_ARGUMENT', { scores: undefined }],
    ['an unknown option', 'UNKNOWN_OPTION', { score: 'scores.txt' } as object],
    ['another method', 'INVALID_ARGUMENT', { method: 'platt' }],
    ['another rule', 'INVALID_ARGUMENT', { decideBy: 'best' }],
    ['a rule in capitals', 'INVALID_ARGUMENT', { decideBy: 'MISS=0.1' }],
    ['a bound in percent', 'INVALID_ARGUMENT', { decideBy: 'miss=5' }],
    ['the lowest t-DCF without a verification system', 'INVALID_ARGUMENT', { decideBy: 'min-tdcf' }],
    ['an output that is no path', 'INVALID_ARGUMENT', { out: 3 }],
  ]
  for (const [what, code, options] of mistakes) {
    it(`refuses ${what} with ${code}`, async () => {
      const scores = write('scores.txt', labelled())
      const error = await failureOf(calibrate({ scores, ...options } as CalibrateOptions))
      expect(errorCode(error)).to.equal(code)
    })
  }

  it('does not write over what it reads, under whatever name', async () => {
    const scores = write('scores.txt', labelled())
    symlinkSync(scores, path('link.json'))
    for (const out of [scores, path('link.json')]) {
      expect(errorCode(await failureOf(calibrate({ scores, out })))).to.equal('INVALID_ARGUMENT')
    }
    expect(readFileSync(scores, 'utf8')).to.equal(labelled())
  })

  it('refuses scores on which no line is best with METRICS_INVALID, and writes nothing', async () => {
    const text = [line('CALL', 'bonafide', 2), line('CALL', 'spoof', 1)].join('')
    const out = path('calibration.json')
    const error = await failureOf(calibrate({ scores: write('scores.txt', text), out }))
    expect(errorCode(error)).to.equal('METRICS_INVALID')
    expect(existsSync(out)).to.equal(false)
  })

  it('gives up when its signal says so', async () => {
    const signal = AbortSignal.abort()
    expect(await failureOf(calibrate({ scores: write('scores.txt', labelled()), signal }))).to.equal(
      signal.reason,
    )
  })
})

describe('a detector with a calibration', () => {
  const folder = scratchFolder()
  const clip = { samples: Float32Array.from(speechIntegers(), value => value / 32768), sampleRateHz: 16_000 }
  let calibration: Calibration
  before(async () => {
    const scores = join(folder(), 'scores.txt')
    writeFileSync(scores, labelled())
    calibration = await calibrate({ scores, decideBy: 'false-alarm=0' })
  })
  const scoreWith = async (options: DetectorOptions) => {
    await using detector = await Detector.load(tinyOptions(options))
    return await detector.score(clip)
  }

  it('gives the log-likelihood ratio, and a decision with the errors it is known to make', async () => {
    const result = await scoreWith({ calibration })
    if (calibration.scores.method !== 'logistic') throw new Error('expected a line')
    const { slope, offset } = calibration.scores
    expect(result.logLikelihoodRatio).to.be.closeTo(slope * result.score + offset, 1e-12)
    expect(result).to.include({ threshold: 7.5, spoofProbability: null })
    expect(result.decision).to.equal(result.score >= 7.5 ? 'bonafide' : 'spoof')
    expect(result.thresholdSource).to.match(/false-alarm=0/)
    expect(result.expectedErrors).to.deep.equal({
      rule: 'false-alarm=0',
      missRate: 0.75,
      falseAlarmRate: 0,
      bonafide: 4,
      spoof: 4,
    })
  })

  it('gives the probability of a spoof at the prior that is stated', async () => {
    const { logLikelihoodRatio: ratio, spoofProbability } = await scoreWith({ calibration, spoofPrior: 0.05 })
    // Bayes by hand: odds after = odds before · likelihood ratio.
    const odds = (0.95 / 0.05) * Math.exp(ratio!)
    expect(spoofProbability).to.be.closeTo(1 / (1 + odds), 1e-12)
  })

  it('is read from a file, and decides by another of its thresholds where asked to', async () => {
    const path = join(folder(), 'calibration.json')
    writeFileSync(path, JSON.stringify(calibration))
    const result = await scoreWith({ calibration: path, decideBy: 'eer' })
    expect(result.threshold).to.equal(4.5)
    expect(result.expectedErrors).to.deep.include({ rule: 'eer', missRate: 0.25, falseAlarmRate: 0.25 })
    expect(result.thresholdSource).to.equal(`calibration ${path}, eer`)
  })

  it('knows no errors of a threshold that somebody else chose', async () => {
    const result = await scoreWith({ calibration, threshold: 0.5 })
    expect(result).to.include({ threshold: 0.5, thresholdSource: 'option', expectedErrors: null })
    expect(result.logLikelihoodRatio).to.be.a('number')
  })

  it('without one gives neither ratio nor probability nor errors', async () => {
    expect(await scoreWith({ threshold: 0.5 })).to.include({
      logLikelihoodRatio: null,
      spoofProbability: null,
      expectedErrors: null,
    })
  })

  it('made from the results of an evaluation knows its model, and warns of another one', async () => {
    const scores = join(folder(), 'eval_scores.txt')
    writeFileSync(scores, labelled())
    const metrics = (model: unknown): void =>
      writeFileSync(join(folder(), 'metrics.json'), JSON.stringify({ provenance: { model } }))
    const { provenance } = await Detector.load(tinyOptions()).then(async detector => {
      await detector.release()
      return detector
    })
    const codes = async (made: Calibration): Promise<readonly string[]> =>
      (await scoreWith({ calibration: made })).warnings.map(({ code }) => code)
    metrics(provenance)
    const own = await calibrate({ scores })
    expect(own.fittedOn.model).to.deep.equal({ path: provenance.path, sha256: provenance.sha256 })
    expect(await codes(own)).to.deep.equal([])
    metrics({ path: 'other.pth', sha256: '00' })
    const other = await calibrate({ scores })
    expect(await codes(other)).to.deep.equal(['CALIBRATION_OTHER_MODEL'])
    for (const unclear of [undefined, null, 3, { sha256: 7 }]) {
      metrics(unclear)
      expect((await calibrate({ scores })).fittedOn.model).to.equal(null)
    }
    writeFileSync(join(folder(), 'metrics.json'), 'null')
    expect((await calibrate({ scores })).fittedOn.model).to.equal(null)
  })

  const refusals: readonly [what: string, code: string, options: () => unknown][] = [
    ['a prior without a calibration', 'INVALID_ARGUMENT', () => ({ spoofPrior: 0.05 })],
    ['a rule without a calibration', 'INVALID_ARGUMENT', () => ({ decideBy: 'eer' })],
    ['a prior in percent', 'INVALID_ARGUMENT', () => ({ calibration, spoofPrior: 5 })],
    ['a rule beside a threshold', 'INVALID_ARGUMENT', () => ({ calibration, decideBy: 'eer', threshold: 1 })],
    [
      'a rule the file has no threshold for',
      'CALIBRATION_INVALID',
      () => ({ calibration, decideBy: 'miss=0.5' }),
    ],
    ['a file that is not there', 'CALIBRATION_INVALID', () => ({ calibration: join(folder(), 'none.json') })],
    ['a folder', 'CALIBRATION_INVALID', () => ({ calibration: folder() })],
    ['something else', 'CALIBRATION_INVALID', () => ({ calibration: 3 })],
  ]
  for (const [what, code, options] of refusals) {
    it(`refuses ${what} with ${code}, before any model is loaded`, async () => {
      const model = join(folder(), 'no-such-model.pth')
      const error = await failureOf(Detector.load({ ...(options() as DetectorOptions), model }))
      expect(errorCode(error)).to.equal(code)
    })
  }

  const faults: readonly [what: string, change: (file: Record<string, unknown>) => unknown][] = [
    ['no JSON', () => '{'],
    ['null', () => null],
    ['an array', () => []],
    ['another format', file => ({ ...file, format: 'model-card' })],
    ['a later version', file => ({ ...file, version: 2 })],
    ['a slope of 0', file => ({ ...file, scores: { method: 'logistic', slope: 0, offset: 1 } })],
    ['another method', file => ({ ...file, scores: { method: 'constructor' } })],
    [
      'knots that fall',
      file => ({
        ...file,
        scores: {
          method: 'pav',
          knots: [
            [0, 1],
            [1, 0],
          ],
        },
      }),
    ],
    [
      'knots that are none',
      file => ({
        ...file,
        scores: {
          method: 'pav',
          knots: [
            [0, null],
            [1, 0],
          ],
        },
      }),
    ],
    ['one knot', file => ({ ...file, scores: { method: 'pav', knots: [[0, 1]] } })],
    ['a Cllr that is text', file => ({ ...file, cllr: { before: '1', after: 1, min: 1 } })],
    [
      'an operating point by no rule',
      file => ({ ...file, operatingPoints: { __proto__: null, 'miss=9': {} } }),
    ],
    [
      'a rate above 1',
      file => ({ ...file, operatingPoints: { eer: { threshold: 0, missRate: 2, falseAlarmRate: 0 } } }),
    ],
    ['a rule it has no threshold for', file => ({ ...file, decideBy: 'min-tdcf' })],
    ['a rule by the name of a method', file => ({ ...file, decideBy: 'toString' })],
    [
      'a model without a digest',
      file => ({ ...file, fittedOn: { ...(file['fittedOn'] as object), model: {} } }),
    ],
    ['no account of its trials', file => ({ ...file, fittedOn: { bonafide: 4 } })],
  ]
  for (const [what, change] of faults) {
    it(`refuses a file with ${what} with CALIBRATION_INVALID, by its name`, async () => {
      const path = join(folder(), 'bad.json')
      const changed = change({ ...calibration })
      writeFileSync(path, typeof changed === 'string' ? changed : JSON.stringify(changed))
      const error = await failureOf(Detector.load(tinyOptions({ calibration: path })))
      expect(errorCode(error)).to.equal('CALIBRATION_INVALID')
      expect((error as Error).message).to.include(path)
    })
  }
})
