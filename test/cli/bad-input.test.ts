import { expect } from 'chai'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { badAudio } from '../audio/bad-audio'
import { badDatasets } from '../dataset/bad-datasets'
import { writeFolder } from '../dataset/folders'
import { badModelFiles, goodConfig } from '../model/bad-model-files'
import { demoModel } from '../support/golden'
import { inPairs, runCli, type CliResult } from './run-cli'

/** What a crash, as opposed to an error, prints. */
const crash = /\n\s+at |Segmentation|Aborted|core dumped|UnhandledPromise|node:internal|Assertion/

/** Results under their final names; a manifest and a log may stay, for they say themselves that a run did not end. */
const resultNames = ['eval_scores.txt', 't-DCF_EER.txt', 'metrics.json']

function expectRefusal(result: CliResult, code: string, exitCode: 1 | 2): void {
  const seen = JSON.stringify(result)
  expect(result.signal, seen).to.equal(null)
  expect(result.exitCode, seen).to.equal(exitCode)
  expect(result.stderr, seen).to.include(`[${code}]`)
  expect(result.stderr, seen).to.not.match(crash)
  expect(result.stdout, seen).to.equal('')
}

describe('bad input on the command line', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'aasist-bad-input-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it(`audio: every one of ${badAudio.length} bad files gets a line with its code, and the run goes on to the last`, async function () {
    this.timeout(120_000)
    const paths = badAudio.map(({ fileName, bytes }, i) => {
      mkdirSync(join(folder, 'audio', String(i)), { recursive: true })
      const path = join(folder, 'audio', String(i), fileName)
      writeFileSync(path, bytes())
      return path
    })
    const result = await runCli(['score', '--json', ...paths])
    expect(result.exitCode).to.equal(1)
    expect(result.stderr).to.not.match(crash)
    const lines = result.stdout.trimEnd().split('\n')
    expect(lines).to.have.length(badAudio.length)
    for (const [i, line] of lines.entries()) {
      const { file, score, error } = JSON.parse(line) as {
        file: string
        score?: number
        error?: { code: string; message: string }
      }
      expect(file).to.equal(paths[i])
      expect(score, badAudio[i]!.name).to.equal(undefined)
      expect(error?.code, badAudio[i]!.name).to.equal(badAudio[i]!.code)
      expect(error?.message, badAudio[i]!.name).to.be.a('string').that.is.not.empty
    }
  })

  it('audio: what is no file, or not there, is said of that file alone', async function () {
    this.timeout(30_000)
    const missing = join(folder, 'nowhere.wav')
    const result = await runCli(['score', '--json', missing, '/dev/null'])
    const codes = result.stdout
      .trimEnd()
      .split('\n')
      .map(line => (JSON.parse(line) as { error: { code: string } }).error.code)
    expect(codes).to.deep.equal(['AUDIO_NOT_FOUND', 'AUDIO_UNREADABLE'])
    expect(result.exitCode).to.equal(1)
  })

  it(`models: every one of ${badModelFiles.length} bad checkpoints and configurations is refused, and nothing is written`, async function () {
    this.timeout(240_000)
    await inPairs(
      badModelFiles.map((file, i) => ({ ...file, i })),
      async ({ i, name, fileName, bytes, config, code }) => {
        const place = join(folder, 'models', String(i))
        writeFolder(place, { [fileName]: bytes(), 'model.conf': config ?? goodConfig })
        const before = readdirSync(place)
        const result = await runCli(
          ['convert', '--checkpoint', fileName, '--config', 'model.conf', '--out', 'out.onnx'],
          { cwd: place },
        )
        expectRefusal(result, code, 1)
        expect(readdirSync(place), name).to.deep.equal(before)
      },
    )
  })

  it('models: a checkpoint that names code is refused by every command that takes one, and the code does not run', async function () {
    this.timeout(60_000)
    const harmful = badModelFiles.filter(({ code }) => code === 'CHECKPOINT_UNSAFE')
    expect(harmful.length).to.be.greaterThan(0)
    const { fileName, bytes } = harmful[0]!
    const place = join(folder, 'harmful')
    writeFolder(place, { [fileName]: bytes(), 'model.conf': goodConfig })
    const before = readdirSync(place)
    const model = ['--model', fileName, '--config', 'model.conf']
    const clip = join(demoModel.corpus, 'ASVspoof2019_LA_eval', 'flac', 'DEMO_E_0001000.flac')
    for (const args of [
      ['score', clip, ...model],
      ['eval', ...model, '--data', demoModel.corpus, '--out', 'results'],
    ]) {
      expectRefusal(await runCli(args, { cwd: place }), 'CHECKPOINT_UNSAFE', 1)
      expect(readdirSync(place)).to.deep.equal(before)
    }
  })

  it(`corpora: every one of ${badDatasets.length} bad data folders is refused before a clip is scored`, async function () {
    this.timeout(240_000)
    await inPairs(
      badDatasets.map((dataset, i) => ({ ...dataset, i })),
      async ({ i, name, files, code }) => {
        const place = join(folder, 'corpora', String(i))
        writeFolder(join(place, 'LA'), files)
        const out = join(place, 'results')
        const result = await runCli([
          'eval',
          '--model',
          demoModel.checkpoint,
          '--data',
          join(place, 'LA'),
          '--out',
          out,
        ])
        expectRefusal(result, code, 1)
        for (const wholeLooking of resultNames)
          expect(existsSync(join(out, wholeLooking)), name).to.equal(false)
      },
    )
  })

  const clip = join(demoModel.corpus, 'ASVspoof2019_LA_eval', 'flac', 'DEMO_E_0001000.flac')
  const usageMistakes: Readonly<Record<string, readonly string[]>> = {
    'an unknown command': ['scoer', clip],
    'an unknown option': ['score', clip, '--modle', 'x'],
    'no file to score': ['score'],
    'a threshold that is no number': ['score', clip, '--threshold', 'high'],
    'a device that is none': ['score', clip, '--device', 'gpu'],
    'no session at all': ['score', clip, '--sessions', '0'],
    'half a session': ['score', clip, '--sessions', '1.5'],
    'an unknown way to resample': ['score', clip, '--resample', 'maybe'],
    'no model to evaluate': ['eval', '--data', demoModel.corpus, '--out', 'x'],
    'no corpus to evaluate': ['eval', '--model', demoModel.checkpoint, '--out', 'x'],
    'no place for the results': ['eval', '--model', demoModel.checkpoint, '--data', demoModel.corpus],
    'ASV scores and a preset': [
      'eval',
      '--asv-scores',
      'a',
      '--asv-preset',
      'la2019-eval',
      '--model',
      'm',
      '--data',
      'd',
      '--out',
      'x',
    ],
    'an unknown ASV preset': ['eval', '--asv-preset', 'la2021', '--model', 'm', '--data', 'd', '--out', 'x'],
    'an unknown target': [
      'convert',
      '--checkpoint',
      demoModel.checkpoint,
      '--target',
      'gpu',
      '--out',
      'x.onnx',
    ],
    'a batch of none': ['convert', '--checkpoint', demoModel.checkpoint, '--batch', '0', '--out', 'x.onnx'],
    'a batch that is too large': [
      'convert',
      '--checkpoint',
      demoModel.checkpoint,
      '--batch',
      '5000',
      '--out',
      'x.onnx',
    ],
    'nothing to write to': ['convert', '--checkpoint', demoModel.checkpoint],
  }

  it(`usage: ${Object.keys(usageMistakes).length} mistakes exit with 2, say what was wrong, and write nothing`, async function () {
    this.timeout(60_000)
    const place = join(folder, 'usage')
    mkdirSync(place)
    await inPairs(Object.entries(usageMistakes), async ([name, args]) => {
      const result = await runCli(args, { cwd: place })
      expect(result.exitCode, `${name}: ${JSON.stringify(result)}`).to.equal(2)
      expect(result.stderr, name).to.match(/error|aasist:/)
      expect(result.stderr, name).to.not.match(crash)
      expect(result.stdout, name).to.equal('')
    })
    expect(readdirSync(place)).to.deep.equal([])
  })
})
