import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { convertCheckpoint } from '../../lib/model'
import { Detector, type Clip } from '../../lib/scoring'
import { demoModel } from '../support/golden'
import { scratchFolder } from '../support/scratch-folder'
import {
  collect,
  demoClips,
  expectCode,
  failureOf,
  sharedDetector,
  speechWav,
  tinyModel,
  tinyOptions,
} from './support'

const converted = (
  { checkpoint, config }: { checkpoint: string; config: string },
  batch: number,
): Uint8Array =>
  convertCheckpoint(readFileSync(checkpoint), readFileSync(config, 'utf8'), { batch, target: 'cpu' })

describe('a model with a fixed batch of 3', () => {
  const three = sharedDetector(() => ({ model: converted(tinyModel, 3), sessions: 1 }))
  const one = sharedDetector(() => tinyOptions())
  const folder = scratchFolder()
  const clips = Array.from({ length: 9 }, (_, seed) => speechWav({ seed: seed + 1 }))
  const scoresOf = async (detector: Detector, some: readonly Clip[]): Promise<number[]> =>
    (await Promise.all(some.map(clip => detector.score(clip)))).map(({ score }) => score)

  it('says so', () => {
    expect([three().batch, one().batch]).to.deep.equal([3, 1])
  })

  it('gives every clip the score it has alone, whatever shares its run', async () => {
    const expected = await scoresOf(one(), clips)
    for (const count of [1, 2, 3, 4, 9]) {
      const scores = await scoresOf(three(), clips.slice(0, count))
      for (const [index, score] of scores.entries()) expect(score).to.be.closeTo(expected[index]!, 1e-5)
    }
  })

  it('shares runs: nine clips at once take fewer than nine', async () => {
    const before = three().stats().done
    await scoresOf(three(), clips)
    expect(three().stats().done - before).to.be.within(3, 5)
  })

  it('fills its runs from a list of files', async () => {
    const paths = clips.concat(clips).map((clip, index) => {
      const path = join(folder(), `${index}.wav`)
      writeFileSync(path, clip)
      return path
    })
    const before = three().stats().done
    const results = await collect(three().scoreFiles(paths))
    const expected = await scoresOf(one(), clips)
    for (const [index, result] of results.entries()) {
      expect(result.file).to.equal(paths[index])
      expect(result.error).to.equal(undefined)
      expect((result as { score: number }).score).to.be.closeTo(expected[index % 9]!, 1e-5)
    }
    expect(three().stats().done - before).to.be.within(6, 12)
  })

  it('pads the run of a clip that stays alone, without making it wait for others', async () => {
    await three().score(clips[0]!)
    const startedAtMs = performance.now()
    const { score } = await three().score(clips[0]!)
    expect(performance.now() - startedAtMs).to.be.below(1000)
    expect(score).to.be.closeTo((await one().score(clips[0]!)).score, 1e-5)
  })

  it('keeps a bad clip out of the run of the good ones', async () => {
    const [good, bad, alsoGood] = await Promise.allSettled([
      three().score(clips[0]!),
      three().score(Buffer.from('not audio')),
      three().score(clips[1]!),
    ])
    expect([good.status, bad.status, alsoGood.status]).to.deep.equal(['fulfilled', 'rejected', 'fulfilled'])
  })
})

describe('callers that share a run of the demo model', () => {
  // 0.6 s a run: long enough to give up in the middle of one.
  const detector = sharedDetector(() => ({ model: converted(demoModel, 3), sessions: 1 }))
  const reason = new Error('no longer needed')

  it('give up alone: by their own signal, at once, while the others get their scores', async function () {
    // At once, beside other tests on the same processors.
    this.retries(2)
    const controller = new AbortController()
    const others = [detector().score(demoClips[0]!), detector().score(demoClips[1]!)]
    const pending = failureOf(detector().score(demoClips[2]!, { signal: controller.signal }))
    while (detector().stats().running === 0) await delay(5)
    const startedAtMs = performance.now()
    controller.abort(reason)
    expect(await pending).to.equal(reason)
    expect(performance.now() - startedAtMs).to.be.below(100)
    for (const { score } of await Promise.all(others)) expect(score).to.satisfy(Number.isFinite)
  })

  it('give up alone: by their own timeoutMs, also when others have none', async () => {
    const before = performance.now()
    const patient = detector().score(demoClips[0]!)
    await expectCode(detector().score(demoClips[1]!, { timeoutMs: 50 }), 'RUN_TIMEOUT')
    expect(performance.now() - before).to.be.below(500)
    expect((await patient).score).to.satisfy(Number.isFinite)
  })

  it('get SESSION_RELEASED when the detector is released before their run', async () => {
    const other = await Detector.load({ model: converted(tinyModel, 3), sessions: 1 })
    await other.score(speechWav())
    const waiting = failureOf(other.score(speechWav()))
    await other.release()
    expect(await waiting).to.have.property('code', 'SESSION_RELEASED')
  })
})
