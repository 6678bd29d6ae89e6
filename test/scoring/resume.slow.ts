import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { convertCheckpoint } from '../../lib/model'
import { evaluate, type EvaluateOptions, type Evaluation } from '../../lib/scoring'
import { scratchFolder } from '../support/scratch-folder'
import { demoLines, expectCode, failureOf, filesIn, tinyModel, writeCorpus, type CorpusLine } from './support'

const resultFiles = ['eval_scores.txt', 'manifest.json', 'metrics.json', 'run.jsonl', 't-DCF_EER.txt']
const clipCount = 40

describe('an evaluation that is started again', () => {
  const folder = scratchFolder()
  const data = (): string => join(folder(), 'LA')
  const out = (): string => join(folder(), 'results')
  const at = (name: string): string => join(out(), name)
  const text = (name: string): string => readFileSync(at(name), 'utf8')
  const partial = 'eval_scores.partial.txt'
  // Converted once: the way from the checkpoint is not the point here.
  const model = convertCheckpoint(
    readFileSync(tinyModel.checkpoint),
    readFileSync(tinyModel.config, 'utf8'),
    {
      target: 'cpu',
    },
  )
  const run = (options: Partial<EvaluateOptions> = {}): Promise<Evaluation> =>
    evaluate({ model, sessions: 1, data: data(), out: out(), ...options })
  const corpus = (lines: readonly CorpusLine[] = demoLines(clipCount)): void => {
    writeCorpus(data(), lines)
  }
  /** Stops a run after so many results. */
  const stopAfter = async (count: number, options: Partial<EvaluateOptions> = {}): Promise<void> => {
    const controller = new AbortController()
    const onProgress: EvaluateOptions['onProgress'] = ({ done }) => {
      if (done === count) controller.abort(new Error('stopped by the test'))
    }
    await failureOf(run({ ...options, signal: controller.signal, onProgress }))
  }
  const inOneGo = async (options: Partial<EvaluateOptions> = {}): Promise<string> => {
    await run({ ...options, out: join(folder(), 'in one go') })
    return readFileSync(join(folder(), 'in one go', 'eval_scores.txt'), 'utf8')
  }
  /** The scores of one uninterrupted run over all clips: the same for every test. */
  let whole: Promise<string> | undefined
  const uninterrupted = (): Promise<string> => (whole ??= inOneGo())

  it('scores only the rest, and ends with the bytes of an uninterrupted run', async () => {
    corpus()
    const expected = await uninterrupted()
    await stopAfter(15)
    await stopAfter(25)
    const progress: number[] = []
    const { metrics, failures } = await run({ onProgress: ({ done }) => progress.push(done) })
    expect(progress).to.deep.equal(Array.from({ length: clipCount - 25 }, (_, index) => 26 + index))
    expect(metrics.provenance.scoredEarlier).to.equal(25)
    expect(failures).to.deep.equal([])
    expect(text('eval_scores.txt')).to.equal(expected)
    expect(filesIn(out())).to.deep.equal(resultFiles)
    const events = text('run.jsonl').trimEnd().split('\n')
    expect(events.map(line => (JSON.parse(line) as { event: string }).event)).to.deep.equal([
      'start',
      'stopped',
      'resume',
      'stopped',
      'resume',
      'end',
    ])
  })

  it('gives the same metrics as an uninterrupted run', async () => {
    corpus()
    await inOneGo()
    await stopAfter(20)
    const { metrics } = await run()
    const { provenance, ...figures } = metrics
    const whole = JSON.parse(
      readFileSync(join(folder(), 'in one go', 'metrics.json'), 'utf8'),
    ) as typeof metrics
    expect(provenance.scoredEarlier).to.equal(20)
    for (const [name, value] of Object.entries(figures)) {
      expect(value, name).to.deep.equal(whole[name as keyof typeof whole])
    }
  })

  it('scores nothing when there are all scores, and computes the metrics anew', async () => {
    corpus()
    await run()
    const scores = text('eval_scores.txt')
    const { metrics } = await run({
      asvPreset: 'la2019-eval',
      onProgress: () => expect.fail('scored something'),
    })
    expect(metrics.provenance.scoredEarlier).to.equal(clipCount)
    expect(metrics.minTdcf).to.be.a('number')
    expect(text('eval_scores.txt')).to.equal(scores)
    expect(filesIn(out())).to.deep.equal(resultFiles)
  })

  it('tries again what had no score, and puts it in its place', async () => {
    const lines = demoLines(clipCount)
    corpus(lines.map((line, index) => (index === 7 ? { ...line, audio: Buffer.from('not audio') } : line)))
    const { failures } = await run()
    expect(failures).to.have.length(1)
    const clip = join(data(), 'ASVspoof2019_LA_eval', 'flac', `${lines[7]!.utterance}.flac`)
    rmSync(clip)
    symlinkSync(lines[7]!.audio as string, clip)
    const { metrics } = await run()
    expect(metrics).to.include({ missing: 0 })
    expect(metrics.provenance.scoredEarlier).to.equal(clipCount - 1)
    expect(text('eval_scores.txt')).to.equal(await uninterrupted())
  })

  it('gives the bytes of an uninterrupted run with a fixed batch too', async () => {
    corpus()
    const { checkpoint, config } = tinyModel
    const model = convertCheckpoint(readFileSync(checkpoint), readFileSync(config, 'utf8'), {
      target: 'cpu',
      batch: 3,
    })
    const expected = await inOneGo({ model })
    for (const count of [2, 10, 11, 25]) await stopAfter(count, { model })
    await run({ model, sessions: 2 })
    expect(text('eval_scores.txt')).to.equal(expected)
  })

  it('counts what it took over into the progress, and leaves it out of the rate', async () => {
    corpus()
    await stopAfter(30)
    const { metrics } = await run({
      onProgress: ({ done, total, remainingSeconds }) => {
        expect(done).to.be.within(31, total)
        if (done === total) expect(remainingSeconds).to.equal(0)
      },
    })
    const { clipsPerSecond, elapsedSeconds } = metrics.provenance
    expect(clipsPerSecond * elapsedSeconds).to.be.closeTo(clipCount - 30, 1e-9)
  })

  describe('after an end that tore its files', () => {
    const damages: Readonly<Record<string, (kept: string) => string>> = {
      'a last line without its end': kept => kept.slice(0, -4),
      'a last line cut within the number': kept => `${kept}${demoLines(21)[20]!.utterance} - bonafide 0.`,
      'zeros, as after a power cut': kept => `${kept}${'\0'.repeat(5000)}`,
      'a torn line in the middle': kept => kept.replace(/\n(\S+) (\S+) (\S+) (\S+)\n/, '\n$1 $2 $3\n'),
      'lines twice': kept => kept + kept,
      'a score that contradicts another': kept => `${kept}${kept.split('\n')[3]!}9\n`,
      'a score that is not a number': kept => kept.replace(/ \S+\n/, ' NaN\n'),
      'the key of another list': kept => kept.replace(' bonafide ', ' spoof '),
      'utterances of another list': kept => `LA_E_1 - bonafide 1\n${kept}`,
      nothing: () => '',
      'megabytes without a line end': kept => `${kept}${'x'.repeat(3_000_000)}`,
    }
    for (const [damage, apply] of Object.entries(damages)) {
      it(`leaves scores that are right: ${damage}`, async () => {
        corpus()
        await stopAfter(20)
        writeFileSync(at(partial), apply(text(partial)))
        await run()
        expect(text('eval_scores.txt')).to.equal(await uninterrupted())
        expect(filesIn(out())).to.deep.equal(resultFiles)
      })
    }

    it('removes what was being written', async () => {
      corpus()
      await stopAfter(20)
      writeFileSync(at('.aasist-0123456789abcdef.tmp'), 'half a file')
      await run()
      expect(filesIn(out())).to.deep.equal(resultFiles)
    })

    it('goes on when nothing but the temporary file of the first manifest is there', async () => {
      corpus(demoLines(3))
      mkdirSync(out())
      writeFileSync(at('.aasist-0123456789abcdef.tmp'), '{')
      await run()
      expect(filesIn(out())).to.deep.equal(resultFiles)
    })
  })

  it('with another model refuses, says what differs, and leaves the scores so far as they are', async () => {
    corpus()
    await stopAfter(20)
    const before = filesIn(out()).map(name => text(name))
    const other = convertCheckpoint(
      readFileSync(tinyModel.checkpoint),
      readFileSync(tinyModel.config, 'utf8'),
      {
        target: 'plain',
        batch: 2,
      },
    )
    const error = await expectCode(run({ model: other }), 'OUTPUT_EXISTS')
    expect(error.message).to.match(/modelSha256 \("[0-9a-f]{12}…" there, "[0-9a-f]{12}…" now\)/)
    expect(error.message).to.match(/batch \(1 there, 2 now\)/)
    expect(filesIn(out()).map(name => text(name))).to.deep.equal(before)
  })

  it('ends with a clear error when its log cannot be written', async () => {
    corpus()
    await stopAfter(5)
    rmSync(at('run.jsonl'))
    symlinkSync('/dev/full', at('run.jsonl'))
    expect((await expectCode(run(), 'OUTPUT_UNWRITABLE')).message).to.match(/ENOSPC/)
    rmSync(at('run.jsonl'))
    await run()
    expect(text('eval_scores.txt')).to.equal(await uninterrupted())
  })

  it('begins a new line in a log that a full disk tore', async () => {
    corpus(demoLines(3))
    await run()
    const before = text('run.jsonl')
    writeFileSync(at('run.jsonl'), `${before}{"time":"2026`)
    await run()
    const [torn, ...events] = text('run.jsonl').slice(before.length).trimEnd().split('\n')
    expect(torn).to.equal('{"time":"2026')
    expect(events.map(line => (JSON.parse(line) as { event: string }).event)).to.deep.equal(['resume', 'end'])
  })

  it('refuses other clips under the same names, and not the repaired one that had no score', async () => {
    const lines = demoLines(16)
    const damaged = (index: number): CorpusLine => ({ ...lines[index]!, audio: Buffer.from('not audio') })
    corpus([damaged(0), ...lines.slice(1)])
    await run()
    const other = join(folder(), 'other')
    writeCorpus(other, lines)
    expect((await run({ data: other })).metrics.missing).to.equal(0)
    writeCorpus(join(folder(), 'swapped'), [...lines.slice(0, 5), damaged(5), ...lines.slice(6)])
    const error = await expectCode(run({ data: join(folder(), 'swapped') }), 'OUTPUT_EXISTS')
    expect(error.message).to.match(/different clips \(/)
  })

  it('keeps its log, to which it adds', async () => {
    corpus(demoLines(3))
    await run()
    const before = text('run.jsonl')
    await run()
    expect(text('run.jsonl').startsWith(before)).to.equal(true)
  })
})
