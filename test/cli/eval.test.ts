import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { demoModel, readJson } from '../support/golden'
import { demoLines, filesIn, tinyModel, writeCorpus, type CorpusLine } from '../scoring/support'
import { aasist, expectFailure, expectSuccess, scratchFolder, shell } from './support'

const results = ['eval_scores.txt', 'manifest.json', 'metrics.json', 'run.jsonl', 't-DCF_EER.txt']

describe('aasist eval', () => {
  const folder = scratchFolder()
  const data = (): string => join(folder(), 'LA')
  const out = (): string => join(folder(), 'results')
  const tiny = (): string[] => ['--model', tinyModel.checkpoint, '--data', 'LA', '--out', 'results']
  const run = (...args: readonly string[]) => aasist(['eval', ...args], { cwd: folder() })
  const broken = (lines: readonly CorpusLine[]): CorpusLine[] =>
    lines.map(({ utterance, attack, key, audio }, index) => {
      if (index === 1) return { utterance, attack, key }
      return index === 2
        ? { utterance, attack, key, audio: Buffer.from('no audio') }
        : { utterance, attack, key, ...(audio !== undefined && { audio }) }
    })

  it('prints EER, min t-DCF and the attacks on stdout, says on stderr where the files are', async () => {
    writeCorpus(data(), demoLines(8))
    const ended = await run(...tiny(), '--asv-preset', 'la2019-eval')
    expectSuccess(ended)
    expect(ended.stdout).to.match(
      /^EER +\d+\.\d{3} %\nmin t-DCF +\d\.\d{4} +ASV: preset la2019-eval \(option\)\n/,
    )
    expect(ended.stdout).to.match(/\nutterances +4 bona fide, 4 spoof, 0 without a score\n/)
    expect(ended.stdout).to.match(/\nattack +EER +min t-DCF\nS\d\d +\d+\.\d{3} % +\d\.\d{4}\n/)
    expect(ended.stderr).to.match(/^8 of 8 clips, .*\n(warning: .*\n)*results in .*results\n$/)
    expect(filesIn(out())).to.deep.equal(results)
  })

  it('--json prints metrics.json and nothing else on stdout', async () => {
    writeCorpus(data(), demoLines(6))
    const ended = await run(...tiny(), '--json')
    expectSuccess(ended)
    expect(JSON.parse(ended.stdout)).to.deep.equal(readJson(out(), 'metrics.json'))
    expect(ended.stdout.trimEnd()).to.not.include('\n')
    expect(ended.stderr).to.match(/warning: the min t-DCF cannot be computed/)
  })

  it('shows its progress as plain lines where stderr is no terminal', async () => {
    writeCorpus(data(), demoLines(5))
    const { stderr } = await run(...tiny())
    expect(stderr).to.match(/^5 of 5 clips, \d+\.\d a second, 0 s left$/m)
    for (const control of ['\u001b', '\r']) expect(stderr).to.not.include(control)
  })

  it('lists utterances without a score and exits with 1, or with 0 when that is allowed', async () => {
    writeCorpus(data(), broken(demoLines(6)))
    const strict = await run(...tiny())
    expectFailure(strict, 1, 'AUDIO_NOT_FOUND')
    expect(strict.stderr).to.match(/^2 utterances have no score:$/m)
    expect(strict.stderr).to.match(/^ {2}.*UTT_0002.*\[AUDIO_UNSUPPORTED\]$/m)
    expect(strict.stderr).to.match(/^warning: 2 of 6 trials have no score/m)
    expect(strict.stderr).to.include('--allow-missing')
    expect(strict.stdout).to.match(/2 without a score/)
    const allowed = await run(...tiny(), '--allow-missing', '--json')
    expectSuccess(allowed)
    const metrics = JSON.parse(allowed.stdout) as object
    expect(metrics).to.deep.include({
      missing: 2,
      missingByCode: { AUDIO_NOT_FOUND: 1, AUDIO_UNSUPPORTED: 1 },
    })
    expect(allowed.stderr).to.include('2 utterances have no score')
  })

  it('lists only the first of very many, and says where the others are', async () => {
    writeCorpus(
      data(),
      demoLines(30).map(({ utterance, attack, key }) => ({ utterance, attack, key })),
    )
    const ended = await run(...tiny())
    expect(ended.status).to.equal(1)
    expect(ended.stderr.match(/^ {2}UTT_\d+ has no file .*\[AUDIO_NOT_FOUND\]$/gm)).to.have.length(20)
    expect(ended.stderr).to.match(/… and 10 more, all of them in .*run\.jsonl/)
    expect(ended.stdout).to.match(/^EER +n\/a \(no trial has a score\)/)
  })

  it('takes the configuration, the protocol and ASV scores that are named', async () => {
    const files = { 'asv.txt': 'bonafide target 5\nbonafide nontarget -5\nA01 spoof 6\nA01 spoof -6\n' }
    writeCorpus(data(), demoLines(6), { protocol: 'lists/mine.txt', files })
    writeFileSync(join(folder(), 'other.conf'), readFileSync(tinyModel.config))
    const ended = await run(
      ...tiny(),
      ...['--config', 'other.conf', '--protocol', 'LA/lists/mine.txt', '--asv-scores', 'LA/asv.txt'],
    )
    expectSuccess(ended)
    expect(ended.stdout).to.match(/ASV: .*asv\.txt \(option\)/)
  })

  it('leaves results of something else alone: OUTPUT_EXISTS', async () => {
    writeCorpus(data(), demoLines(2))
    mkdirSync(out())
    writeFileSync(join(out(), 'notes.txt'), 'mine')
    const ended = await run(...tiny())
    expectFailure(ended, 1, 'OUTPUT_EXISTS')
    expect(filesIn(out())).to.deep.equal(['notes.txt'])
    expect(ended.stdout).to.equal('')
  })

  it('on a full disk fails with OUTPUT_UNWRITABLE and leaves nothing that looks whole', async () => {
    // A limit on the size of files stands for the disk: Node ignores the signal that comes with it.
    writeCorpus(data(), demoLines(40))
    const line = `ulimit -f 1; $AASIST eval ${tiny().join(' ')}`
    const ended = await shell(line, { cwd: folder() })
    expectFailure(ended, 1, 'OUTPUT_UNWRITABLE')
    expect(ended.stdout).to.equal('')
    for (const name of ['eval_scores.txt', 'metrics.json'])
      expect(existsSync(join(out(), name))).to.equal(false)
    expect(filesIn(out()).filter(name => name.endsWith('.tmp'))).to.deep.equal([])
  })
})

