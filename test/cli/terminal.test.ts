import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'chai'
import { counted, formatDuration, formatProgress, printable } from '../../lib/cli/terminal'
import { timeLeft } from '../../lib/cli/bench-progress'
import { formatTable, wrap } from '../../lib/cli/table'
import { demoLines, speechWav, tinyModel, writeCorpus } from '../scoring/support'
import { requireTool } from '../support/environment'
import { aasist, program, quoted, Running, scratchFolder, type Ended } from './support'
import { onTerminal } from './terminals'

describe('aasist on a terminal', () => {
  const folder = scratchFolder()

  it('shows a bar with rate and time left, and leaves the results', async function () {
    const script = requireTool(this, 'script')
    writeCorpus(join(folder(), 'LA'), demoLines(60))
    const command = [
      process.execPath,
      program,
      'eval',
      '--model',
      tinyModel.checkpoint,
      '--data',
      'LA',
      '--out',
      'results',
    ]
    // util-linux's script gives the command a terminal of its own and its exit code on.
    const { ended } = new Running(script, ['-qec', command.map(quoted).join(' '), '/dev/null'], {
      cwd: folder(),
      env: { TERM: 'xterm', COLUMNS: '120' },
    })
    const { stdout, status } = await ended
    expect(status).to.equal(0)
    expect(stdout).to.match(/[=-]+ \d+ of 60 clips, \d+\.\d a second(, \d+ s left)?/)
    expect(stdout).to.include('\u001b[')
    expect(stdout).to.match(/EER +\d/)
    expect(stdout).to.match(/results in .*results/)
    // A bar that switches line wrap off must switch it on again; one that hid the cursor could leave it hidden.
    expect(stdout.lastIndexOf('\u001b[?7h')).to.be.above(stdout.lastIndexOf('\u001b[?7l'))
    expect(stdout).to.not.include('\u001b[?25l')
  })
})

describe('aasist on a terminal of 80 columns', () => {
  const folder = scratchFolder()
  const command = (...args: readonly string[]): readonly string[] => [process.execPath, program, ...args]
  const linesOf = ({ stdout }: Ended): readonly string[] => stripVTControlCharacters(stdout).split(/\r?\n/)

  it('shows what doctor finds in tables that fit it, with colours for the states', async function () {
    const ended = await onTerminal(this, command('doctor', '--device', 'cpu'), { env: { TERM: 'xterm' } })
    expect(ended.status, ended.stdout).to.equal(0)
    const lines = linesOf(ended)
    // What is below is commands to be copied, which stay whole.
    const table = lines.slice(0, lines.indexOf(''))
    expect(table).to.have.length.above(5)
    for (const line of table) expect(line.length, line).to.be.at.most(80)
    expect(ended.stdout)
      .to.match(/self-test/)
      .and.include('\u001b[32mok')
  })

  for (const [what, env] of [
    ['NO_COLOR', { TERM: 'xterm', NO_COLOR: '1' }],
    ['a terminal without any', { TERM: 'dumb' }],
  ] as const) {
    it(`has no colours with ${what}`, async function () {
      const ended = await onTerminal(this, command('doctor', '--device', 'cpu'), { env })
      expect(ended.stdout).to.match(/self-test +ok/)
      expect(ended.stdout).to.not.include('\u001b[')
    })
  }

  it('has none where the results go elsewhere, and lines that stay whole', async () => {
    const { stdout } = await aasist(['doctor', '--device', 'cpu'], { env: { TERM: 'xterm' } })
    expect(stdout).to.not.include('\u001b')
    expect(stdout).to.match(/^device cpu +ok +\S.*$/m)
  })

  it('shows a mistake in colour, unless NO_COLOR forbids it', async function () {
    const shown = await onTerminal(this, command('explain', 'NOTHING_LIKE_IT'), { env: { TERM: 'xterm' } })
    expect(shown.status).to.equal(2)
    expect(shown.stdout).to.include('\u001b[31maasist:\u001b[39m there is no code')
    const plain = await onTerminal(this, command('explain', 'NOTHING_LIKE_IT'), {
      env: { TERM: 'xterm', NO_COLOR: '1' },
    })
    expect(plain.stdout).to.include('aasist: there is no code')
    expect(plain.stdout).to.not.include('\u001b')
  })

  it('shows how far score is, and the time left, while its results go into a file', async function () {
    for (let seed = 1; seed <= 40; seed++) writeFileSync(join(folder(), `${seed}.wav`), speechWav({ seed }))
    const line = ['score', '.', '--model', tinyModel.checkpoint, '--sessions', '1']
    const piped = `${command(...line)
      .map(quoted)
      .join(' ')} > scores.txt`
    const ended = await onTerminal(this, ['sh', '-c', piped], { cwd: folder(), env: { TERM: 'xterm' } })
    expect(ended.status, ended.stdout).to.equal(0)
    expect(ended.stdout).to.match(/ of 40 clips, \d+\.\d a second, \d+ s left/)
    expect(readFileSync(join(folder(), 'scores.txt'), 'utf8').trimEnd().split('\n')).to.have.length(40)
  })

  it('shows no bar between results on the same terminal', async function () {
    writeFileSync(join(folder(), 'clip.wav'), speechWav())
    const ended = await onTerminal(this, command('score', 'clip.wav', '--model', tinyModel.checkpoint), {
      cwd: folder(),
      env: { TERM: 'xterm' },
    })
    expect(ended.stdout).to.match(/clip\.wav/)
    expect(ended.stdout).to.not.include(' of 1 clips')
  })
})

