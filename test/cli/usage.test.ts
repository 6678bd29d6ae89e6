import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readJson } from '../support/golden'
import { root } from '../support/environment'
import { tinyModel } from '../scoring/support'
import { aasist, expectFailure, expectSuccess, inParallel, type Ended } from './support'

const commands = ['demo', 'score', 'eval', 'metrics', 'calibrate', 'convert', 'compile', 'devices', 'doctor']
/** Those that only group others, or print no results. */
const furtherCommands = ['cache', 'simulator', 'explain', 'completion']

describe('aasist', () => {
  it('--help names every command, on stdout', async () => {
    const ended = await aasist(['--help'])
    expectSuccess(ended)
    expect(ended.stderr).to.equal('')
    for (const command of [...commands, ...furtherCommands])
      expect(ended.stdout).to.match(new RegExp(`^  ${command} `, 'm'))
  })

  it('<command> --help shows its options and an example that is a call of it', async () => {
    await inParallel(commands, 2, async command => {
      for (const args of [
        [command, '--help'],
        ['help', command],
      ]) {
        const ended = await aasist(args)
        expectSuccess(ended)
        expect(ended.stderr).to.equal('')
        expect(ended.stdout).to.match(new RegExp(`^Usage: aasist ${command} .*\\n\\n\\S`))
        expect(ended.stdout).to.match(new RegExp(`\\nExample:\\n  aasist ${command}( |\\n)`))
        expect(ended.stdout).to.match(/ {2}--json {2}/)
      }
    })
  })

  it('--version prints the version of the package', async () => {
    const { version } = readJson(root, 'package.json') as { version: string }
    expect(await aasist(['--version'])).to.include({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('without a command, or with help for none, shows the help on stderr and exits with 2', async () => {
    for (const args of [[], ['help', 'nothing']]) {
      const ended = await aasist(args)
      expectFailure(ended, 2, 'INVALID_ARGUMENT')
      expect(ended.stdout).to.equal('')
      expect(ended.stderr).to.match(/^ {2}score /m)
    }
  })

  describe('answers a mistake with exit code 2, its code on stderr and nothing on stdout:', () => {
    const model = ['--model', tinyModel.checkpoint]
    const evaluation = [...model, '--data', join(root, 'models', 'demo', 'LA'), '--out', 'out']
    const conversion = ['--checkpoint', tinyModel.checkpoint, '--out', 'out']
    const mistakes: readonly [what: string, args: readonly string[], code: string, says: RegExp][] = [
      ['an unknown command', ['scroe', 'a.wav'], 'INVALID_ARGUMENT', /unknown command 'scroe'.*\n.*score/],
      ['an unknown option before the command', ['--verbose', 'doctor'], 'UNKNOWN_OPTION', /--verbose/],
      ['an unknown option', ['score', 'a.wav', '--modle', 'x'], 'UNKNOWN_OPTION', /--modle'.*\n.*--model/],
      ['no files', ['score'], 'INVALID_ARGUMENT', /files/],
      ['an option without its value', ['score', 'a.wav', '--model'], 'INVALID_ARGUMENT', /--model <file>/],
      ['an unknown device', ['score', 'a.wav', '--device', 'gpu'], 'INVALID_ARGUMENT', /auto, cpu, npu/],
      ['an empty device', ['score', 'a.wav', '--device', ''], 'INVALID_ARGUMENT', /auto, cpu, npu/],
      ['a negative device', ['score', 'a.wav', '--device=-1'], 'INVALID_ARGUMENT', /device ids/],
      ['no sessions', ['score', 'a.wav', '--sessions', '0'], 'INVALID_ARGUMENT', /at least 1/],
      ['half a session', ['score', 'a.wav', '--sessions', '1.5'], 'INVALID_ARGUMENT', /whole number/],
      ['too many sessions', ['score', 'a.wav', ...model, '--sessions', '99999'], 'INVALID_ARGUMENT', /1024/],
      [
        'more sessions than sense',
        ['score', 'a.wav', ...model, '--sessions', '1024'],
        'INVALID_ARGUMENT',
        /the most/,
      ],
      ['a time-out of none', ['score', 'a.wav', '--timeout', '0'], 'INVALID_ARGUMENT', /seconds above 0/],
      ['a time-out in words', ['eval', '--timeout', '5s'], 'INVALID_ARGUMENT', /--timeout <seconds>/],
      ['a time-out of months', ['score', 'a.wav', '--timeout', '1e9'], 'INVALID_ARGUMENT', /seconds above 0/],
      ['a threshold in words', ['score', 'a.wav', '--threshold', 'high'], 'INVALID_ARGUMENT', /number/],
      ['an infinite threshold', ['score', 'a.wav', '--threshold', 'Infinity'], 'INVALID_ARGUMENT', /number/],
      [
        'a way to resample that is none',
        ['score', 'a.wav', '--resample', 'yes'],
        'INVALID_ARGUMENT',
        /convert, refuse/,
      ],
      [
        'a way to mix that is none',
        ['score', 'a.wav', '--channels', 'left'],
        'INVALID_ARGUMENT',
        /average, refuse/,
      ],
      ['no data', ['eval', ...model, '--out', 'out'], 'INVALID_ARGUMENT', /--data <folder>/],
      ['no out', ['eval', ...model, '--data', 'LA'], 'INVALID_ARGUMENT', /--out <folder>/],
      ['no model', ['eval', '--data', 'LA', '--out', 'out'], 'INVALID_ARGUMENT', /--model <file>/],
      [
        'ASV scores and a preset at once',
        ['eval', ...evaluation, '--asv-scores', 'a.txt', '--asv-preset', 'la2019-eval'],
        'INVALID_ARGUMENT',
        /--asv-scores.*--asv-preset/,
      ],
      [
        'an unknown preset',
        ['eval', ...evaluation, '--asv-preset', 'la2021'],
        'INVALID_ARGUMENT',
        /la2019-eval/,
      ],
      ['an argument too many', ['eval', ...evaluation, 'more'], 'INVALID_ARGUMENT', /too many arguments/],
      ['no checkpoint', ['convert', '--out', 'out'], 'INVALID_ARGUMENT', /--checkpoint <file>/],
      ['a batch of none', ['convert', ...conversion, '--batch', '0'], 'INVALID_ARGUMENT', /at least 1/],
      [
        'a batch of thousands',
        ['convert', ...conversion, '--batch', '5000'],
        'INVALID_ARGUMENT',
        /1 to 1024/,
      ],
      [
        'two ways to say the precision',
        ['eval', ...evaluation, '--precision-mode', 'force_fp16', '--precision-mode-v2', 'fp16'],
        'INVALID_ARGUMENT',
        /--precision-mode.*--precision-mode-v2/,
      ],
      [
        'an unknown precision',
        ['score', 'a.wav', '--precision-mode-v2', 'fp8'],
        'INVALID_ARGUMENT',
        /origin/,
      ],
      [
        'a precision of the CPU',
        ['score', 'a.wav', '--device', 'cpu', '--precision-mode-v2', 'origin'],
        'INVALID_ARGUMENT',
        /--device cpu computes in float32/,
      ],
      [
        'a precision for what is compiled already',
        ['score', 'a.wav', '--model', 'a.om', '--precision-mode', 'force_fp16'],
        'INVALID_ARGUMENT',
        /aasist compile/,
      ],
      ['an unknown target', ['convert', ...conversion, '--target', 'gpu'], 'INVALID_ARGUMENT', /plain, cpu/],
      ['arguments for doctor', ['doctor', 'me'], 'INVALID_ARGUMENT', /too many arguments/],
      ['a file for demo', ['demo', 'a.wav'], 'INVALID_ARGUMENT', /too many arguments/],
    ]
    const results = new Map<string, Ended>()
    let cwd = ''

    before(async function () {
      this.timeout(120_000)
      cwd = mkdtempSync(join(tmpdir(), 'aasist-usage-'))
      await inParallel(mistakes, 2, async ([what, args]) => {
        results.set(what, await aasist(args, { cwd }))
      })
    })
    after(() => rmSync(cwd, { recursive: true, force: true }))

    for (const [what, , code, says] of mistakes) {
      it(what, () => {
        const ended = results.get(what)!
        expectFailure(ended, 2, code)
        expect(ended.stdout).to.equal('')
        expect(ended.stderr).to.match(says)
      })
    }

    it('without having written anything', () => {
      expect(readdirSync(cwd)).to.deep.equal([])
    })

    it('which names the command whose help tells more', async () => {
      expect((await aasist(['convert'])).stderr).to.include('(aasist convert --help ')
      expect((await aasist(['nothing'])).stderr).to.include('(aasist --help ')
    })
  })
})
