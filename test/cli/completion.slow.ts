import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { errorGuides } from '../../lib/cli/code-guide'
import { requireTool } from '../support/environment'
import { aasist, expectFailure, expectSuccess, quoted, Running, scratchFolder } from './support'
import { onTerminal } from './terminals'

const commands = [
  ...['demo', 'score', 'eval', 'metrics', 'calibrate', 'convert', 'compile', 'bench', 'devices', 'cache'],
  ...['report', 'simulator', 'doctor', 'explain', 'completion', 'help'],
]

/** In the environment: shells that start other programs take it out of their own. */
const prompt = ['env', 'PS1=ready> ']

interface Case {
  readonly what: string
  /** What is typed before Tab. */
  readonly typed: string
  readonly offered: readonly string[]
}

const cases: readonly Case[] = [
  { what: 'commands', typed: 'aasist ', offered: commands },
  { what: 'the beginning of a command', typed: 'aasist co', offered: ['compile', 'completion', 'convert'] },
  { what: 'commands of a command', typed: 'aasist cache r', offered: ['rm'] },
  { what: 'options of the command', typed: 'aasist eval --asv-', offered: ['--asv-preset', '--asv-scores'] },
  {
    what: 'options behind other arguments',
    typed: 'aasist score a.wav --model b.pth --ch',
    offered: ['--channels'],
  },
  { what: 'values of an option', typed: 'aasist eval --asv-preset ', offered: ['la2019-eval'] },
  {
    what: 'values that are not all there are',
    typed: 'aasist score --device np',
    offered: ['npu', 'npu+cpu'],
  },
  { what: 'values of an argument', typed: 'aasist completion ', offered: ['bash', 'fish', 'zsh'] },
  {
    what: 'codes to be explained',
    typed: 'aasist explain QUEUE',
    offered: ['QUEUE_FULL'],
  },
  { what: 'files as arguments', typed: 'aasist score cl', offered: ['clip.wav', 'clips/'] },
  { what: 'files of an option', typed: 'aasist score --model we', offered: ['weights of mine.pth'] },
  { what: 'folders where only they will do', typed: 'aasist eval --data c', offered: ['clips/'] },
  { what: 'nothing where nobody can guess', typed: 'aasist bench --loop ', offered: [] },
  { what: 'commands behind help', typed: 'aasist help sc', offered: ['score'] },
]

