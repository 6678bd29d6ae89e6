import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  findAsvScores,
  formatScoreLine,
  readAsvScores,
  readProtocol,
  readScoreFile,
  writeScoreFile,
  type TrialScore,
} from '../../lib/dataset'
import { DatasetError, errorCode } from '../../lib/errors'
import { referenceData } from '../support/environment'
import { scratchFolder } from '../support/scratch-folder'
import { badScoreFiles } from './bad-score-files'

/** What the protocol beside a bad file lists. */
const fourTrials = 'S1 u1 - - bonafide\nS2 u2 - A07 spoof\nS2 u3 - A08 spoof\nS1 u4 - - bonafide\n'

const bonafide = (score: number): TrialScore => ({
  utterance: 'u1',
  attack: undefined,
  key: 'bonafide',
  score,
})

describe('countermeasure score files', () => {
  const folder = scratchFolder()
  const write = (text: string | Uint8Array): string => {
    const path = join(folder(), 'scores.txt')
    writeFileSync(path, text)
    return path
  }

  it('has lines of utterance, source, key and score, with - as the source of bona fide speech', () => {
    expect(formatScoreLine(bonafide(2.5))).to.equal('u1 - bonafide 2.5')
    expect(formatScoreLine({ utterance: 'u2', attack: 'A07', key: 'spoof', score: -1 })).to.equal(
      'u2 A07 spoof -1',
    )
  })

  it('writes the shortest decimal of the double that holds a float32 score', () => {
    // As Python writes these two in the published score file of AASIST.
    expect(formatScoreLine(bonafide(Math.fround(-6.774571)))).to.equal('u1 - bonafide -6.774570941925049')
    expect(formatScoreLine(bonafide(Math.fround(-2.8172352)))).to.equal('u1 - bonafide -2.817235231399536')
  })

  it('has no line for a score that is not a finite number', () => {
    for (const score of [NaN, Infinity, -Infinity]) {
      expect(() => formatScoreLine(bonafide(score)))
        .to.throw()
        .with.property('code', 'SCORES_INVALID')
    }
  })

  it('gives back every score that was written, to the last bit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 20 }),
        async values => {
          const scores = values.map((score, index) => ({ ...bonafide(score), utterance: `u${index}` }))
          const path = join(folder(), 'round-trip.txt')
          await writeScoreFile(path, scores)
          expect((await readScoreFile(path)).trials).to.deep.equal(scores)
        },
      ),
      { numRuns: 30, examples: [[[-0, 1e-7, 1e21, Number.MIN_VALUE, Number.MAX_VALUE]]] },
    )
  })

  it('leaves no file when one of the scores is not finite', async () => {
    const writing = writeScoreFile(join(folder(), 'scores.txt'), [
      bonafide(1),
      { ...bonafide(NaN), utterance: 'u2' },
    ])
    expect(errorCode(await writing.catch((reason: unknown) => reason))).to.equal('SCORES_INVALID')
    expect(readdirSync(folder())).to.deep.equal([])
  })

  for (const { name, content, withProtocol, message } of badScoreFiles) {
    it(`refuses ${name} with SCORES_INVALID`, async () => {
      writeFileSync(join(folder(), 'protocol.txt'), fourTrials)
      const protocol = withProtocol && (await readProtocol(join(folder(), 'protocol.txt')))
      const error: unknown = await readScoreFile(write(content), { protocol }).catch(
        (reason: unknown) => reason,
      )
      expect(error).to.be.instanceOf(DatasetError).with.property('code', 'SCORES_INVALID')
      expect((error as DatasetError).message).to.match(message)
      const line = /scores\.txt:(\d+)/.exec((error as DatasetError).message)?.[1]
      const { path } = (error as DatasetError).detail
      expect((error as DatasetError).detail).to.deep.equal(
        line === undefined ? { path } : { path, line: Number(line) },
      )
    })
  }

  it('refuses options that mean nothing', async () => {
    const error: unknown = await readScoreFile(write('u1 - bonafide 1\n'), { protocoll: 1 } as never).catch(
      (reason: unknown) => reason,
    )
    expect(errorCode(error)).to.equal('UNKNOWN_OPTION')
  })

  it('takes every way of writing a decimal', async () => {
    const texts = ['1', '+1.5', '-.5', '2.', '1e-7', '3.25E+2', '-0']
    const { trials } = await readScoreFile(
      write(texts.map((text, index) => `u${index} - bonafide ${text}\n`).join('')),
    )
    expect(trials.map(({ score }) => score)).to.deep.equal([1, 1.5, -0.5, 2, 1e-7, 325, -0])
  })

  it('reads and writes the published score files without changing a byte', async function () {
    const published = join(referenceData(this), 'cm-scores')
    for (const name of ['AASIST_official.txt', 'RawGAT_ST_mul.txt']) {
      const copy = join(folder(), name)
      const { trials } = await readScoreFile(join(published, name))
      await writeScoreFile(copy, trials)
      expect(readFileSync(copy).equals(readFileSync(join(published, name))), name).to.be.true
    }
  })
})

describe('ASV score files', () => {
  const folder = scratchFolder()
  const write = (text: string): string => {
    const path = join(folder(), 'asv.txt')
    writeFileSync(path, text)
    return path
  }

  it('are split by key, in the order of the file', async () => {
    const text = 'bonafide target 2.5\nA07 spoof 1\nbonafide nontarget -3\r\n\nbonafide target -1e-3\n'
    expect(await readAsvScores(write(text))).to.deep.equal({
      target: Float64Array.of(2.5, -0.001),
      nontarget: Float64Array.of(-3),
      spoof: Float64Array.of(1),
    })
  })

  for (const key of ['target', 'nontarget', 'spoof']) {
    it(`are refused without ${key} scores`, async () => {
      const others = ['target', 'nontarget', 'spoof'].filter(other => other !== key)
      const error: unknown = await readAsvScores(write(others.map(other => `x ${other} 1\n`).join(''))).catch(
        (reason: unknown) => reason,
      )
      expect(errorCode(error)).to.equal('SCORES_INVALID')
      expect(String(error)).to.include(`no ${key} score`)
    })
  }

  it('say where they are wrong', async () => {
    const error: unknown = await readAsvScores(write('x target 1\nx spoof one\n')).catch(
      (reason: unknown) => reason,
    )
    expect(errorCode(error)).to.equal('SCORES_INVALID')
    expect(String(error)).to.match(/asv\.txt:2: the score "one"/)
  })

  it('may be gzip', async () => {
    const text = 'bonafide target 2.5\nA07 spoof 1\nbonafide nontarget -3\n'
    const path = join(folder(), 'asv.txt.gz')
    writeFileSync(path, gzipSync(text))
    expect(await readAsvScores(path)).to.deep.equal(await readAsvScores(write(text)))
  })

  it("of the organisers hold the evaluation's 102,579 trials", async function () {
    const location = await findAsvScores(join(referenceData(this), 'LA'))
    const { target, nontarget, spoof } = await readAsvScores(location!.path)
    // Counts of the ASVspoof 2019 LA evaluation plan.
    expect([target.length, nontarget.length, spoof.length]).to.deep.equal([5_370, 33_327, 63_882])
    expect(target[0]).to.equal(7.98153)
  })
})
