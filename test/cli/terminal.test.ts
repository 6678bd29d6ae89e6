import { join } from 'node:path'
import { expect } from 'chai'
import { counted, formatDuration, formatProgress, formatTable, printable } from '../../lib/cli/terminal'
import { demoLines, tinyModel, writeCorpus } from '../scoring/support'
import { requireTool } from '../support/environment'
import { program, quoted, Running, scratchFolder } from './support'

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
