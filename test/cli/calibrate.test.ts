import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { speechWav, tinyModel } from '../scoring/support'
import { aasist, expectFailure, expectSuccess, scratchFolder, type Ended } from './support'

// In order: s s b s b b s b, at 1 to 8.
const labelled = [3, 5, 6, 8]
  .map(score => `C_${score} - bonafide ${score}\n`)
  .concat([1, 2, 4, 7].map(score => `C_${score} A07 spoof ${score}\n`))
  .join('')

describe('aasist calibrate', () => {
  const folder = scratchFolder()
  const run = (...args: readonly string[]): Promise<Ended> => aasist([...args], { cwd: folder() })
  const calibrate = (...more: readonly string[]): Promise<Ended> => {
    writeFileSync(join(folder(), 'scores.txt'), labelled)
    return run('calibrate', '--scores', 'scores.txt', '--out', 'calibration.json', ...more)
  }

  it('prints the line, Cllr before and after, and every threshold with its errors', async () => {
    const ended = await calibrate('--decide-by', 'miss=0.3')
    expectSuccess(ended)
    expect(ended.stdout).to.match(/^log-likelihood ratio = \d\.\d+ · score - \d\.\d+$/m)
    expect(ended.stdout).to.match(/^Cllr \d\.\d{6} before, \d\.\d{6} after, \d\.\d{6} at best$/m)
    expect(ended.stdout).to.match(/^on 4 bona fide and 4 spoof trials; \* decides$/m)
    expect(ended.stdout).to.match(/^eer +4\.5000 +25\.000 % +25\.000 %$/m)
    expect(ended.stdout).to.match(/^miss=0\.3 \* +4\.5000 +25\.000 % +25\.000 %$/m)
    expect(ended.stderr).to.equal('wrote calibration.json\n')
  })

  it('--json prints what it writes', async () => {
    const ended = await calibrate('--json', '--method', 'pav')
    expectSuccess(ended)
    const written = JSON.parse(readFileSync(join(folder(), 'calibration.json'), 'utf8')) as unknown
    expect(JSON.parse(ended.stdout)).to.deep.equal(written)
    expect(written).to.have.nested.property('scores.method', 'pav')
  })

  it('refuses a rule that is none as a usage error, and scores that cannot be fitted', async () => {
    expectFailure(await calibrate('--decide-by', 'best'), 2, 'INVALID_ARGUMENT')
    writeFileSync(join(folder(), 'apart.txt'), 'C_1 - bonafide 1\nC_0 A07 spoof 0\n')
    const ended = await run('calibrate', '--scores', 'apart.txt', '--out', 'other.json')
    expectFailure(ended, 1, 'METRICS_INVALID')
    expect(readdirSync(folder())).to.not.include('other.json')
  })

  describe('for score', () => {
    const score = (...args: readonly string[]): Promise<Ended> => {
      writeFileSync(join(folder(), 'call.wav'), speechWav())
      return run('score', 'call.wav', '--model', tinyModel.checkpoint, '--device', 'cpu', ...args)
    }

    it('gives --json ratio, probability and expected errors', async () => {
      expectSuccess(await calibrate())
      const ended = await score('--json', '--calibration', 'calibration.json', '--spoof-prior', '0.05')
      expectSuccess(ended)
      const result = JSON.parse(ended.stdout) as Record<string, unknown>
      expect(Object.keys(result)).to.deep.equal([
        ...[
          'file',
          'score',
          'decision',
          'threshold',
          'logLikelihoodRatio',
          'spoofProbability',
          'expectedErrors',
        ],
        ...['durationSeconds', 'device', 'warnings'],
      ])
      expect(result).to.include({ threshold: 4.5 })
      expect(result['spoofProbability']).to.be.within(0, 1)
      expect(result['expectedErrors']).to.deep.equal({
        ...{ rule: 'eer', missRate: 0.25, falseAlarmRate: 0.25, bonafide: 4, spoof: 4 },
      })
    })

    it('prints the probability beside the decision, and once what the threshold is known to do', async () => {
      expectSuccess(await calibrate())
      const flags = ['--calibration', 'calibration.json', '--spoof-prior', '0.05', '--decide-by', 'min-dcf']
      const ended = await score(...flags)
      expectSuccess(ended)
      expect(ended.stdout).to.match(
        /^ *-?\d+\.\d{4} {2}(bonafide|spoof {3}) {2}\d\.\d{5} +2\.00 s {2}call\.wav\n$/,
      )
      expect(ended.stderr).to.match(
        /^note: bona fide from [\d.]+ up \(calibration calibration\.json, min-dcf\)$/m,
      )
      expect(ended.stderr).to.match(/refused [\d.]+ % of 4 bona fide and accepted [\d.]+ % of 4 spoofs$/m)
    })

    it('refuses to make up a probability where there is no calibration', async () => {
      const ended = await score('--spoof-prior', '0.05')
      expectFailure(ended, 2, 'INVALID_ARGUMENT')
      expect(ended.stderr).to.match(/aasist calibrate/)
    })
  })
})
