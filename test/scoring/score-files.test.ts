import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { ArgumentRangeError, ArgumentTypeError } from '../../lib/errors'
import { Detector, type FileScore } from '../../lib/scoring'
import { scratchFolder } from '../support/scratch-folder'
import { collect, demoClips, expectCode, failureOf, sharedDetector, speechWav, tinyOptions } from './support'

describe('Detector.scoreFiles', () => {
  const detector = sharedDetector(() => tinyOptions({ sessions: 2 }))
  const folder = scratchFolder()
  const file = (name: string, content: string | Uint8Array): string => {
    mkdirSync(folder(), { recursive: true })
    writeFileSync(join(folder(), name), content)
    return join(folder(), name)
  }
  function* endless(): Generator<string> {
    for (let index = 0; ; index++) yield demoClips[index % demoClips.length]!
  }
  const idle = async (): Promise<void> => {
    while (detector().stats().running + detector().stats().queued > 0) await delay(5)
  }

  it('gives the score that score() gives, in input order, also for a file that comes twice', async () => {
    const paths = [demoClips[5]!, demoClips[0]!, demoClips[5]!, demoClips[3]!]
    const results = await collect(detector().scoreFiles(paths))
    expect(results.map(result => result.file)).to.deep.equal(paths)
    for (const { file, ...result } of results) {
      expect(result).to.deep.equal(await detector().score(file))
    }
  })

  it('gives an error in the place of a file that cannot be scored, and goes on', async () => {
    const paths = [
      demoClips[0]!,
      join(folder(), 'none.wav'),
      file('text.flac', 'once upon a time'),
      demoClips[1]!,
      file('cut.wav', speechWav().subarray(0, 3000)),
      folder(),
      demoClips[2]!,
    ]
    const results = await collect(detector().scoreFiles(paths))
    expect(results.map(({ file }) => file)).to.deep.equal(paths)
    const codes = results.map(result => result.error?.code ?? 'score')
    expect(codes).to.deep.equal([
      'score',
      'AUDIO_NOT_FOUND',
      'AUDIO_UNSUPPORTED',
      'score',
      'AUDIO_TRUNCATED',
      'AUDIO_UNREADABLE',
      'score',
    ])
    for (const { error, file } of results) if (error !== undefined) expect(error.message).to.include(file)
  })

  it('takes arrays, sets, generators and asynchronous iterables, and no files at all', async () => {
    const paths = demoClips.slice(0, 3)
    async function* slowly(): AsyncGenerator<string> {
      for (const path of paths) {
        await delay(2)
        yield path
      }
    }
    for (const source of [paths, new Set(paths), paths.values(), slowly()]) {
      const results = await collect(detector().scoreFiles(source))
      expect(results.map(result => result.file)).to.deep.equal(paths)
    }
    expect(await collect(detector().scoreFiles([]))).to.deep.equal([])
  })

  it('gives a result without waiting for the next path', async () => {
    let goOn: () => void = () => undefined
    async function* paths(): AsyncGenerator<string> {
      yield demoClips[0]!
      await new Promise<void>(resolve => (goOn = resolve))
    }
    const results = detector().scoreFiles(paths())
    expect((await results.next()).value).to.have.property('score')
    goOn()
    expect((await results.next()).done).to.equal(true)
  })

  it('never runs further ahead of a slow consumer than `concurrency` files', async () => {
    let pulled = 0
    function* counted(): Generator<string> {
      for (const path of endless()) {
        pulled += 1
        yield path
      }
    }
    const results = detector().scoreFiles(counted(), { concurrency: 4 })
    const { done } = detector().stats()
    await results.next()
    await delay(300)
    expect(pulled).to.be.within(4, 5)
    expect(detector().stats().done - done).to.be.within(4, 5)
    for (let given = 2; given < 8; given++) {
      await results.next()
      await delay(10)
      expect(pulled - given).to.be.at.most(4)
    }
    await results.return()
  })

  it('needs no more memory for many files than for a few', async function () {
    this.timeout(60_000)
    const results = detector().scoreFiles(endless())
    const scoreMany = async (count: number): Promise<number> => {
      for (let i = 0; i < count; i++) expect((await results.next()).value).to.have.property('score')
      return process.memoryUsage().rss / 2 ** 20
    }
    // By then garbage has been collected, which stays until there are some 30 MB of it.
    const warm = await scoreMany(600)
    const later = await scoreMany(600)
    await results.return()
    // Keeping the windows would take 58 MB more, keeping the files 37 MB on top.
    expect(later - warm).to.be.below(40)
  })

  it('tells its progress after each file', async () => {
    const seen: { done: number; failed: number }[] = []
    const paths = [demoClips[0]!, '/nowhere/none.wav', demoClips[1]!]
    await collect(detector().scoreFiles(paths, { onProgress: progress => seen.push(progress) }))
    expect(seen).to.deep.equal([
      { done: 1, failed: 0 },
      { done: 2, failed: 1 },
      { done: 3, failed: 1 },
    ])
  })

  it('stops its work when the loop is left, and the detector goes on', async () => {
    for await (const { file } of detector().scoreFiles(endless())) {
      expect(file).to.equal(demoClips[0])
      break
    }
    await idle()
    const { done } = detector().stats()
    await delay(50)
    expect(detector().stats().done).to.equal(done)
    expect(await detector().score(demoClips[0]!)).to.have.property('score')
  })

  it("ends with the signal's reason, at once", async () => {
    const reason = new Error('shutting down')
    const controller = new AbortController()
    const given: FileScore[] = []
    const run = failureOf(
      (async () => {
        for await (const result of detector().scoreFiles(endless(), { signal: controller.signal })) {
          given.push(result)
          if (given.length === 5) controller.abort(reason)
        }
      })(),
    )
    expect(await run).to.equal(reason)
    expect(given).to.have.length(5)
    const aborted = detector().scoreFiles(demoClips, { signal: AbortSignal.abort(reason) })
    expect(await failureOf(aborted.next())).to.equal(reason)
    await idle()
  })

  it('waits while others fill the queue: a full queue says nothing about a file', async () => {
    await using busy = await Detector.load(tinyOptions({ queueLimit: 1 }))
    const others = Array.from({ length: 10 }, () => busy.score(speechWav()).catch(() => undefined))
    const results = await collect(busy.scoreFiles(demoClips.slice(0, 12), { concurrency: 12 }))
    expect(results.map(result => result.error?.code)).to.deep.equal(Array(12).fill(undefined))
    await Promise.all(others)
  })

  it('ends with SESSION_RELEASED when the detector is released meanwhile', async () => {
    const other = await Detector.load(tinyOptions())
    const results = other.scoreFiles(endless())
    await results.next()
    const rest = failureOf(
      (async () => {
        for (;;) await results.next()
      })(),
    )
    await other.release()
    expect(await rest).to.have.property('code', 'SESSION_RELEASED')
  })

  it('refuses a lone path, whose characters would be files, and other mistakes', async () => {
    const mistakes: readonly [paths: unknown, options: object, kind: unknown, code: string][] = [
      ['a.wav', {}, ArgumentTypeError, 'INVALID_ARGUMENT'],
      [undefined, {}, ArgumentTypeError, 'INVALID_ARGUMENT'],
      [null, {}, ArgumentTypeError, 'INVALID_ARGUMENT'],
      [{}, {}, ArgumentTypeError, 'INVALID_ARGUMENT'],
      [[7], {}, ArgumentTypeError, 'INVALID_ARGUMENT'],
      [[null], {}, ArgumentTypeError, 'INVALID_ARGUMENT'],
      [[{ file: 'a.wav', position: -1 }], {}, ArgumentRangeError, 'INVALID_ARGUMENT'],
      [[], { concurrency: 0 }, ArgumentRangeError, 'INVALID_ARGUMENT'],
      [[], { concurrency: 2.5 }, ArgumentRangeError, 'INVALID_ARGUMENT'],
      [[], { signal: 'stop' }, ArgumentTypeError, 'INVALID_ARGUMENT'],
      [[], { concurency: 2 }, ArgumentTypeError, 'UNKNOWN_OPTION'],
    ]
    for (const [paths, options, kind, code] of mistakes) {
      const error = await expectCode(collect(detector().scoreFiles(paths as never, options)), code)
      expect(error).to.be.instanceOf(kind)
    }
  })
})
