import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { badScoreFiles } from '../dataset/bad-score-files'
import {
  protocolText,
  scoreVariants,
  shuffled,
  variantRows,
  type ScoreVariantRow,
} from '../dataset/score-variants'
import { figureNames, publishedFigures, publishedSystems, type PublishedSystem } from '../metrics/figures'
import { referenceData } from '../support/environment'
import { aasist, expectFailure, expectSuccess, inParallel, scratchFolder, type Ended } from './support'

describe('aasist metrics', () => {
  const folder = scratchFolder()
  const write = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder(), name), content)
    return name
  }
  const scores = (rows: readonly ScoreVariantRow[] = variantRows, variant = 0): string =>
    write('scores.txt', scoreVariants[variant]!.write(rows))
  const protocol = (): string => write('protocol.txt', protocolText(variantRows))
  const run = (...args: readonly string[]): Promise<Ended> => aasist(['metrics', ...args], { cwd: folder() })

  it('prints every figure by its name on stdout, and nothing on stderr', async () => {
    const ended = await run('--scores', scores())
    expectSuccess(ended)
    expect(ended.stderr).to.equal('')
    expect(ended.stdout).to.match(
      /^EER +25\.000 %\nmin t-DCF +\d\.\d{4} +ASV: preset la2019-eval \(every .*\n/,
    )
    for (const name of ['min t-DCF v2', 'minDCF', 'actDCF', 'Cllr'])
      expect(ended.stdout).to.match(new RegExp(`^${name} +\\d\\.\\d{4}$`, 'm'))
    expect(ended.stdout).to.match(/^utterances +4 bona fide, 4 spoof, 0 without a score$/m)
    expect(ended.stdout).to.match(
      /^attack +EER +min t-DCF\nA07 +37\.500 % +\d\.\d{4}\nA19 +0\.000 % +0\.0000\n$/m,
    )
    expect(ended.stdout).to.not.match(/tie-proper|\[/)
  })

  it('--json prints the same as one line of JSON', async () => {
    const ended = await run('--scores', scores(), '--protocol', protocol(), '--json')
    expectSuccess(ended)
    expect(ended.stdout.trimEnd()).to.not.include('\n')
    const metrics = JSON.parse(ended.stdout) as Record<string, unknown>
    expect(metrics).to.include({ eer: 0.25, bonafide: 4, spoof: 4, missing: 0 })
    expect(metrics).to.have.all.keys(
      ...figureNames,
      ...['bonafide', 'spoof', 'missing', 'perAttack', 'asv', 'unavailable', 'warnings', 'provenance'],
    )
    expect(metrics['provenance']).to.have.nested.property('protocol.utterances', 8)
  })

  it('shows the tie-proper EER where it differs from the official one', async () => {
    // Bona fide 1, 1, 1, 0 and spoof 0, 0, 1, 1: a threshold between 0 and 1 misses 1/4 and takes 1/2. Within the ones,
    // bona fide first, the official EER finds a point with 1/2 of both.
    const rows = variantRows.map((row, index) => ({ ...row, score: [1, 2, 6].includes(index) ? '0' : '1' }))
    const ended = await run('--scores', scores(rows))
    expect(ended.stdout).to.match(/^EER +50\.000 %$/m)
    expect(ended.stdout).to.match(/^EER tie-proper +37\.500 %$/m)
    expect(ended.stderr).to.match(/^warning: the scores take fewer than three values/m)
  })

  it('--ci puts intervals in brackets behind the figures, and into the JSON', async () => {
    const ended = await run('--scores', scores(), '--ci')
    expectSuccess(ended)
    expect(ended.stdout).to.match(/^EER +25\.000 % \[\d+\.\d{3} %, \d+\.\d{3} %\]$/m)
    expect(ended.stdout).to.match(/^min t-DCF +\d\.\d{4} \[\d\.\d{4}, \d\.\d{4}\] +ASV: /m)
    expect(ended.stdout).to.match(/^A07 +37\.500 % +\[\d+\.\d{3} %, \d+\.\d{3} %\] +\d\.\d{4} +\[/m)
    expect(ended.stdout).to.match(/\nin brackets: 95 % intervals, 1000 bootstrap replicates, seed 1\n$/)
    const json = await run('--scores', scores(), '--ci', '--json')
    expect(JSON.parse(json.stdout)).to.have.nested.property('ci.replicates', 1000)
  })

  it('takes ASV scores and presets, not both', async () => {
    const asv = write('asv.txt', 'bonafide target 5\nbonafide nontarget -5\nA07 spoof 6\nA07 spoof -6\n')
    expect((await run('--scores', scores(), '--asv-scores', asv)).stdout).to.match(
      /ASV: .*asv\.txt \(option\)/,
    )
    const preset = await run('--scores', scores(), '--asv-preset', 'la2019-eval')
    expect(preset.stdout).to.match(/ASV: preset la2019-eval \(option\)/)
    const both = await run('--scores', scores(), '--asv-scores', asv, '--asv-preset', 'la2019-eval')
    expectFailure(both, 2, 'INVALID_ARGUMENT')
  })

  it('hints at the sign when the EER is above 50 %, and says what it would be', async () => {
    const ended = await run(
      '--scores',
      scores(variantRows.map(row => ({ ...row, score: String(-Number(row.score)) }))),
    )
    expectSuccess(ended)
    expect(ended.stdout).to.match(/^EER +75\.000 %/)
    expect(ended.stderr).to.match(/^warning: the EER is above 50 %: are the scores' signs inverted\?/m)
    expect(ended.stderr).to.match(/^warning: .*turned, the EER would be 25\.000 %$/m)
  })

  it('says which figures there are none of, and why', async () => {
    const ended = await run('--scores', scores(variantRows.filter(({ key }) => key === 'spoof')))
    expectSuccess(ended)
    expect(ended.stdout).to.match(/^EER +n\/a \(no bona fide trial has a score\)$/m)
    expect(ended.stdout).to.match(/^A07 +n\/a +n\/a$/m)
    expect(ended.stderr).to.match(/^warning: no error rate or cost can be computed/m)
  })

  it('lists utterances of the protocol without a score and exits with 1, or with 0 when that is allowed', async () => {
    const args = ['--scores', scores(variantRows.slice(0, 6)), '--protocol', protocol()]
    const strict = await run(...args)
    expect(strict.status).to.equal(1)
    expect(strict.stdout).to.match(/3 bona fide, 3 spoof, 2 without a score/)
    expect(strict.stderr).to.match(
      /2 utterances have no score:\n {2}LA_E_1000007\n {2}LA_E_1000008\nexit code 1 .*--allow-missing/,
    )
    const allowed = await run(...args, '--allow-missing', '--json')
    expectSuccess(allowed)
    expect(JSON.parse(allowed.stdout)).to.include({ missing: 2 })
  })

  it('refuses a file that is not as it must be: the code, file and line on stderr, nothing on stdout', async () => {
    const files = badScoreFiles.filter(({ withProtocol }) => withProtocol === undefined).slice(0, 12)
    await inParallel([...files.entries()], 2, async ([index, { content, message }]) => {
      const name = write(`scores-${index}.txt`, content)
      const ended = await run('--scores', name, '--json')
      expectFailure(ended, 1, 'SCORES_INVALID')
      expect(ended.stdout).to.equal('')
      expect(ended.stderr.replace(name, 'scores.txt')).to.match(message)
    })
  })

  it('asks for a protocol where the scores need one', async () => {
    const index = scoreVariants.findIndex(({ says }) => says === 'scores')
    const ended = await run('--scores', scores(variantRows, index))
    expectFailure(ended, 1, 'SCORES_INVALID')
    expect(ended.stderr).to.include('--protocol')
  })

  it('refuses wrong usage', async () => {
    expectFailure(await run(), 2, 'INVALID_ARGUMENT')
    expectFailure(await run('--scores', 'a', '--invert'), 2, 'UNKNOWN_OPTION')
    expectFailure(await run('--scores', 'none.txt'), 1, 'SCORES_INVALID')
    expectFailure(await run('--scores', scores(), '--protocol', 'none.txt'), 1, 'PROTOCOL_INVALID')
  })

  it('--help shows an example', async () => {
    const ended = await run('--help')
    expectSuccess(ended)
    expect(ended.stdout).to.match(/Example:\n {2}aasist metrics --scores /)
  })

  interface Metrics {
    [name: string]: unknown
    perAttack: Record<string, { eer: number }>
    asv: { source: string }
    warnings: string[]
  }

  describe('on published scores of the whole ASVspoof 2019 LA evaluation', () => {
    const read = (path: string): ScoreVariantRow[] =>
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => line.split(' '))
        .map(([utterance, attack, key, score]) => ({
          speaker: '',
          utterance: utterance!,
          attack: attack!,
          key: key as 'bonafide' | 'spoof',
          score: score!,
        }))

    /** All of them are read in test/dataset; these are what published files look like. */
    const wholeListVariants =
      /^rows in another order|^A00|^six columns|^two columns with|project-NN|^utterances with their path|^gzip$/

    function expectPublished(ended: Ended, expected: PublishedSystem): void {
      expectSuccess(ended)
      const metrics = JSON.parse(ended.stdout) as Metrics
      expect(metrics).to.include({ bonafide: expected.nb, spoof: expected.ns, missing: 0 })
      const figures: readonly [string, number][] = [
        ['eer', expected.eer / 100],
        ['eerThreshold', expected.eer_thr],
        ['eerTieProper', expected.eer_tieproper / 100],
        ['minTdcf', expected.mintdcf],
        ['minTdcfThreshold', expected.tdcf_thr],
        ['minTdcfV2', expected.mintdcf_v2],
        ['minDcf', expected.minDCF],
        ['actDcf', expected.actDCF],
        ['cllr', expected.cllr],
      ]
      for (const [name, value] of figures) expect(metrics[name], name).to.be.closeTo(value, 1e-9)
      expect(Object.keys(metrics.perAttack)).to.deep.equal(Object.keys(expected.br))
      for (const [attack, percent] of Object.entries(expected.br))
        expect(metrics.perAttack[attack]!.eer, attack).to.be.closeTo(percent / 100, 1e-9)
      expect(metrics.warnings).to.deep.equal([])
    }

    for (const system of publishedSystems) {
      it(`gives every known figure of ${system} to 1e-9, whatever the layout, the order of rows and the packing`, async function () {
        this.timeout(120_000)
        const data = referenceData(this)
        const expected = publishedFigures(data)[system]
        const rows = shuffled(read(join(data, 'cm-scores', `${system}.txt`)))
        const list = join(data, 'ASVspoof2019.LA.cm.eval.trl.full.txt')
        const asv = join(
          data,
          'LA',
          'ASVspoof2019_LA_asv_scores',
          'ASVspoof2019.LA.asv.eval.gi.trl.scores.txt',
        )
        const published = ['--json', '--scores', join(data, 'cm-scores', `${system}.txt`)]
        expectPublished(await run(...published), expected)
        expectPublished(await run(...published, '--protocol', list, '--asv-scores', asv), expected)
        const speakers = new Map(
          readFileSync(list, 'utf8')
            .split('\n')
            .map(line => line.split(' '))
            .map(([speaker, utterance]) => [utterance, speaker!]),
        )
        const withSpeakers = rows.map(row => ({ ...row, speaker: speakers.get(row.utterance)! }))
        const variants = scoreVariants.filter(({ name }) => wholeListVariants.test(name))
        expect(variants).to.have.length(10)
        await inParallel([...variants.entries()], 2, async ([index, variant]) => {
          const name = write(`${index}.txt`, variant.write(withSpeakers))
          const source = variant.says === 'attacks' ? [] : ['--protocol', list]
          expectPublished(await run('--json', '--scores', name, ...source), expected)
        })
      })
    }
  })
})
