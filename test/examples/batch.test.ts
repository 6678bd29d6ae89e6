/** examples/batch as its reader would run it: from a folder of his own, with the package in node_modules. */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { expect } from 'chai'
import { Running, scratchFolder } from '../cli/support'
import { demoClips, demoGolden } from '../scoring/support'
import { until } from '../session/support'
import { root } from '../support/environment'

/** A quarter of the demo clips: enough to be killed in the middle of them. */
const golden = demoGolden.slice(0, 10)
const [deeper, ...clips] = demoClips.slice(0, golden.length)

interface Line {
  readonly file: string
  readonly score?: number
  readonly device?: object
  readonly error?: { readonly code: string }
}

describe('examples/batch', function () {
  this.timeout(120_000)
  const folder = scratchFolder()
  const out = (): string => join(folder(), 'scores.jsonl')
  const text = (): string => (existsSync(out()) ? readFileSync(out(), 'utf8') : '')
  const lines = (): Line[] =>
    text()
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as Line)
  const start = (): Running => new Running(process.execPath, ['score-folder.mjs', 'clips'], { cwd: folder() })

  beforeEach(() => {
    mkdirSync(join(folder(), 'clips', 'deeper'), { recursive: true })
    mkdirSync(join(folder(), 'node_modules'))
    symlinkSync(root, join(folder(), 'node_modules', 'aasist-ascend'))
    copyFileSync(join(root, 'examples', 'batch', 'score-folder.mjs'), join(folder(), 'score-folder.mjs'))
    for (const clip of clips) copyFileSync(clip, join(folder(), 'clips', basename(clip)))
    copyFileSync(deeper!, join(folder(), 'clips', 'deeper', basename(deeper!)))
    writeFileSync(join(folder(), 'clips', 'notes.txt'), 'no audio')
    writeFileSync(join(folder(), 'clips', 'broken.wav'), 'RIFF')
  })

  /** PyTorch's scores of the same clips, and the one file that has none. */
  const expectAllScored = (): void => {
    const found = lines()
    expect(found.map(({ file }) => file)).to.deep.equal([...found.map(({ file }) => file)].sort())
    expect(found).to.have.length(golden.length + 1)
    for (const { utt, logits } of golden) {
      const line = found.find(({ file }) => basename(file, '.flac') === utt)
      expect(line?.score, utt).to.be.closeTo(logits[1], 1e-3)
      expect(line?.device).to.include({ kind: 'cpu' })
    }
    expect(found.find(({ file }) => file === 'broken.wav')?.error?.code).to.match(/^AUDIO_/)
  }

  it('scores a folder, killed midway and started again', async () => {
    const first = start()
    await until(() => lines().length >= 3, 'three scores', 60_000)
    first.kill('SIGKILL')
    expect((await first.ended).signal).to.equal('SIGKILL')
    const kept = lines()
    expect(kept.length).to.be.within(3, golden.length)
    // As a kill in the middle of a write leaves it.
    appendFileSync(out(), '{"file":"LA_')
    const second = await start().ended
    expect(second.status, second.stderr).to.equal(0)
    expect(second.stderr).to.include(
      `${golden.length + 1 - kept.length} of ${golden.length + 1} files to score`,
    )
    expect(lines().slice(0, kept.length)).to.deep.equal(kept)
    expectAllScored()
    const third = await start().ended
    expect(third.stderr).to.include(`0 of ${golden.length + 1} files to score`)
    expectAllScored()
  })

  it('ends on Ctrl-C with whole lines', async () => {
    const running = start()
    await until(() => lines().length >= 3, 'three scores', 60_000)
    running.kill('SIGINT')
    const ended = await running.ended
    expect(ended.status, ended.stderr).to.equal(130)
    expect(ended.stderr).to.include('stopped; start it again to go on')
    expect(text().endsWith('\n')).to.equal(true)
    expect(lines().length).to.be.below(golden.length + 1)
  })
})
