import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { Detector, type LiveScore, type LiveScores } from '../../../lib/scoring'
import { integerSignal } from '../../audio/signals'
import { floatData, integerData } from '../../audio/wav-files'
import { failureOf } from '../../support/failure'
import { collect, sharedDetector, tinyOptions } from '../support'

const windowSamples = 24_000
const speech = integerSignal('speech-like', 60_000, 16)
const floats = Float32Array.from(speech, sample => sample / 32_768)

/** Chunks of other lengths each time, samples cut in half among them. */
function* chunks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0, length = 333; at < bytes.length; at += length, length = (length * 7) % 3001) {
    yield bytes.subarray(at, at + length)
  }
}

/** Writes no faster than windows are scored, so that none is left out. */
async function patiently(live: LiveScores, bytes: Uint8Array): Promise<LiveScore[]> {
  const scores: LiveScore[] = []
  live.on('data', (score: LiveScore) => scores.push(score))
  let samples = 0
  for (const chunk of chunks(bytes)) {
    samples += chunk.length
    live.write(chunk)
    const due = Math.floor((samples / 2 - windowSamples) / 4000) + 1
    while (scores.length < due) await once(live, 'data')
  }
  live.end()
  await once(live, 'end')
  return scores
}

describe('Detector.liveScores', function () {
  this.timeout(30_000)
  const detector = sharedDetector(() => tinyOptions())

  it('gives a score for each hop as soon as its window is full, that of the window as a clip', async () => {
    const scores = await patiently(detector().liveScores({ hopSeconds: 0.25 }), integerData([speech], 2))
    expect(scores.map(({ startSeconds }) => startSeconds)).to.deep.equal(
      Array.from({ length: 10 }, (_, at) => at * 0.25),
    )
    for (const { startSeconds, endSeconds, score, skippedWindows } of scores) {
      const from = startSeconds * 16_000
      const alone = await detector().score({
        samples: floats.subarray(from, from + windowSamples),
        sampleRateHz: 16_000,
      })
      expect(score).to.be.closeTo(alone.score, 1e-5)
      expect(endSeconds - startSeconds).to.equal(1.5)
      expect(skippedWindows).to.equal(0)
    }
  })

  it('takes float samples, as bytes and as they are', async () => {
    const first = async (written: Iterable<unknown>, encoding: 's16le' | 'f32le'): Promise<number | null> => {
      const live = detector().liveScores({ encoding, hopSeconds: 10 })
      const [score] = await collect<LiveScore>(Readable.from(written).pipe(live))
      return score!.score
    }
    const expected = await first(chunks(integerData([speech], 2)), 's16le')
    expect(expected).to.be.a('number')
    expect(await first(chunks(floatData(Array.from(floats), 32)), 'f32le')).to.equal(expected)
    expect(await first([floats.subarray(0, 7), floats.subarray(7)], 's16le')).to.equal(expected)
  })

  it('leaves out windows where other callers fill the queue', async () => {
    await using crowded = await Detector.load(tinyOptions({ queueLimit: 0 }))
    const busy = crowded.score({ samples: floats, sampleRateHz: 16_000 })
    while (crowded.stats().running === 0) await setImmediate()
    const live = crowded.liveScores({ hopSeconds: 0.1 })
    live.write(integerData([speech.slice(0, windowSamples)], 2))
    await busy
    const scores = collect<LiveScore>(live)
    live.end(integerData([speech.slice(windowSamples, windowSamples + 1600)], 2))
    expect(
      (await scores).map(({ startSeconds, skippedWindows }) => [startSeconds, skippedWindows]),
    ).to.deep.equal([[0.1, 1]])
  })

  it('leaves out windows behind scores that nobody reads, and counts them', async () => {
    const live = detector().liveScores({ hopSeconds: 0.1 })
    const hop = Buffer.alloc(2 * 1600)
    live.write(Buffer.alloc(2 * (windowSamples - 1600)))
    // Silence needs no run, so each is given at once.
    for (let at = 0; at < 40; at += 1) {
      live.write(hop)
      await setImmediate()
    }
    expect(live.readableLength).to.be.at.most(live.readableHighWaterMark)
    while (live.read() !== null);
    live.end(hop)
    const [next] = await collect<LiveScore>(live)
    expect(next!.skippedWindows).to.equal(40 - live.readableHighWaterMark)
  })

  it('leaves out windows for which there is no time, and counts them', async () => {
    const live = detector().liveScores({ hopSeconds: 0.01 })
    const scores = collect<LiveScore>(live)
    live.end(integerData([speech], 2))
    const all = Math.floor((60_000 - windowSamples) / 160) + 1
    const found = await scores
    // All of them came at once, and one session has time for one.
    expect(found.length).to.be.within(1, 5)
    expect(found[0]!.startSeconds).to.equal(0)
    const next = detector().liveScores({ hopSeconds: 0.01 })
    const counted: LiveScore[] = []
    next.on('data', (score: LiveScore) => counted.push(score))
    next.write(integerData([speech], 2))
    await once(next, 'data')
    next.write(integerData([speech.slice(0, 160)], 2))
    await once(next, 'data')
    expect(counted.at(-1)!.skippedWindows).to.equal(all - 1)
    next.destroy()
  })

  it('says what is silent', async () => {
    const [only] = await collect<LiveScore>(
      Readable.from([new Float32Array(windowSamples)]).pipe(detector().liveScores()),
    )
    expect(only).to.include({ silent: true, score: null, decision: null })
  })

  it('fails for samples that are none, and for chunks that are no samples', async () => {
    const broken = Float32Array.from([0, NaN])
    const corrupt = pipeline(Readable.from([broken]), detector().liveScores())
    expect((await failureOf(corrupt)).code).to.equal('AUDIO_CORRUPT')
    const text = pipeline(Readable.from(['speech']), detector().liveScores())
    expect((await failureOf(text)).code).to.equal('INVALID_ARGUMENT')
  })

  it('ends with its signal, and with the detector', async () => {
    const controller = new AbortController()
    const live = detector().liveScores({ signal: controller.signal })
    const failed = failureOf(collect(live))
    controller.abort()
    expect((await failed).name).to.equal('AbortError')

    const own = await Detector.load(tinyOptions())
    const released = own.liveScores()
    const ended = failureOf(collect(released))
    await own.release()
    released.write(floats)
    expect((await ended).code).to.equal('SESSION_RELEASED')
  })

  it('refuses options that mean nothing', () => {
    for (const options of [{ hopSeconds: 0 }, { encoding: 'u8' as 's16le' }, { silenceDbfs: 1 }]) {
      expect(() => detector().liveScores(options))
        .to.throw()
        .with.property('code', 'INVALID_ARGUMENT')
    }
    expect(() => detector().liveScores({ hop: 1 } as object))
      .to.throw()
      .with.property('code', 'UNKNOWN_OPTION')
  })
})
