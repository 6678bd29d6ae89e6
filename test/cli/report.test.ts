import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { demoLines, tinyModel, writeCorpus } from '../scoring/support'
import { writeScores } from '../report/results'
import { aasist, expectFailure, expectSuccess, scratchFolder, type Ended } from './support'

describe('aasist report', () => {
  const folder = scratchFolder()
  const at = (name: string): string => join(folder(), name)
  const run = (...args: readonly string[]): Promise<Ended> => aasist(args, { cwd: folder() })
  const small = { bonafide: 20, attacks: { A07: 20 } }

  it('writes one file about several results, and says so on stderr alone', async () => {
    writeScores(folder(), 'a.txt', small)
    writeScores(folder(), 'b.txt', small, 2)
    const ended = await run('report', 'a.txt', 'b.txt', '--out', 'report.html')
    expectSuccess(ended)
    expect(ended.stdout).to.equal('')
    expect(ended.stderr).to.equal('wrote report.html\n')
    const page = readFileSync(at('report.html'), 'utf8')
    expect(page).to.include('<title>Spoofing detection: a.txt, b.txt</title>')
    expect(page).to.include('intervals of 1000 bootstrap replicates')
  })

  it('takes ASV scores or a preset for score files', async () => {
    writeFileSync(at('a.txt'), 'x - bonafide 2\ny A07 spoof 1\nz A07 spoof 3\n')
    const args = ['report', 'a.txt', '--out', 'report.html', '--intervals', 'none']
    expectSuccess(await run(...args))
    expect(readFileSync(at('report.html'), 'utf8')).to.not.include('preset la2019-eval')
    expectSuccess(await run(...args, '--asv-preset', 'la2019-eval'))
    expect(readFileSync(at('report.html'), 'utf8')).to.include('preset la2019-eval (option)')
  })

  it('refuses wrong usage and results that are none, and leaves no file', async () => {
    expectFailure(await run('report', '--out', 'report.html'), 2, 'INVALID_ARGUMENT')
    expectFailure(await run('report', 'a.txt'), 2, 'INVALID_ARGUMENT')
    expectFailure(await run('report', 'none.txt', '--out', 'report.html'), 1, 'SCORES_INVALID')
    expectFailure(await run('report', '.', '--out', 'report.html'), 1, 'DATASET_INVALID')
    writeScores(folder(), 'a.txt', small)
    expectFailure(await run('report', 'a.txt', '--out', 'none/report.html'), 1, 'OUTPUT_UNWRITABLE')
    expect(existsSync(at('report.html'))).to.equal(false)
  })

  it('--help shows an example', async () => {
    const ended = await run('report', '--help')
    expectSuccess(ended)
    expect(ended.stdout).to.match(/Example:\n {2}aasist report results --out report\.html/)
  })

  it('is what eval --report writes into its folder; a later run without it takes the old one away', async () => {
    writeCorpus(at('LA'), demoLines(6))
    const evaluation = ['eval', '--model', tinyModel.checkpoint, '--data', 'LA', '--out', 'results']
    const ended = await run(...evaluation, '--report')
    expectSuccess(ended)
    expect(ended.stderr).to.match(/^wrote .*results\/report\.html$/m)
    const page = readFileSync(at('results/report.html'), 'utf8')
    expect(page).to.include('<title>Spoofing detection: results</title>')
    expectSuccess(await run(...evaluation))
    expect(existsSync(at('results/report.html'))).to.equal(false)
  })
})
