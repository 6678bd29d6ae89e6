import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { demoModel } from '../support/golden'
import { demoClips, demoLines, filesIn, writeCorpus } from '../scoring/support'
import { scratchFolder, startAasist, until, type Running } from './support'

/** Time from the signal to the end; a run in the model takes 0.2 s and cannot be stopped. */
const mostSeconds = 5

describe('a signal', () => {
  const folder = scratchFolder()

  async function expectCleanEnd(running: Running, signal: 'SIGINT' | 'SIGTERM'): Promise<void> {
    const sentAtMs = performance.now()
    running.kill(signal)
    const ended = await running.ended
    expect((performance.now() - sentAtMs) / 1000).to.be.below(mostSeconds)
    expect([ended.status, ended.signal], ended.stderr).to.deep.equal([signal === 'SIGINT' ? 130 : 143, null])
    expect(ended.stderr).to.match(new RegExp(`^aasist: stopped by ${signal}$`, 'm'))
    expect(ended.stderr).to.match(/^stopping; once more to stop at once$/m)
    expect(ended.stderr).to.not.match(/\n {4}at /)
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`${signal} during eval keeps the scores so far and ends within seconds`, async () => {
      // The fourth utterance has no file, which run.jsonl tells as soon as the three before it are scored.
      const lines = demoLines(400).map(({ utterance, attack, key, audio }, index) =>
        index === 3 ? { utterance, attack, key } : { utterance, attack, key, audio: audio! },
      )
      writeCorpus(join(folder(), 'LA'), lines)
      const out = join(folder(), 'results')
      const log = join(out, 'run.jsonl')
      const running = startAasist(
        ['eval', '--model', demoModel.checkpoint, '--data', 'LA', '--out', 'results'],
        {
          cwd: folder(),
        },
      )
      await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('"failed"'), 'the first scores')
      await expectCleanEnd(running, signal)
      expect(running.stdout).to.equal('')
      expect(filesIn(out)).to.deep.equal(['eval_scores.partial.txt', 'manifest.json', 'run.jsonl'])
      const kept = readFileSync(join(out, 'eval_scores.partial.txt'), 'utf8').trimEnd().split('\n')
      expect(kept.length).to.be.at.least(3)
      const expected = lines.filter((_, index) => index !== 3).slice(0, kept.length)
      expect(kept.map(line => line.split(' ')[0])).to.deep.equal(expected.map(({ utterance }) => utterance))
      expect(running.stderr).to.include(join(out, 'eval_scores.partial.txt'))
      expect(readFileSync(log, 'utf8').trimEnd().split('\n').at(-1)).to.include(`"stopped by ${signal}"`)
    })
  }

  it('SIGINT during score leaves whole lines of results', async () => {
    const files = Array.from({ length: 20 }, () => demoClips).flat()
    const running = startAasist(['score', '--json', ...files])
    await until(() => running.stdout.includes('\n'), 'the first score')
    await expectCleanEnd(running, 'SIGINT')
    const lines = running.stdout.split('\n')
    expect(lines.pop()).to.equal('')
    for (const [index, line] of lines.entries()) {
      expect(JSON.parse(line)).to.include({ file: files[index] })
    }
  })

  it('SIGINT during demo leaves no temporary files', async () => {
    const running = startAasist(['demo'], { env: { TMPDIR: folder() } })
    await until(() => {
      const [results] = filesIn(folder()).filter(name => name.startsWith('aasist-demo-'))
      return results !== undefined && existsSync(join(folder(), results, 'run.jsonl'))
    }, 'the run')
    await expectCleanEnd(running, 'SIGINT')
    expect(filesIn(folder())).to.deep.equal([])
  })

  it('a second time ends the command at once, by that signal', async () => {
    const running = startAasist(['score', ...demoClips, ...demoClips])
    await until(() => running.stdout.includes('\n'), 'the first score')
    running.kill('SIGINT')
    await until(() => running.stderr.includes('once more'), 'the offer')
    const sentAtMs = performance.now()
    running.kill('SIGINT')
    const ended = await running.ended
    expect((performance.now() - sentAtMs) / 1000).to.be.below(1)
    // It may be through with the first already.
    expect(ended.signal ?? ended.status).to.be.oneOf(['SIGINT', 130])
  })
})
