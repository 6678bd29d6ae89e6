import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { writeReport } from '../../lib/report'
import { namesOf } from '../../lib/report/systems'
import { evaluate, metricsOfScoreFile } from '../../lib/scoring'
import { demoLines, expectCode, tinyModel, writeCorpus } from '../scoring/support'
import { scratchFolder } from '../support/scratch-folder'
import { wholeList, writeScores } from './results'

describe('report', () => {
  const folder = scratchFolder()
  const out = (): string => join(folder(), 'report.html')
  const page = (): string => readFileSync(out(), 'utf8')
  const small = { bonafide: 40, attacks: { A07: 30, A19: 30 } }

  async function evaluated(): Promise<string> {
    const data = join(folder(), 'LA')
    const results = join(folder(), 'results')
    const lines = demoLines(8).map((line, index) =>
      index === 2 ? { ...line, audio: Buffer.from('no audio') } : line,
    )
    writeCorpus(data, lines)
    await evaluate({ model: tinyModel.checkpoint, data, out: results, asvPreset: 'la2019-eval' })
    return results
  }

  it('shows the figures of every score file, side by side', async () => {
    const files = [1, 2].map(seed => writeScores(folder(), `system-${seed}.txt`, small, seed))
    await writeReport({ results: files, out: out(), intervals: 'none' })
    for (const scores of files) {
      const { metrics } = await metricsOfScoreFile({ scores })
      expect(page()).to.include(
        `EER ${(100 * metrics.eer!).toFixed(3)} %, min t-DCF ${metrics.minTdcf!.toFixed(4)}`,
      )
    }
    expect(page().match(/role="img"/g)).to.have.length(10)
  })

  it('holds everything and fetches nothing: no script, no address, a policy that forbids both', async () => {
    await writeReport({ results: [writeScores(folder(), 'a.txt', small)], out: out(), intervals: 'none' })
    expect(page()).to.not.match(/<script|<link|<img|<iframe|\bsrc=|https?:|@import|url\((?!#)/)
    expect(page()).to.include(`content="default-src 'none'; style-src 'unsafe-inline';`)
    expect(page()).to.not.match(/NaN|undefined|Infinity|\[object/)
  })

  it('shows names from files as text', async () => {
    const scores = join(folder(), `a<b>'"&.txt`)
    writeFileSync(scores, '<img/onerror=x> - bonafide 2\nx <b>&A07 spoof 1\ny <b>&A07 spoof 3\n')
    await writeReport({ results: [scores], out: out(), intervals: 'none' })
    expect(page()).to.not.match(/<img|<b>/)
    expect(page()).to.include('&lt;b&gt;&amp;A07')
    expect(page()).to.include('a&lt;b&gt;&#39;&quot;&amp;.txt')
  })

  it('names the clips with the worst scores, the worst first', async () => {
    const scores = join(folder(), 'scores.txt')
    writeFileSync(
      scores,
      'good - bonafide 2\nmissed - bonafide -4\ncaught A07 spoof -3\ntaken A07 spoof 5\nnearly A19 spoof 1\n',
    )
    await writeReport({ results: [scores], out: out(), intervals: 'none' })
    const worst = page().slice(page().indexOf('id="worst"'), page().indexOf('id="speed"'))
    const clips = [...worst.matchAll(/<th scope="row">(\w+)</g)].map(([, clip]) => clip)
    expect(clips).to.deep.equal(['missed', 'good', 'taken', 'nearly', 'caught'])
  })

  it('of the results of an evaluation shows intervals, speed, failures and provenance', async () => {
    const results = await evaluated()
    await writeReport({ results: [results], out: out(), intervals: 'bootstrap' })
    const { eer, provenance } = JSON.parse(readFileSync(join(results, 'metrics.json'), 'utf8')) as {
      eer: number
      provenance: {
        clipsPerSecond: number
        protocol: { sha256: string }
        clipMs: Record<'p50' | 'p99', number>
        executeMs: Record<'p50' | 'p99', number>
      }
    }
    for (const { p50, p99 } of [provenance.clipMs, provenance.executeMs]) {
      expect(page()).to.match(
        new RegExp(`median ${p50.toFixed(1)} ms, p95 [\\d.]+ ms, p99 ${p99.toFixed(1)} ms, longest`),
      )
    }
    expect(page()).to.match(
      new RegExp(`>${(100 * eer).toFixed(3)} % \\[\\d+\\.\\d{3} % to \\d+\\.\\d{3} %\\]<`),
    )
    expect(page()).to.include(`${provenance.clipsPerSecond.toFixed(2)} clips a second`)
    expect(page()).to.include(provenance.protocol.sha256)
    expect(page()).to.include('AUDIO_UNSUPPORTED')
    expect(page()).to.include('intervals of 1000 bootstrap replicates')
    expect(page()).to.include('1 of 8 trials have no score')
  })

  it('refuses metrics that are not those of the scores beside them', async () => {
    const results = await evaluated()
    const path = join(results, 'metrics.json')
    const text = readFileSync(path, 'utf8')
    const stored = JSON.parse(text) as { eer: number; asv: object }
    const changed: readonly string[] = [
      JSON.stringify({ ...stored, eer: stored.eer + 0.01 }),
      JSON.stringify({ ...stored, perAttack: {} }),
      JSON.stringify({ ...stored, asv: { ...stored.asv, pMiss: 'x' } }),
      '[]',
      text.slice(0, 100),
    ]
    for (const content of changed) {
      writeFileSync(path, content)
      const writing = writeReport({ results: [results], out: out(), intervals: 'none' })
      await expectCode(writing, 'DATASET_INVALID')
    }
    rmSync(path)
    const error = await expectCode(
      writeReport({ results: [results], out: out(), intervals: 'none' }),
      'DATASET_INVALID',
    )
    expect(error.message).to.include('start aasist eval again')
    expect(readdirSync(folder())).to.not.include('report.html')
  })

  it('replaces an earlier report, and never what it is about', async () => {
    const scores = writeScores(folder(), 'scores.txt', small)
    const before = readFileSync(scores, 'utf8')
    writeFileSync(out(), 'an earlier one')
    await writeReport({ results: [scores], out: out(), intervals: 'none' })
    expect(page()).to.match(/^<!doctype html>/)
    await expectCode(writeReport({ results: [scores], out: scores, intervals: 'none' }), 'INVALID_ARGUMENT')
    expect(readFileSync(scores, 'utf8')).to.equal(before)
  })

  it('says what there is no figure of where one class is missing', async () => {
    const scores = join(folder(), 'scores.txt')
    writeFileSync(scores, 'x A07 spoof 1\ny A07 spoof 3\n')
    await writeReport({ results: [scores], out: out(), intervals: 'bootstrap' })
    expect(page()).to.include('n/a (no bona fide trial has a score)')
    expect(page()).to.include('no error rate or cost can be computed')
    expect(page()).to.not.match(/NaN|undefined|Infinity/)
  })

  it('draws scores that are all equal, and scores that are far apart', async () => {
    const scores = join(folder(), 'scores.txt')
    for (const values of [
      [1, 1, 1],
      [-1e300, 1e300, 1e-300],
    ]) {
      writeFileSync(
        scores,
        `LA_E_1 - bonafide ${values[0]!}\nLA_E_2 A07 spoof ${values[1]!}\nLA_E_3 A07 spoof ${values[2]!}\n`,
      )
      await writeReport({ results: [scores], out: out(), intervals: 'none' })
      expect(page()).to.not.match(/NaN|undefined|Infinity/)
    }
  })

  it('of 71,237 scores stays under 3 MB', async function () {
    this.timeout(60_000)
    await writeReport({
      results: [writeScores(folder(), 'all.txt', wholeList)],
      out: out(),
      intervals: 'none',
    })
    expect(page()).to.include('63882')
    expect(statSync(out()).size).to.be.below(3e6)
  })

  it('takes what is for score files only where there are some', async () => {
    const results = await evaluated()
    const writing = writeReport({
      results: [results],
      out: out(),
      intervals: 'none',
      asvPreset: 'la2019-eval',
    })
    await expectCode(writing, 'INVALID_ARGUMENT')
  })

  it('tells systems apart by name', () => {
    expect(namesOf(['a/scores.txt', 'b/results'])).to.deep.equal(['scores.txt', 'results'])
    expect(namesOf(['a/x', 'b/x', 'c'])).to.deep.equal(['a/x', 'b/x', 'c'])
    expect(namesOf(['a', 'a'])).to.deep.equal(['a', 'a (2)'])
    expect(namesOf(['a', 'a', 'a (2)'])).to.deep.equal(['a', 'a (3)', 'a (2)'])
  })
})