describe('aasist demo', () => {
  const folder = scratchFolder()

  it('scores the bundled clips: a table, EER and min t-DCF, and where the operating point is from', async function () {
    this.timeout(120_000)
    const ended = await aasist(['demo', '--out', 'kept'], { cwd: folder(), env: { TMPDIR: folder() } })
    expectSuccess(ended)
    expect(ended.stdout).to.match(/^clip +attack +key +score\nDEMO_E_0001000 +- +bonafide +1\.777\d\n/)
    expect(ended.stdout.match(/^DEMO_E_/gm)).to.have.length(37)
    expect(ended.stdout).to.match(/\nEER +0\.000 %\nmin t-DCF +0\.0000 +ASV: preset la2019-eval/)
    expect(ended.stderr).to.match(/published operating point/)
    expect(filesIn(folder())).to.deep.equal(['kept'])
    expect(filesIn(join(folder(), 'kept'))).to.deep.equal(results)
    const scores = readFileSync(join(folder(), 'kept', 'eval_scores.txt'), 'utf8')
      .trimEnd()
      .split('\n')
    const protocol = readFileSync(
      join(demoModel.corpus, 'ASVspoof2019_LA_cm_protocols', 'ASVspoof2019.LA.cm.eval.trl.txt'),
      'utf8',
    )
    expect(scores.map(line => line.split(' ')[0])).to.deep.equal(
      protocol
        .trimEnd()
        .split('\n')
        .map(line => line.split(' ')[1]),
    )
  })
})
