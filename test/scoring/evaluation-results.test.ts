import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { evaluate, type Evaluation } from '../../lib/scoring'
import { figureNames } from '../metrics/figures'
import { readJson } from '../support/golden'
import { demoGolden, demoLines, filesIn, officialProtocol, tinyModel, writeCorpus } from './support'

/** One evaluation of eight utterances, and every file it writes. */
describe('the results folder of an evaluation', () => {
  const lines = demoLines(8).reverse()
  let folder: string
  let evaluation: Evaluation
  const data = (): string => join(folder, 'LA')
  const out = (): string => join(folder, 'results')
  const text = (name: string): string => readFileSync(join(out(), name), 'utf8')
  const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'aasist-results-'))
    writeCorpus(data(), lines)
    const model = tinyModel.checkpoint
    evaluation = await evaluate({ model, sessions: 1, data: data(), out: out(), asvPreset: 'la2019-eval' })
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('holds these files and no others, and the evaluation says where they are', () => {
    const names = ['eval_scores.txt', 'manifest.json', 'metrics.json', 'run.jsonl', 't-DCF_EER.txt']
    expect(filesIn(out())).to.deep.equal(names)
    const { folder: resultFolder, partialScores, htmlReport, ...paths } = evaluation.files
    expect(partialScores).to.equal(join(out(), 'eval_scores.partial.txt'))
    expect(htmlReport).to.equal(join(out(), 'report.html'))
    expect(resultFolder).to.equal(out())
    expect(Object.values(paths).sort()).to.deep.equal(names.map(name => join(out(), name)))
    expect(evaluation.failures).to.deep.equal([])
  })

  it('eval_scores.txt: a line of four columns for every utterance, in the order of the protocol', () => {
    const rows = text('eval_scores.txt').split('\n')
    expect(rows.pop()).to.equal('')
    expect(rows.map(row => row.split(' ').slice(0, 3))).to.deep.equal(
      lines.map(({ utterance, attack, key }) => [utterance, attack, key]),
    )
    for (const row of rows) expect(row).to.match(/ -?\d+\.\d+(e-\d+)?$/)
  })

  it('t-DCF_EER.txt: as the evaluation of AASIST writes it', () => {
    const { metrics } = evaluation
    const percent = (fraction: number | null): string => (100 * fraction!).toFixed(9)
    const named = demoGolden.slice(0, 8).map(({ attack }) => attack)
    const attacks = [...new Set(named)].filter(attack => attack !== '-').sort()
    expect(attacks.length).to.be.above(1)
    const breakdown = attacks.map(attack => {
      const eer = percent(metrics.perAttack[attack]!.eer)
      return `\tEER ${attack}\t\t= ${eer} % (Equal error rate for ${attack}\n`
    })
    expect(text('t-DCF_EER.txt')).to.equal(
      '\nCM SYSTEM\n' +
        `\tEER\t\t= ${percent(metrics.eer)} % (Equal error rate for countermeasure)\n` +
        '\nTANDEM\n' +
        `\tmin-tDCF\t\t= ${metrics.minTdcf!.toFixed(9)}\n` +
        '\nBREAKDOWN CM SYSTEM\n' +
        breakdown.join(''),
    )
  })

  it('metrics.json: every documented member, equal to what evaluate() gives', () => {
    const { metrics } = evaluation
    const written = readJson(out(), 'metrics.json')
    expect(written).to.deep.equal(JSON.parse(JSON.stringify(metrics)))
    const counts = ['bonafide', 'spoof', 'missing', 'missingByCode', 'perAttack']
    expect(written).to.include.keys(...figureNames, ...counts, 'asv', 'warnings', 'provenance')
    const bonafide = lines.filter(({ key }) => key === 'bonafide').length
    expect(metrics).to.include({ bonafide, spoof: 8 - bonafide, missing: 0 })
    expect(metrics.missingByCode).to.deep.equal({})
    expect(metrics.asv!.source).to.equal('preset la2019-eval (option)')
  })

  it('metrics.json: the provenance of the figures', () => {
    const { provenance } = evaluation.metrics
    expect(provenance.model).to.include({
      path: tinyModel.checkpoint,
      format: 'checkpoint',
      sha256: hash(tinyModel.checkpoint),
      configSha256: hash(tinyModel.config),
    })
    const protocol = join(data(), officialProtocol)
    expect(provenance.protocol).to.deep.equal({ path: protocol, sha256: hash(protocol), utterances: 8 })
    expect(provenance.versions.node).to.equal(process.versions.node)
    expect(provenance.versions.onnxruntime).to.match(/^\d+\.\d+\.\d+$/)
    expect(provenance.device).to.match(/^cpu \(1 threads?, /)
    expect(provenance.devices).to.deep.equal([{ kind: 'cpu', threads: 1, scored: 8 }])
    expect([provenance.npu, provenance.versions.cann]).to.deep.equal([null, null])
    expect(Date.now() - Date.parse(provenance.date)).to.be.within(0, 120_000)
  })

  it('manifest.json: what the scores depend on', () => {
    const manifest = readJson(out(), 'manifest.json') as Record<string, unknown>
    expect(Object.keys(manifest)).to.deep.equal([
      ...['modelSha256', 'configSha256', 'graphSha256', 'conversion', 'batch', 'package', 'runtime', 'cpu'],
      ...['resample', 'channels', 'protocolSha256', 'utterances', 'clips'],
    ])
    const sizes = lines.map(({ utterance, audio }) => `${utterance}:${statSync(audio as string).size}`)
    expect(manifest['clips']).to.equal(sizes.join(' '))
    expect(manifest).to.include({ batch: 1, utterances: 8 })
    expect(manifest['runtime']).to.match(/^onnxruntime \d/)
    expect(manifest['conversion']).to.include('"target":"cpu"').and.include('"tiles"')
  })

  it('run.jsonl: what happened', () => {
    const [start, end, ...rest] = text('run.jsonl')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { time: string })
    expect(rest).to.deep.equal([])
    expect(start).to.deep.include({ event: 'start', ...(readJson(out(), 'manifest.json') as object) })
    expect(end).to.include({ event: 'end', scored: 8, failed: 0 })
    expect(Date.parse(end!.time)).to.be.at.least(Date.parse(start!.time))
  })
})