describe('aasist completion', () => {
  const folder = scratchFolder()

  const printed = new Map<string, string>()
  before(async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const ended = await aasist(['completion', shell])
      expectSuccess(ended)
      expect(ended.stderr).to.equal('')
      printed.set(shell, ended.stdout)
    }
  })

  /** Gives the path of the script, in a folder with things to be completed. */
  function script(shell: string): string {
    const path = join(folder(), `completion.${shell}`)
    writeFileSync(path, printed.get(shell)!)
    for (const name of ['clip.wav', 'weights of mine.pth']) writeFileSync(join(folder(), name), '')
    mkdirSync(join(folder(), 'clips'), { recursive: true })
    return path
  }

  async function linesOf(command: string, args: readonly string[]): Promise<readonly string[]> {
    const ended = await new Running(command, args, { cwd: folder(), env: { HOME: folder() } }).ended
    expect(ended.stderr).to.equal('')
    expect(ended.status).to.equal(0)
    return ended.stdout.split('\n').filter(line => line !== '')
  }

  describe('in bash offers', () => {
    /** What readline calls the function with; folders get their slash from readline. */
    const offers = async (typed: string, words = typed.split(' ')): Promise<readonly string[]> => {
      const program = [
        `source ${quoted(script('bash'))}`,
        `COMP_WORDS=(${words.map(quoted).join(' ')}); COMP_CWORD=${words.length - 1}`,
        '_aasist; printf "%s\\n" "${COMPREPLY[@]}"',
      ]
      return (await linesOf('bash', ['--norc', '-c', program.join('\n')])).toSorted()
    }

    for (const { what, typed, offered } of cases) {
      it(what, async function () {
        requireTool(this, 'bash')
        const plain = offered.map(name => name.replace(/\/$/, ''))
        expect(await offers(typed)).to.deep.equal([...plain].sort())
      })
    }

    it('values behind an equals sign, which bash takes for a word', async () => {
      const words = ['aasist', 'eval', '--asv-preset', '=', 'la']
      expect(await offers(words.join(''), words)).to.deep.equal(['la2019-eval'])
      expect(await offers('', words.slice(0, 4))).to.deep.equal(['la2019-eval'])
    })

    it('what Tab then writes into the line', async function () {
      const path = script('bash')
      const { stdout } = await onTerminal(this, [...prompt, 'bash', '--norc', '--noprofile', '-i'], {
        cwd: folder(),
        columns: 400,
        env: { TERM: 'dumb', INPUTRC: '/dev/null' },
        steps: [
          ['ready> ', `source ${quoted(path)}; aasist() { printf '<%s>' "$@"; echo .; }; PS1='go''> '\n`],
          ['go> ', 'aasist sco\t--mod\twei\t\n'],
          ['>.', 'exit\n'],
        ],
      })
      expect(stdout).to.include('<score><--model><weights of mine.pth>.')
    })
  })

  describe('in fish offers', () => {
    for (const { what, typed, offered } of cases) {
      it(what, async function () {
        const fish = requireTool(this, 'fish')
        const path = script('fish')
        const lines = await linesOf(fish, [
          '--no-config',
          '-c',
          `source ${quoted(path)}; complete -C ${quoted(typed)}`,
        ])
        const names = lines.map(line => line.split('\t')[0]!.replaceAll('\\', ''))
        expect(names.toSorted()).to.deep.equal([...offered].sort())
      })
    }

    it('what each is for beside it', async function () {
      const fish = requireTool(this, 'fish')
      const path = script('fish')
      const lines = await linesOf(fish, [
        '--no-config',
        '-c',
        `source ${quoted(path)}; complete -C 'aasist dem'`,
      ])
      expect(lines).to.have.length(1)
      expect(lines[0]).to.match(/^demo\tconvert the demo checkpoint/)
    })
  })

  describe('in zsh writes into the line', () => {
    const typed: readonly [what: string, keys: string, line: string][] = [
      ['commands', 'aasist dem\t', '<demo>'],
      ['commands of a command', 'aasist cache r\t', '<cache><rm>'],
      ['options and their values', 'aasist eval --asv-p\tla\t', '<eval><--asv-preset=la2019-eval>'],
      ['values of their own word', 'aasist eval --asv-preset la\t', '<eval><--asv-preset><la2019-eval>'],
      ['values of an argument', 'aasist completion ba\t', '<completion><bash>'],
      ['codes', 'aasist explain QUEUE\t', '<explain><QUEUE_FULL>'],
      ['files', 'aasist score --model wei\t', '<score><--model><weights of mine.pth>'],
      // zsh takes the slash it has added away when the line ends.
      ['folders where only they will do', 'aasist eval --data cl\t', '<eval><--data><clips>'],
    ]
    for (const [what, keys, line] of typed) {
      it(what, async function () {
        const zsh = requireTool(this, 'zsh')
        const path = script('zsh')
        const setUp = [
          'autoload -U compinit; compinit -D -u',
          `source ${quoted(path)}`,
          'aasist() { printf \'<%s>\' "$@"; echo . }',
          "PS1='go''> '",
        ]
        const { stdout } = await onTerminal(this, [...prompt, zsh, '-f', '-i'], {
          cwd: folder(),
          columns: 400,
          env: { TERM: 'dumb', HOME: folder(), ZDOTDIR: folder() },
          steps: [
            ['ready> ', `${setUp.join('; ')}\n`],
            ['go> ', `${keys}\n`],
            ['>.', 'exit\n'],
          ],
        })
        expect(stdout).to.include(`${line}.`)
      })
    }
  })

  it('offers every code there is, and every option that --help shows', async () => {
    const bash = printed.get('bash')!
    for (const code of Object.keys(errorGuides)) expect(bash).to.include(code)
    for (const command of ['score', 'eval', 'bench', 'compile']) {
      const help = (await aasist([command, '--help'])).stdout
      const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option!)
      expect(options.length).to.be.above(5)
      const [, offered = ''] = new RegExp(`'aasist ${command}'\\)\\n\\s*options='([^']*)'`).exec(bash) ?? []
      expect(offered.split(' ')).to.include.members(options)
    }
  })

  it('refuses other shells by name', async () => {
    const ended = await aasist(['completion', 'tcsh'])
    expectFailure(ended, 2, 'INVALID_ARGUMENT')
    expect(ended.stderr).to.include('bash, zsh, fish')
  })
})
