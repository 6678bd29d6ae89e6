import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { badAudio } from '../audio/bad-audio'
import { badDatasets } from '../dataset/bad-datasets'
import { writeFolder } from '../dataset/folders'
import { badModelFiles, goodConfig } from '../model/bad-model-files'
import { speechWav, tinyModel } from '../scoring/support'
import { demoModel } from '../support/golden'
import { aasist, expectFailure, inParallel, type Ended } from './support'

/** A refusal is quick; this leaves room for a busy machine. */
const mostSeconds = 20

/** Every file below a folder, however deep: what a command has left behind. */
const everythingIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()

/** A case with the folder it runs in and what came of it. */
interface Tried {
  readonly ended: Ended
  readonly before: readonly string[]
  readonly after: readonly string[]
}

describe('bad input through the command line', () => {
  let folder: string
  const tried = new Map<string, Tried>()
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'aasist-bad-input-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** Runs a command in a folder of its own. */
  async function tryOut(key: string, prepare: (place: string) => readonly string[]): Promise<void> {
    const place = join(folder, key)
    mkdirSync(place, { recursive: true })
    const args = prepare(place)
    const before = everythingIn(place)
    const ended = await aasist(args, { cwd: place })
    tried.set(key, { ended, before, after: everythingIn(place) })
  }

  function expectRefusal(key: string, code: string): Tried {
    const result = tried.get(key)!
    expectFailure(result.ended, 1, code)
    expect(result.ended.stdout).to.equal('')
    expect(result.ended.seconds).to.be.below(mostSeconds)
    return result
  }

  describe('audio', () => {
    let ended: Ended
    let files: string[]

    before(async function () {
      this.timeout(120_000)
      const place = join(folder, 'audio')
      const write = (name: string, bytes: Uint8Array): string => {
        mkdirSync(dirname(join(place, name)), { recursive: true })
        writeFileSync(join(place, name), bytes)
        return name
      }
      files = [
        write('first.wav', speechWav()),
        ...badAudio.map(({ fileName, bytes }, index) => write(join(String(index), fileName), bytes())),
        write('last.wav', speechWav()),
        'nowhere.wav',
        '/dev/null',
      ]
      ended = await aasist(['score', '--json', '--model', tinyModel.checkpoint, ...files], { cwd: place })
    })

    it('does not end the run: one line for every file, in order, and exit code 1', () => {
      expect([ended.status, ended.signal], ended.stderr).to.deep.equal([1, null])
      const lines = ended.stdout.trimEnd().split('\n')
      expect(lines.map(line => (JSON.parse(line) as { file: string }).file)).to.deep.equal(files)
      expect(lines[0]).to.include('"score":')
      expect(lines[badAudio.length + 1]).to.equal(lines[0]!.replace('first', 'last'))
      expect(ended.stderr).to.equal(`${badAudio.length + 2} of ${files.length} files could not be scored\n`)
      expect(ended.seconds).to.be.below(2 * mostSeconds)
    })

    const outcome = (index: number): unknown => {
      return JSON.parse(ended.stdout.split('\n')[index]!)
    }
    for (const [index, { name, code }] of badAudio.entries()) {
      it(`${name}: ${code}`, () => {
        const result = outcome(index + 1) as { error: { code: string; message: string } }
        expect(result).to.have.all.keys('file', 'error')
        expect(result.error.code).to.equal(code)
        expect(result.error.message).to.match(/ .* /)
      })
    }

    it('a file that is not there, and what is none: AUDIO_NOT_FOUND, AUDIO_UNREADABLE', () => {
      expect(outcome(badAudio.length + 2)).to.have.nested.property('error.code', 'AUDIO_NOT_FOUND')
      expect(outcome(badAudio.length + 3)).to.have.nested.property('error.code', 'AUDIO_UNREADABLE')
    })
  })

  describe('models', () => {
    before(async function () {
      this.timeout(240_000)
      await inParallel([...badModelFiles.entries()], 2, async ([index, { fileName, bytes, config }]) => {
        await tryOut(`model-${index}`, place => {
          writeFolder(place, {
            [fileName]: bytes(),
            'model.conf': config ?? goodConfig,
            'out.onnx': 'as before',
          })
          return ['convert', '--checkpoint', fileName, '--config', 'model.conf', '--out', 'out.onnx']
        })
      })
    })

    for (const [index, { name, code }] of badModelFiles.entries()) {
      it(`${name}: ${code}, and nothing is written or run`, () => {
        const { before, after } = expectRefusal(`model-${index}`, code)
        expect(after).to.deep.equal(before)
      })
    }

    it('a harmful checkpoint executes nothing with score and eval either', async function () {
      this.timeout(60_000)
      const harmful = badModelFiles.filter(({ code }) => code === 'CHECKPOINT_UNSAFE')
      expect(harmful.length).to.be.above(4)
      const cases = harmful
        .slice(0, 3)
        .flatMap(({ fileName, bytes, config }, index) =>
          (['score', 'eval'] as const).map(command => ({ command, fileName, bytes, config, index })),
        )
      await inParallel(cases, 2, async ({ command, fileName, bytes, config, index }) => {
        const key = `harmful-${command}-${index}`
        await tryOut(key, place => {
          writeFolder(place, {
            [fileName]: bytes(),
            'model.conf': config ?? goodConfig,
            'a.wav': speechWav(),
          })
          const model = ['--model', fileName, '--config', 'model.conf']
          return command === 'score'
            ? ['score', 'a.wav', ...model]
            : ['eval', ...model, '--data', demoModel.corpus, '--out', 'results']
        })
        const { before, after } = expectRefusal(key, 'CHECKPOINT_UNSAFE')
        expect(after).to.deep.equal(before)
      })
    })
  })

  describe('corpora', () => {
    before(async function () {
      this.timeout(240_000)
      await inParallel([...badDatasets.entries()], 2, async ([index, { files }]) => {
        await tryOut(`corpus-${index}`, place => {
          mkdirSync(join(place, 'LA'))
          writeFolder(join(place, 'LA'), files)
          return ['eval', '--model', tinyModel.checkpoint, '--data', 'LA', '--out', 'results']
        })
      })
    })

    for (const [index, { name, code, message }] of badDatasets.entries()) {
      it(`${name}: ${code}, and no results folder`, () => {
        const { ended, before, after } = expectRefusal(`corpus-${index}`, code)
        expect(ended.stderr).to.match(message)
        expect(after).to.deep.equal(before)
      })
    }
  })

  describe('places', () => {
    const cases: readonly [what: string, code: string, args: readonly string[]][] = [
      ['a model that is not there', 'MODEL_NOT_FOUND', ['score', 'a.wav', '--model', 'none.pth']],
      ['a folder as model', 'MODEL_INVALID', ['score', 'a.wav', '--model', '.']],
      ['a device as model', 'MODEL_INVALID', ['score', 'a.wav', '--model', '/dev/zero']],
      ['audio as model', 'MODEL_INVALID', ['score', 'a.wav', '--model', 'a.wav']],
      ['a model without configuration', 'CONFIG_INVALID', ['score', 'a.wav', '--model', 'a.pth']],
      [
        'a device as configuration',
        'CONFIG_INVALID',
        ['score', 'a.wav', '--model', 'a.pth', '--config', '/dev/zero'],
      ],
      [
        'a checkpoint that is not there',
        'MODEL_NOT_FOUND',
        ['convert', '--checkpoint', 'no.pth', '--out', 'o'],
      ],
      [
        'an output in a folder that is not there',
        'OUTPUT_UNWRITABLE',
        ['convert', '--checkpoint', tinyModel.checkpoint, '--out', 'no/where.onnx'],
      ],
      [
        'a folder as output file',
        'OUTPUT_UNWRITABLE',
        ['convert', '--checkpoint', tinyModel.checkpoint, '--out', 'sub'],
      ],
      [
        'a file as output folder',
        'OUTPUT_UNWRITABLE',
        ['eval', '--model', tinyModel.checkpoint, '--data', demoModel.corpus, '--out', 'a.wav'],
      ],
      [
        'an output folder that nobody can make',
        'OUTPUT_UNWRITABLE',
        ['eval', '--model', tinyModel.checkpoint, '--data', demoModel.corpus, '--out', '/proc/a/b'],
      ],
      [
        'a data folder that is not there',
        'DATASET_INVALID',
        ['eval', '--model', tinyModel.checkpoint, '--data', 'no', '--out', 'o'],
      ],
      [
        'a protocol that is not there',
        'PROTOCOL_INVALID',
        [
          'eval',
          '--model',
          tinyModel.checkpoint,
          '--data',
          demoModel.corpus,
          '--out',
          'o',
          '--protocol',
          'no.txt',
        ],
      ],
      [
        'audio as ASV scores',
        'SCORES_INVALID',
        [
          'eval',
          '--model',
          tinyModel.checkpoint,
          '--data',
          demoModel.corpus,
          '--out',
          'o',
          '--asv-scores',
          'a.wav',
        ],
      ],
    ]
    before(async function () {
      this.timeout(120_000)
      await inParallel([...cases.entries()], 2, async ([index, [, , args]]) => {
        await tryOut(`place-${index}`, place => {
          writeFolder(place, { 'a.wav': speechWav(), 'a.pth': 'PK', 'sub/file': '' })
          return args
        })
      })
    })

    for (const [index, [what, code]] of cases.entries()) {
      it(`${what}: ${code}, and nothing is written`, () => {
        const { ended, before, after } = expectRefusal(`place-${index}`, code)
        expect(ended.stderr).to.not.include('.aasist-')
        expect(after).to.deep.equal(before)
      })
    }
  })
})
