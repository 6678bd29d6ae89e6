import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { Detector } from '../../lib/scoring'
import { until, workerProcesses } from '../session/support'
import { root } from '../support/environment'
import {
  collect,
  demoClips,
  expectCode,
  failureOf,
  sharedDetector,
  speechIntegers,
  speechWav,
  tinyOptions,
} from './support'

const settledCodes = async (promises: readonly Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(promises)).map(outcome =>
    outcome.status === 'fulfilled' ? 'fulfilled' : ((outcome.reason as { code?: string }).code ?? 'rejected'),
  )

describe('many calls of one detector', () => {
  it('may be open at once, each with its own answer', async () => {
    await using detector = await Detector.load(tinyOptions({ sessions: 2 }))
    const clips = Array.from({ length: 6 }, (_, seed) => speechWav({ seed: seed + 1 }))
    const expected: number[] = []
    for (const clip of clips) expected.push((await detector.score(clip)).score)
    expect(new Set(expected).size).to.equal(clips.length)
    const many = Array.from({ length: 60 }, (_, index) => detector.score(clips[index % clips.length]!))
    const scores = (await Promise.all(many)).map(({ score }) => score)
    expect(scores).to.deep.equal(scores.map((_, index) => expected[index % clips.length]))
  })

  it('are refused with QUEUE_FULL when more wait than queueLimit allows; the others get their answer', async () => {
    await using detector = await Detector.load(tinyOptions({ queueLimit: 2 }))
    const codes = await settledCodes(Array.from({ length: 40 }, () => detector.score(speechWav())))
    expect(new Set(codes)).to.deep.equal(new Set(['fulfilled', 'QUEUE_FULL']))
    expect((await detector.score(speechWav())).score).to.satisfy(Number.isFinite)
  })

  it('are counted from the call on: what waits to be decoded waits too', async () => {
    await using detector = await Detector.load(tinyOptions({ queueLimit: 1 }))
    const slow = {
      samples: Float32Array.from(speechIntegers({ seconds: 3 }), value => value / 32768),
      sampleRateHz: 44_100,
    }
    const all = settledCodes(Array.from({ length: 10 }, () => detector.score(slow)))
    expect(detector.stats().queued).to.equal(2)
    expect((await all).filter(code => code === 'fulfilled')).to.have.length(2)
    expect(detector.stats().queued).to.equal(0)
  })

  it('with a detached buffer reject with INVALID_ARGUMENT, and nothing stays behind', async () => {
    await using detector = await Detector.load(tinyOptions())
    const bytes = Uint8Array.from(speechWav())
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
    await expectCode(detector.score(bytes), 'INVALID_ARGUMENT')
    expect(detector.stats().queued).to.equal(0)
    expect((await detector.score(speechWav())).score).to.satisfy(Number.isFinite)
  })

  it('of two detectors do not touch each other', async () => {
    await using first = await Detector.load(tinyOptions())
    const alone = (await first.score(speechWav())).score
    await using second = await Detector.load(tinyOptions({ threshold: 0 }))
    const both = await Promise.all([first.score(speechWav()), second.score(speechWav())])
    expect(both.map(({ score }) => score)).to.deep.equal([alone, alone])
    await second.release()
    expect((await first.score(speechWav())).score).to.equal(alone)
  })

  it('may share one signal without Node warning of a leak', async () => {
    await using detector = await Detector.load(tinyOptions())
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    const { signal } = new AbortController()
    await Promise.all(Array.from({ length: 30 }, () => detector.score(speechWav(), { signal })))
    await delay(5)
    process.off('warning', onWarning)
    expect(warnings).to.deep.equal([])
  })
})

describe('Detector.release', () => {
  it('may be called again, also at the same time; later calls reject with SESSION_RELEASED', async () => {
    const detector = await Detector.load(tinyOptions())
    await detector.score(speechWav())
    await Promise.all([detector.release(), detector.release()])
    await detector.release()
    expect(detector.stats().state).to.equal('released')
    await expectCode(detector.score(speechWav()), 'SESSION_RELEASED')
    await expectCode(collect(detector.scoreFiles(demoClips)), 'SESSION_RELEASED')
  })

  it('is called by `await using`', async () => {
    let kept: Detector
    {
      await using detector = await Detector.load(tinyOptions())
      kept = detector
      await detector.score(speechWav())
    }
    await expectCode(kept.score(speechWav()), 'SESSION_RELEASED')
  })

  it('lets nothing hang: every open call gets its score or SESSION_RELEASED', async () => {
    const detector = await Detector.load(tinyOptions())
    await detector.score(speechWav())
    const open = Array.from({ length: 20 }, () => detector.score(speechWav()))
    const codes = settledCodes(open)
    await delay(10)
    await detector.release()
    for (const code of await codes) expect(code).to.be.oneOf(['fulfilled', 'SESSION_RELEASED'])
  })
})

