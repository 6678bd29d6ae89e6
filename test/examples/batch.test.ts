/** The example as a user runs it: in a folder of its own, where the package is installed. */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Running, type Ended } from '../cli/support'
import { demoGolden } from '../scoring/support'
import { root } from '../support/environment'
import { clipPath, demoModel } from '../support/golden'
import { scratchFolder } from '../support/scratch-folder'
import { until } from '../toolchain/stand-ins'

interface Line {
  readonly file: string
  readonly score?: number
  readonly error?: string
}

describe('examples: batch', function () {
  this.timeout(120_000)
  const folder = scratchFolder()
  const clips = demoGolden.slice(0, 12)
  const audio = (): string => join(folder(), 'recordings')
  beforeEach(() => {
    mkdirSync(join(audio(), 'first'), { recursive: true })
    for (const { utt } of clips) {
      copyFileSync(clipPath(demoModel.corpus, utt), join(audio(), 'first', `${utt}.flac`))
    }
    copyFileSync(join(root, 'examples', 'batch', 'score-folder.mjs'), join(folder(), 'score-folder.mjs'))
    mkdirSync(join(folder(), 'node_modules'))
    symlinkSync(root, join(folder(), 'node_modules', 'aasist-ascend'))
  })

  const results = (): string => readFileSync(join(folder(), 'results.jsonl'), 'utf8')
  const lines = (): readonly Line[] =>
    results()
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line) as Line)
  const start = (): Running =>
    new Running(process.execPath, ['score-folder.mjs', 'recordings', 'results.jsonl'], { cwd: folder() })
  const stopAfter = async (count: number, signal: 'SIGINT' | 'SIGKILL'): Promise<Ended> => {
    const running = start()
    await until(() => {
      try {
        return lines().length >= count
      } catch {
        return false
      }
    })
    running.kill(signal)
    return running.ended
  }

  it('scores a folder as PyTorch does, stopped by Ctrl-C and by kill -9 in between, each file once', async () => {
    const stopped = await stopAfter(3, 'SIGINT')
    expect(stopped.status, stopped.stderr).to.equal(130)
    expect(stopped.stderr).to.include('stopped by SIGINT; the same command goes on from here')
    const afterStop = lines().length
    expect(afterStop).to.be.within(3, clips.length - 1)

    const killed = await stopAfter(afterStop + 3, 'SIGKILL')
    expect(killed.signal).to.equal('SIGKILL')
    const afterKill = lines().length
    // What a power cut leaves of a line.
    appendFileSync(join(folder(), 'results.jsonl'), '{"file":"first/DEMO')

    const ended = await start().ended
    expect(ended.status, ended.stderr).to.equal(0)
    expect(ended.stderr).to.include(`${afterKill} of ${clips.length} were scored before`)
    const scored = lines()
    expect(scored.map(({ file }) => file)).to.deep.equal(clips.map(({ utt }) => `first/${utt}.flac`).sort())
    for (const { utt, logits } of clips) {
      const line = scored.find(({ file }) => file.includes(utt))!
      expect(line.score, utt).to.be.closeTo(logits[1], 1e-4)
    }
    const before = results()
    expect((await start().ended).status).to.equal(0)
    expect(results()).to.equal(before)
  })

  it('gives a file that is no audio a line with the code, scores the others, and exits with 1', async () => {
    rmSync(join(audio(), 'first'), { recursive: true })
    writeFileSync(join(audio(), 'a.wav'), 'no audio')
    copyFileSync(clipPath(demoModel.corpus, clips[0]!.utt), join(audio(), 'b.flac'))
    const ended = await start().ended
    expect(ended.status, ended.stderr).to.equal(1)
    const [first, second] = lines()
    expect(first).to.deep.equal({ file: 'a.wav', error: 'AUDIO_UNSUPPORTED' })
    expect(second).to.include({ file: 'b.flac' })
    expect(ended.stderr).to.include('1 files could not be scored')
  })

  it('says how it is used', async () => {
    const ended = await new Running(process.execPath, ['score-folder.mjs'], { cwd: folder() }).ended
    expect(ended.status).to.equal(2)
    expect(ended.stderr).to.match(/^usage: /)
  })
})