describe('aasist --help', () => {
  const commands = ['score', 'eval', 'bench', 'simulator', 'cache', 'completion', 'compile', 'metrics']

  it('has lines of 80 columns at most, but for examples, which are to be copied whole', async () => {
    for (const command of commands) {
      const { stdout } = await aasist([command, '--help'])
      const lines = stdout.split('\n').filter(line => !/^ {2}(aasist|eval) /.test(line))
      expect(lines).to.have.length.above(5)
      for (const line of lines) expect(line.length, line).to.be.at.most(80)
    }
  })
})

describe('what the command prints', () => {
  it('are tables with text to the left and numbers to the right', () => {
    const rows = [
      ['A07', '0.500 %', 12],
      ['A08 or so', 'n/a', 3456],
    ]
    expect(formatTable(['attack', 'EER', 'trials'], rows)).to.equal(
      ['attack         EER  trials', 'A07        0.500 %      12', 'A08 or so      n/a    3456'].join('\n'),
    )
    expect(
      formatTable(
        ['check', 'found'],
        [
          ['node', '20.20.2'],
          ['x', ''],
        ],
      ),
    ).to.equal(['check  found', 'node   20.20.2', 'x'].join('\n'))
  })

  describe('are tables that fit their terminal:', () => {
    const header = ['name', 'state', 'found']
    const row = ['NPU back end', 'ok', 'the simulator, as CANN 8.5, no real NPU']

    it('as they are, where they do', () => {
      expect(formatTable(header, [row], { lineLength: 61 })).to.equal(formatTable(header, [row]))
    })

    it('with narrower gaps, and a last column of several lines', () => {
      expect(formatTable(header, [row], { lineLength: 45 })).to.equal(
        [
          'name         state found',
          'NPU back end ok    the simulator, as CANN',
          '                   8.5, no real NPU',
        ].join('\n'),
      )
    })

    it('with the last column on lines of its own, where nothing is left for it, and no path broken', () => {
      const long = ['a'.repeat(30), 'ok', `from /${'x'.repeat(60)}/model.pth`]
      expect(formatTable(header, [long], { lineLength: 50 })).to.equal(
        [
          `name${' '.repeat(27)}state`,
          '    found',
          `${'a'.repeat(30)} ok`,
          '    from',
          `    /${'x'.repeat(60)}/model.pth`,
        ].join('\n'),
      )
    })

    it('with numbers still to the right', () => {
      const rows = [
        [1, 'x'.repeat(10), 5],
        [20, 'y', 300],
      ]
      expect(formatTable(['n', 'text', 'm'], rows, { lineLength: 17 })).to.equal(
        [' n text         m', ' 1 xxxxxxxxxx   5', '20 y          300'].join('\n'),
      )
    })
  })

  it('is text in lines of whole words', () => {
    expect(wrap('one two three', 7)).to.deep.equal(['one two', 'three'])
    expect(wrap('', 7)).to.deep.equal([''])
    expect(wrap('overlong-word and more', 8)).to.deep.equal(['overlong-word', 'and more'])
  })

  it('are durations in two units at most', () => {
    const texts = [0, 59.4, 59.6, 61, 3599, 3600, 7385].map(formatDuration)
    expect(texts).to.deep.equal([
      '0 s',
      '59 s',
      '1 min 0 s',
      '1 min 1 s',
      '59 min 59 s',
      '1 h 0 min',
      '2 h 3 min',
    ])
  })

  it('is progress with the rate, the time left and the failures, each where there is one', () => {
    const start = {
      done: 0,
      total: 9,
      failed: 0,
      elapsedSeconds: 0,
      clipsPerSecond: 0,
      remainingSeconds: null,
    }
    expect(formatProgress(start)).to.equal('0 of 9 clips, 0.0 a second')
    const middle = { ...start, done: 3, failed: 1, clipsPerSecond: 1.5, remainingSeconds: 4 }
    expect(formatProgress(middle)).to.equal('3 of 9 clips, 1.5 a second, 4 s left, 1 failed')
  })

  it('is the time that is left of a benchmark at the rate so far, where there is one', () => {
    expect(timeLeft({ elapsedMs: 30_000, done: 100, of: 400 })).to.equal(', 1 min 30 s left')
    expect(timeLeft({ elapsedMs: 0, done: 0, of: 400 })).to.equal('')
    expect(timeLeft({ elapsedMs: 30_000, done: 400, of: 400 })).to.equal('')
  })

  it('are names on one line, without anything a terminal would obey', () => {
    expect(printable('plain näme 語.wav')).to.equal('plain näme 語.wav')
    expect(printable('a\nb\tc\u001b[2J\u0000\u009b\u2028')).to.equal(
      'a\\nb\\tc\\u001b[2J\\u0000\\u009b\\u2028',
    )
  })

  it('are counts that agree with their nouns', () => {
    expect([0, 1, 2].map(count => counted(count, 'file'))).to.deep.equal(['0 files', '1 file', '2 files'])
    expect(counted(1, 'utterance has', 'utterances have')).to.equal('1 utterance has')
  })
})