describe('a signal', () => {
  // The demo model takes 0.2 s a run: long enough to be in the middle of one.
  const detector = sharedDetector(() => ({ sessions: 1 }))
  const clip = demoClips[0]!
  const reason = new Error('no longer needed')

  it('that has aborted already rejects with its reason before anything is done', async () => {
    const { done } = detector().stats()
    const error = await failureOf(detector().score('nowhere.wav', { signal: AbortSignal.abort(reason) }))
    expect(error).to.equal(reason)
    expect(detector().stats().done).to.equal(done)
  })

  it('ends the waiting while the clip is decoded', async () => {
    const controller = new AbortController()
    const { done } = detector().stats()
    const pending = failureOf(detector().score(clip, { signal: controller.signal }))
    controller.abort(reason)
    expect(await pending).to.equal(reason)
    expect(detector().stats().done).to.equal(done)
  })

  it('drops a run that only waits, at once, and leaves the others alone', async function () {
    // At once, beside other tests on the same processors.
    this.retries(2)
    const controller = new AbortController()
    const others = [detector().score(clip), detector().score(clip)]
    const pending = failureOf(detector().score(clip, { signal: controller.signal }))
    await until(() => detector().stats().queued === 2, 'two waiting runs')
    const startedAtMs = performance.now()
    controller.abort(reason)
    expect(await pending).to.equal(reason)
    expect(performance.now() - startedAtMs).to.be.below(100)
    expect(detector().stats().queued).to.equal(1)
    const [first, second] = await Promise.all(others)
    expect(first!.score).to.equal(second!.score)
  })

  it('ends the waiting for a run that has begun; the detector goes on', async function () {
    // At once, beside other tests on the same processors.
    this.retries(2)
    const controller = new AbortController()
    const pending = failureOf(detector().score(clip, { signal: controller.signal }))
    await until(() => detector().stats().running === 1, 'a run')
    const startedAtMs = performance.now()
    controller.abort(reason)
    expect(await pending).to.equal(reason)
    expect(performance.now() - startedAtMs).to.be.below(100)
    expect((await detector().score(clip)).score).to.satisfy(Number.isFinite)
  })

  it('and timeoutMs can be given together; whichever comes first ends the call', async () => {
    const { signal } = new AbortController()
    await expectCode(detector().score(clip, { signal, timeoutMs: 1 }), 'RUN_TIMEOUT')
    const error = await failureOf(
      detector().score(clip, { signal: AbortSignal.timeout(30), timeoutMs: 10_000 }),
    )
    expect(error.name).to.equal('TimeoutError')
    expect((await detector().score(clip, { timeoutMs: 20_000 })).score).to.satisfy(Number.isFinite)
  })

  it('gives up loading: before, and while the model is being converted or loaded', async () => {
    expect(await failureOf(Detector.load({ signal: AbortSignal.abort(reason) }))).to.equal(reason)
    for (const ms of [1, 60, 400]) {
      const controller = new AbortController()
      const pending = failureOf(Detector.load({ sessions: 1, signal: controller.signal }))
      await delay(ms)
      controller.abort(reason)
      expect(await pending).to.equal(reason)
    }
  })
})

describe('a detector and its process', () => {
  const script = (code: string, ...args: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, ['-e', code, join(root, 'dist'), ...args], {
      encoding: 'utf8',
      timeout: 25_000,
    })

  it('that is idle does not keep its process alive, loaded or given up while loading', () => {
    const { status, stdout, stderr } = script(
      `const { Detector } = require(process.argv[1])
       Detector.load({ sessions: 1 }).then(d => d.score(process.argv[2])).then(s => console.log(s.decision))
       const controller = new AbortController()
       Detector.load({ signal: controller.signal }).catch(e => console.log(e.message))
       controller.abort(new Error('given up'))`,
      demoClips[0]!,
    )
    expect(stderr).to.equal('')
    expect(status).to.equal(0)
    expect(stdout).to.equal('given up\nbonafide\n')
  })

  it('that scores ends with process.exit at once and without a crash', () => {
    const { status, stderr, signal } = script(
      `const { Detector } = require(process.argv[1])
       Detector.load().then(d => {
         for (let i = 0; i < 9; i++) d.score(process.argv[2]).catch(() => {})
         setTimeout(() => process.exit(7), 150)
       })`,
      demoClips[0]!,
    )
    expect({ status, signal, stderr }).to.deep.equal({ status: 7, signal: null, stderr: '' })
  })

  it('works in a worker_thread, which can be terminated while it scores', () => {
    const { status, stdout, stderr, signal } = script(
      `const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
       const worker = new Worker(\`
         const { parentPort, workerData: [dist, clip] } = require('node:worker_threads')
         const { Detector } = require(dist)
         void (async () => {
           const detector = await Detector.load({ sessions: 2 })
           parentPort.postMessage((await detector.score(clip)).decision)
           for (;;) await Promise.all([1, 2, 3, 4].map(() => detector.score(clip)))
         })()\`, { eval: true, workerData: process.argv.slice(1) })
       worker.on('message', decision => {
         console.log(decision)
         setTimeout(async () => {
           await worker.terminate()
           console.log('terminated')
           setTimeout(() => console.log('still here'), 400)
         }, 300)
       })`,
      demoClips[0]!,
    )
    expect({ status, signal, stderr }).to.deep.equal({ status: 0, signal: null, stderr: '' })
    expect(stdout).to.equal('bonafide\nterminated\nstill here\n')
  })
})

describe('a session that is lost', () => {
  it('costs no score: its run is done again on another one, and onFailover is told', async () => {
    const events: { place: number; replacement: string }[] = []
    await using detector = await Detector.load({
      isolation: 'process',
      sessions: 2,
      onFailover: ({ place, replacement }) => events.push({ place, replacement }),
    })
    const clips = demoClips.slice(0, 6)
    const results = collect(detector.scoreFiles(clips))
    await until(() => detector.stats().running === 2, 'two runs')
    process.kill(workerProcesses()[0]!, 'SIGKILL')
    for (const [index, result] of (await results).entries()) {
      expect(result.error).to.equal(undefined)
      expect(result.file).to.equal(clips[index])
    }
    expect(events).to.have.length(1)
    expect(events[0]).to.include({ replacement: 'starting' })
    expect(detector.stats()).to.include({ failovers: 1, retried: 1 })
  })
})
