import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { ArgumentTypeError } from '../../lib/errors'
import { FolderLock } from '../../lib/scoring/folder-lock'
import { evaluate, type EvaluateOptions, type Evaluation } from '../../lib/scoring'
import { until, workerProcesses } from '../session/support'
import { demoModel } from '../support/golden'
import { scratchFolder } from '../support/scratch-folder'
import {
  demoClips,
  demoGolden,
  demoLines,
  expectCode,
  failureOf,
  filesIn,
  tinyModel,
  usualAsvScores,
  writeCorpus,
  type CorpusLine,
} from './support'

const resultFiles = ['eval_scores.txt', 'manifest.json', 'metrics.json', 'run.jsonl', 't-DCF_EER.txt']

const asvScores = 'bonafide target 5\nbonafide nontarget -5\nA01 spoof 6\nA01 spoof -6\n'

const withoutAudio = ({ utterance, attack, key }: CorpusLine): CorpusLine => ({ utterance, attack, key })

interface RunEvent {
  readonly event: string
  readonly time: string
  readonly [key: string]: unknown
}

describe('evaluate', () => {
  const folder = scratchFolder()
  const data = (): string => join(folder(), 'LA')
  const out = (): string => join(folder(), 'results')
  const text = (name: string): string => readFileSync(join(out(), name), 'utf8')
  const events = (): RunEvent[] =>
    text('run.jsonl')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as RunEvent)
  const run = (options: Partial<EvaluateOptions> = {}): Promise<Evaluation> =>
    evaluate({ model: tinyModel.checkpoint, sessions: 1, data: data(), out: out(), ...options })
  const scoresOf = (utterances: readonly CorpusLine[]): number[] =>
    utterances.map(({ utterance }) => {
      const line = text('eval_scores.txt')
        .split('\n')
        .find(each => each.startsWith(`${utterance} `))
      return Number(line!.split(' ')[3])
    })

  it('computes the EER that golden scores give by hand', async () => {
    // Scores of the demo weights by PyTorch, two clips with the wrong key on purpose:
    //   bona fide  -1.834 (a spoof)  1.534  1.778  2.036
    //   spoof      -2.302  -1.358  -0.802   1.842 (bona fide)
    // Between -0.802 and 1.534 one of four is wrong on both sides: EER 1/4. Attack A01 alone (-1.358, -0.802, 1.842) is
    // closest there too: (1/4 + 1/3) / 2. A02 (-2.302) lies below all bona fide speech.
    const labels: readonly [index: number, key: 'bonafide' | 'spoof', attack: string][] = [
      [0, 'bonafide', '-'],
      [26, 'bonafide', '-'],
      [27, 'bonafide', '-'],
      [31, 'bonafide', '-'],
      [28, 'spoof', 'A01'],
      [29, 'spoof', 'A01'],
      [32, 'spoof', 'A01'],
      [30, 'spoof', 'A02'],
    ]
    const lines = labels.map(([index, key, attack]) => {
      return { utterance: `LA_E_${index}`, key, attack, audio: demoClips[index]! }
    })
    writeCorpus(data(), lines)
    const { metrics } = await run({ model: demoModel.checkpoint, sessions: 2 })
    for (const [row, score] of scoresOf(lines).entries()) {
      expect(score).to.be.closeTo(demoGolden[labels[row]![0]]!.logits[1], 1e-4)
    }
    expect(metrics.eer).to.equal(1 / 4)
    expect(metrics.perAttack['A01']!.eer).to.be.closeTo((1 / 4 + 1 / 3) / 2, 1e-12)
    expect(metrics.perAttack['A02']!.eer).to.equal(0)
    expect(metrics).to.include({ bonafide: 4, spoof: 4 })
    expect(metrics.asv!.source).to.match(/preset la2019-eval .*every utterance/)
    expect(metrics.minTdcf).to.be.within(0, 1)
  })

  describe('finds', () => {
    it('the protocol under either of its names, and under the one that is asked for; LA in the folder above it', async () => {
      writeCorpus(data(), demoLines(3), { protocol: 'ASVspoof2019_LA_cm_protocols/LA.cm.eval.trl.txt' })
      expect((await run({ data: folder() })).metrics.missing).to.equal(0)
      const byGuideName = text('eval_scores.txt')
      writeCorpus(join(folder(), 'other'), demoLines(3), { protocol: 'lists/mine.txt' })
      const protocol = join(folder(), 'other', 'lists', 'mine.txt')
      const { metrics } = await run({ data: join(folder(), 'other'), out: join(folder(), 'out2'), protocol })
      expect(metrics.provenance.protocol.path).to.equal(protocol)
      expect(readFileSync(join(folder(), 'out2', 'eval_scores.txt'), 'utf8')).to.equal(byGuideName)
    })

    it('the ASV scores the configuration names, and says so', async () => {
      const config = join(folder(), 'with-asv.conf')
      writeCorpus(data(), demoLines(6), { files: { 'asv/mine.txt': asvScores, [usualAsvScores]: asvScores } })
      const own = JSON.parse(readFileSync(tinyModel.config, 'utf8')) as object
      writeFileSync(config, JSON.stringify({ ...own, asv_score_path: 'asv/mine.txt' }))
      const { metrics } = await run({ config })
      expect(metrics.asv).to.include({
        source: `${join(data(), 'asv', 'mine.txt')} (configured path)`,
        eer: 0,
        pMissSpoof: 0.5,
      })
      expect(metrics.minTdcf).to.be.a('number')
    })

    it('no ASV scores: min t-DCF is null, with the reason', async () => {
      writeCorpus(data(), demoLines(6))
      const { metrics } = await run()
      expect(metrics).to.include({ asv: null, minTdcf: null, minTdcfV2: null })
      expect(metrics.eer).to.be.a('number')
      expect(metrics.warnings.join()).to.match(/min t-DCF cannot be computed/)
      expect(text('t-DCF_EER.txt')).to.match(/min-tDCF\t\t= n\/a \(no ASV/)
    })
  })

  describe('with utterances that cannot be scored', () => {
    it('lists and counts them, and computes the metrics of the others', async () => {
      const lines = demoLines(7).map((line, index) => {
        if (index === 1) return withoutAudio(line)
        if (index === 3) return { ...line, audio: Buffer.from('once upon a time') }
        if (index === 6) return { ...line, audio: readFileSync(demoClips[6]!).subarray(0, 9000) }
        return line
      })
      writeCorpus(data(), lines)
      const { metrics, failures } = await run()
      expect(metrics).to.include({ missing: 3 })
      expect(metrics.bonafide + metrics.spoof).to.equal(4)
      const codes = ['AUDIO_NOT_FOUND', 'AUDIO_UNSUPPORTED', 'AUDIO_TRUNCATED']
      expect(metrics.missingByCode).to.deep.equal(Object.fromEntries(codes.map(code => [code, 1])))
      expect(metrics.warnings.join()).to.match(/3 of 7 trials have no score/)
      expect(failures.map(({ error, utterance }) => [utterance, error.code])).to.deep.equal(
        [1, 3, 6].map((index, at) => [lines[index]!.utterance, codes[at]]),
      )
      expect(failures[0]!.file).to.equal(null)
      const scored = text('eval_scores.txt').trimEnd().split('\n')
      expect(scored.map(line => line.split(' ')[0])).to.deep.equal(
        [0, 2, 4, 5].map(index => lines[index]!.utterance),
      )
      const failed = events().filter(({ event }) => event === 'failed')
      expect(failed.map(({ code }) => code)).to.deep.equal(codes)
      expect(failed[1]).to.include({ utterance: lines[3]!.utterance, file: failures[1]!.file })
      expect(events().at(-1)).to.include({ event: 'end', scored: 4, failed: 3 })
    })

    it('even if that is all of them: every metric is null, with the reason', async () => {
      const lines = demoLines(3).map(withoutAudio)
      writeCorpus(data(), lines)
      const { metrics, failures } = await run()
      expect(failures).to.have.length(3)
      expect(metrics).to.include({ eer: null, minTdcf: null, cllr: null, bonafide: 0, spoof: 0, missing: 3 })
      expect(metrics.unavailable['eer']).to.equal('no trial has a score')
      expect(text('eval_scores.txt')).to.equal('')
    })
  })

  describe('into a folder', () => {
    it('that it makes, with those above it', async () => {
      writeCorpus(data(), demoLines(2))
      await run({ out: join(folder(), 'a', 'b', 'c') })
      expect(filesIn(join(folder(), 'a', 'b', 'c'))).to.deep.equal(resultFiles)
    })

    it('with files of somebody else writes nothing: OUTPUT_EXISTS', async () => {
      writeCorpus(data(), demoLines(2))
      mkdirSync(out())
      writeFileSync(join(out(), 'thesis.tex'), 'mine')
      const error = await expectCode(run(), 'OUTPUT_EXISTS')
      expect(error.message).to.include('thesis.tex')
      expect(filesIn(out())).to.deep.equal(['thesis.tex'])
    })

    it('with results of the same manifest replaces what is wrong with them', async () => {
      writeCorpus(data(), demoLines(5))
      await run()
      const before = [text('eval_scores.txt'), text('manifest.json'), text('t-DCF_EER.txt')]
      writeFileSync(join(out(), 'eval_scores.txt'), 'stale\n')
      await run({ sessions: 2 })
      expect([text('eval_scores.txt'), text('manifest.json'), text('t-DCF_EER.txt')]).to.deep.equal(before)
      expect(filesIn(out())).to.deep.equal(resultFiles)
      expect(events().map(({ event }) => event)).to.deep.equal(['start', 'end', 'resume', 'end'])
    })

    it('with results of the same manifest keeps them until the new ones are complete', async () => {
      writeCorpus(data(), demoLines(30))
      await run()
      writeFileSync(join(out(), 'eval_scores.txt'), text('eval_scores.txt').split('\n').slice(3).join('\n'))
      const before = [text('eval_scores.txt'), text('metrics.json'), text('t-DCF_EER.txt')]
      const controller = new AbortController()
      await failureOf(run({ signal: controller.signal, onProgress: () => controller.abort() }))
      expect([text('eval_scores.txt'), text('metrics.json'), text('t-DCF_EER.txt')]).to.deep.equal(before)
      expect(filesIn(out())).to.include('eval_scores.partial.txt')
    })

    it('that another evaluation writes to is refused, and what that one has written stays', async () => {
      writeCorpus(data(), demoLines(3))
      await run()
      writeFileSync(join(out(), 'eval_scores.partial.txt'), 'of the other one')
      const lock = new FolderLock(out())
      await lock.take()
      expect((await expectCode(run(), 'OUTPUT_EXISTS')).message).to.include(`process ${process.pid}`)
      expect(text('eval_scores.partial.txt')).to.equal('of the other one')
      await lock.leave()
      await run()
      expect(filesIn(out())).to.deep.equal(resultFiles)
    })

    it('that a process left behind when it was killed is taken over', async () => {
      writeCorpus(data(), demoLines(3))
      await run()
      writeFileSync(join(out(), 'running.0123456789abcdef.lock'), 'half a lo')
      await run()
      expect(filesIn(out())).to.deep.equal(resultFiles)
    })

    it('with results of another model, protocol or audio handling refuses, naming what differs', async () => {
      writeCorpus(data(), demoLines(3))
      await run()
      const before = filesIn(out()).map(name => text(name))
      copyFileSync(tinyModel.config, join(folder(), 'spaced.conf'))
      writeFileSync(join(folder(), 'spaced.conf'), `${readFileSync(tinyModel.config, 'utf8')} \n`)
      const config = await expectCode(run({ config: join(folder(), 'spaced.conf') }), 'OUTPUT_EXISTS')
      expect(config.message).to.match(/different configSha256 \(/)
      const audio = await expectCode(run({ resample: 'refuse' }), 'OUTPUT_EXISTS')
      expect(audio.message).to.match(/different resample \("convert" there, "refuse" now\)/)
      const protocol = join(folder(), 'shorter.txt')
      writeFileSync(protocol, `SPK ${demoLines(1)[0]!.utterance} - - bonafide\n`)
      const other = await expectCode(run({ protocol }), 'OUTPUT_EXISTS')
      expect(other.message).to.match(/different protocolSha256 \(.*, utterances \(3 there, 1 now\)/)
      expect(filesIn(out()).map(name => text(name))).to.deep.equal(before)
    })

    it('with results whose manifest is damaged or missing refuses', async () => {
      writeCorpus(data(), demoLines(2))
      await run()
      writeFileSync(join(out(), 'manifest.json'), '{')
      await expectCode(run(), 'OUTPUT_EXISTS')
      const other = join(folder(), 'scores only')
      mkdirSync(other)
      writeFileSync(join(other, 'eval_scores.txt'), 'valuable')
      await expectCode(run({ out: other }), 'OUTPUT_EXISTS')
      expect(readFileSync(join(other, 'eval_scores.txt'), 'utf8')).to.equal('valuable')
    })

    it('that cannot be one gives OUTPUT_UNWRITABLE', async () => {
      writeCorpus(data(), demoLines(2))
      writeFileSync(join(folder(), 'file'), '')
      await expectCode(run({ out: join(folder(), 'file') }), 'OUTPUT_UNWRITABLE')
      await expectCode(run({ out: '/proc/nothing/here' }), 'OUTPUT_UNWRITABLE')
    })
  })

  it('counts only clips that have a file into the rate and the time left', async () => {
    const present = demoLines(4)
    const absent = Array.from({ length: 400 }, (_, i) => ({
      utterance: `ABSENT_${String(i)}`,
      attack: '-',
      key: 'bonafide' as const,
    }))
    writeCorpus(data(), [...absent, ...present])
    const left: (number | null)[] = []
    const { metrics } = await run({ onProgress: ({ remainingSeconds }) => left.push(remainingSeconds) })
    const { clipsPerSecond, elapsedSeconds, clipMs, executeMs } = metrics.provenance
    expect(clipsPerSecond * elapsedSeconds).to.be.closeTo(4, 1e-9)
    expect([clipMs!.count, executeMs!.count]).to.deep.equal([4, 4])
    expect(clipMs!.min).to.be.above(executeMs!.min)
    expect(clipMs!.max).to.be.below(1000 * elapsedSeconds)
    expect(left.slice(0, 400)).to.deep.equal(Array(400).fill(null))
    expect(left.at(-1)).to.equal(0)
  })

  it('has the scores so far on disk every few seconds, for whoever is killed', async () => {
    writeCorpus(data(), demoLines(3))
    let seen = ''
    await run({
      onProgress: ({ done }) => {
        if (done === 1) seen = text('eval_scores.partial.txt')
      },
    })
    // The first line goes at once: nothing has been written for longer than the interval.
    expect(seen.split('\n')[0]).to.equal(text('eval_scores.txt').split('\n')[0])
  })

  describe('stopped by its signal', () => {
    it('keeps the scores so far under a name that says they are not all, and leaves nothing running', async () => {
      writeCorpus(data(), demoLines(200))
      const controller = new AbortController()
      const reason = new Error('enough for today')
      const error = await failureOf(
        run({
          signal: controller.signal,
          onProgress: ({ done }) => {
            if (done === 25) controller.abort(reason)
          },
        }),
      )
      expect(error).to.equal(reason)
      expect(filesIn(out())).to.deep.equal(['eval_scores.partial.txt', 'manifest.json', 'run.jsonl'])
      const kept = text('eval_scores.partial.txt').split('\n')
      expect(kept.pop()).to.equal('')
      expect(kept.map(line => line.split(' ')[0])).to.deep.equal(
        demoLines(25).map(({ utterance }) => utterance),
      )
      expect(events().at(-1)).to.include({ event: 'stopped', reason: 'enough for today' })
    })

    it('before it began writes nothing', async () => {
      writeCorpus(data(), demoLines(2))
      const reason = new Error('never mind')
      expect(await failureOf(run({ signal: AbortSignal.abort(reason) }))).to.equal(reason)
      expect(await failureOf(run({ signal: AbortSignal.timeout(20) }))).to.have.property(
        'name',
        'TimeoutError',
      )
      expect(existsSync(out())).to.equal(false)
    })
  })

  it('records a lost session in run.jsonl, and loses no score by it', async () => {
    writeCorpus(data(), demoLines(60))
    let killed = false
    const { failures } = await run({
      isolation: 'process',
      sessions: 2,
      onProgress: ({ done }) => {
        if (done < 5 || killed) return
        killed = true
        process.kill(workerProcesses()[0]!, 'SIGKILL')
      },
    })
    expect(failures).to.deep.equal([])
    expect(text('eval_scores.txt').trimEnd().split('\n')).to.have.length(60)
    const failover = events().filter(({ event }) => event === 'failover')
    expect(failover).to.have.length(1)
    expect(failover[0]).to.include({ code: 'SESSION_FAULTED', replacement: 'starting' })
    await until(() => workerProcesses().length === 0, 'the end of all sessions')
  })

  it('refuses mistakes before it loads a model or writes a file', async () => {
    writeCorpus(data(), demoLines(2))
    const mistakes: readonly [options: object, code: string][] = [
      [{ dta: 'LA' }, 'UNKNOWN_OPTION'],
      [{ data: undefined }, 'INVALID_ARGUMENT'],
      [{ out: 7 }, 'INVALID_ARGUMENT'],
      [{ asvScores: 'a', asvPreset: 'la2019-eval' }, 'INVALID_ARGUMENT'],
      [{ asvPreset: 'la2021' }, 'INVALID_ARGUMENT'],
      [{ signal: 'stop' }, 'INVALID_ARGUMENT'],
      [{ data: join(folder(), 'nowhere') }, 'DATASET_INVALID'],
      [{ protocol: join(folder(), 'nowhere.txt') }, 'PROTOCOL_INVALID'],
      [{ model: join(folder(), 'none.pth') }, 'MODEL_NOT_FOUND'],
      [{ asvScores: join(folder(), 'none.txt') }, 'SCORES_INVALID'],
    ]
    for (const [options, code] of mistakes) {
      const error = await expectCode(run(options), code)
      if (code === 'UNKNOWN_OPTION') expect(error).to.be.instanceOf(ArgumentTypeError)
      expect(existsSync(out())).to.equal(false)
    }
  })
})
