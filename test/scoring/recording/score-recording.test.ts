import { appendFileSync, createReadStream, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { Detector, type WindowScore } from '../../../lib/scoring'
import { flacFile } from '../../audio/flac-files'
import { integerSignal } from '../../audio/signals'
import { integerData, wavFile } from '../../audio/wav-files'
import { pipe } from '../../audio/tools'
import { requireTool } from '../../support/environment'
import { failureOf } from '../../support/failure'
import { scratchFolder } from '../../support/scratch-folder'
import { sharedDetector, tinyModel, tinyOptions } from '../support'

/** The tiny model's window of 24,000 samples. */
const windowSamples = 24_000
const stride = 2187

async function all(scores: AsyncIterable<WindowScore>): Promise<WindowScore[]> {
  const gathered: WindowScore[] = []
  for await (const score of scores) gathered.push(score)
  return gathered
}

const speech = integerSignal('speech-like', 130_000, 16)
const floatsOf = (integers: readonly number[]): Float32Array =>
  Float32Array.from(integers, sample => sample / 32_768)

describe('Detector.scoreRecording', function () {
  this.timeout(30_000)
  const detector = sharedDetector(() => tinyOptions())
  const folder = scratchFolder()
  const file = (name: string, bytes: Uint8Array): string => {
    const path = join(folder(), name)
    writeFileSync(path, bytes)
    return path
  }
  const wav = (channels: readonly (readonly number[])[] = [speech], sampleRateHz = 16_000): Buffer =>
    wavFile({ channelCount: channels.length, sampleRateHz, data: integerData(channels, 2) })

  const sharing = sharedDetector(() => tinyOptions({ model: tinyModel.checkpoint }))
  for (const [name, scorer] of [
    ['one by one', detector],
    ['in runs of many', sharing],
  ] as const) {
    it(`gives every window the score it has as a clip of its own, within 1e-4: ${name}`, async () => {
      const scores = await all(scorer().scoreRecording(file('a.wav', wav()), { hopSeconds: stride / 16_000 }))
      expect(scores.map(({ startSeconds }) => Math.round(startSeconds * 16_000))).to.deep.equal(
        Array.from({ length: Math.floor((130_000 - windowSamples) / stride) + 1 }, (_, at) => at * stride),
      )
      const samples = floatsOf(speech)
      for (const { startSeconds, endSeconds, score, ...rest } of scores) {
        const from = Math.round(startSeconds * 16_000)
        expect(endSeconds - startSeconds).to.be.closeTo(windowSamples / 16_000, 1e-9)
        const alone = await scorer().score({
          samples: samples.subarray(from, from + windowSamples),
          sampleRateHz: 16_000,
        })
        expect(score).to.be.closeTo(alone.score, 1e-4)
        expect(rest).to.include({ silent: false, channel: null, decision: alone.decision })
        expect(rest).to.deep.include({ device: { kind: 'cpu', threads: 1 } })
      }
    })
  }

  it('gives the same for a FLAC file, for bytes, for a stream and for raw samples', async () => {
    const expected = (await all(detector().scoreRecording(wav()))).map(({ score }) => score)
    expect(expected.length).to.be.above(10)
    const flac = file('a.flac', flacFile({ channels: [speech], bitsPerSample: 16 }))
    const raw = file('a.raw', integerData([speech], 2))
    const format = { encoding: 's16le', sampleRateHz: 16_000, channelCount: 1 } as const
    for (const found of [
      detector().scoreRecording(flac),
      detector().scoreRecording(createReadStream(flac, { highWaterMark: 5000 })),
      detector().scoreRecording(raw, { format }),
      detector().scoreRecording(createReadStream(raw, { highWaterMark: 7001 }), { format }),
    ]) {
      expect((await all(found)).map(({ score }) => score)).to.deep.equal(expected)
    }
  })

  it('gives the same where every window is computed for itself, with any hop', async () => {
    const [first, second] = await all(detector().scoreRecording(wav(), { hopSeconds: 1.3 }))
    expect(first!.startSeconds).to.equal(0)
    expect(second!.startSeconds).to.be.closeTo(1.3, 0.07)
    const from = Math.round(second!.startSeconds * 16_000)
    const samples = floatsOf(speech).subarray(from, from + windowSamples)
    const alone = await detector().score({ samples, sampleRateHz: 16_000 })
    expect(second!.score).to.be.closeTo(alone.score, 1e-4)
  })

  it('averages channels, or scores each by itself', async () => {
    const other = integerSignal('speech-like', 130_000, 16, 4)
    const stereo = wav([speech, other])
    const each = await all(detector().scoreRecording(stereo, { channels: 'each' }))
    for (const [channel, integers] of [speech, other].entries()) {
      const alone = await all(detector().scoreRecording(wav([integers])))
      const found = each.filter(window => window.channel === channel)
      expect(found.map(({ score }) => score)).to.deep.equal(alone.map(({ score }) => score))
      expect(found.map(({ startSeconds }) => startSeconds)).to.deep.equal(
        alone.map(({ startSeconds }) => startSeconds),
      )
    }
    const averaged = await all(detector().scoreRecording(stereo))
    const mean = speech.map((sample, at) => (sample + other[at]!) / 2 / 32_768)
    const alone = await detector().score({
      samples: Float32Array.from(mean.slice(0, windowSamples)),
      sampleRateHz: 16_000,
    })
    expect(averaged[0]!.score).to.be.closeTo(alone.score, 1e-4)
  })

  it('does not score silence, unless it is told to', async () => {
    const quiet = [...speech.slice(0, 30_000), ...Array<number>(100_000).fill(0), ...speech.slice(0, 30_000)]
    const scores = await all(detector().scoreRecording(wav([quiet])))
    const silent = scores.filter(window => window.silent)
    expect(silent.length).to.be.above(3)
    for (const window of silent) {
      expect(window).to.include({ score: null, decision: null })
      const from = window.startSeconds * 16_000
      expect(from).to.be.at.least(30_000)
      expect(from + windowSamples).to.be.at.most(130_000)
    }
    const told = await all(detector().scoreRecording(wav([quiet]), { silenceDbfs: null }))
    expect(told.filter(window => window.silent)).to.deep.equal([])
    expect(told.map(({ startSeconds }) => startSeconds)).to.deep.equal(
      scores.map(({ startSeconds }) => startSeconds),
    )
  })

  it('hears a recording that is shorter than a window again and again, as a clip', async () => {
    const short = wav([speech.slice(0, 9000)])
    const [only, ...others] = await all(detector().scoreRecording(short))
    expect(others).to.deep.equal([])
    expect(only).to.include({ startSeconds: 0, endSeconds: 9000 / 16_000 })
    expect(only!.score).to.be.closeTo((await detector().score(short)).score, 1e-5)
  })

  it('converts another sample rate as for clips, or refuses it', async () => {
    const telephone = wav([integerSignal('speech-like', 40_000, 16)], 8000)
    const [first] = await all(detector().scoreRecording(telephone))
    expect(first!.score).to.be.closeTo((await detector().score(telephone)).score, 1e-3)
    await using strict = await Detector.load({ ...tinyOptions(), resample: 'refuse' })
    expect((await failureOf(all(strict.scoreRecording(telephone)))).code).to.equal('AUDIO_UNSUPPORTED')
  })

  it('lets ffmpeg decode what is neither WAV nor FLAC', async function () {
    requireTool(this, 'ffmpeg')
    const samples = wav([integerSignal('speech-like', 60_000, 16)])
    const ogg = file(
      'a.ogg',
      pipe('ffmpeg', ['-v', 'error', '-i', '-', '-c:a', 'libopus', '-f', 'ogg', '-'], samples),
    )
    const found = await all(detector().scoreRecording(ogg))
    expect(found.length).to.equal((await all(detector().scoreRecording(samples))).length)
  })

  it('says what would decode it where there is no ffmpeg, and what ffmpeg says where it cannot', async function () {
    const mp3 = file(
      'a.mp3',
      Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\0', 'latin1'), Buffer.alloc(5000, 0x55)]),
    )
    const path = process.env['PATH']
    process.env['PATH'] = folder()
    try {
      const failure = await failureOf(all(detector().scoreRecording(mp3)))
      expect(failure.code).to.equal('AUDIO_UNSUPPORTED')
      expect(failure.message)
        .to.match(/ffmpeg/)
        .and.to.match(/PATH/)
    } finally {
      process.env['PATH'] = path
    }
    requireTool(this, 'ffmpeg')
    const failure = await failureOf(all(detector().scoreRecording(mp3)))
    expect(failure.code).to.equal('AUDIO_UNSUPPORTED')
    expect(failure.message).to.match(/ffmpeg cannot decode it/)
  })

  it('gives what came before the damage, to the last window, and then its error', async () => {
    const flac = flacFile({ channels: [speech], bitsPerSample: 16, blockFrames: 4096 })
    const scores: WindowScore[] = []
    const failure = await failureOf(
      (async () => {
        const cut = detector().scoreRecording(flac.subarray(0, flac.length - 20_000), {
          hopSeconds: stride / 16_000,
        })
        for await (const score of cut) scores.push(score)
      })(),
    )
    expect(failure.code).to.equal('AUDIO_TRUNCATED')
    // Frames of 4,096 samples, each stored as it is: 8 kB and a little.
    const heard = 4096 * Math.floor((flac.length - 20_000) / 8300)
    expect(scores.at(-1)!.endSeconds * 16_000).to.be.within(heard - 4096 - stride, 130_000)
    expect(scores.length).to.be.at.least(Math.floor((heard - 4096 - windowSamples) / stride))
  })

  it('gives the last sample before the damage too, where a file is read in large pieces', async () => {
    const scores: WindowScore[] = []
    const cut = file('cut.wav', wav().subarray(0, 44 + 2 * 40_000))
    const failure = await failureOf(
      (async () => {
        for await (const score of detector().scoreRecording(cut, { hopSeconds: 1 })) scores.push(score)
      })(),
    )
    expect(failure.code).to.equal('AUDIO_TRUNCATED')
    expect(scores.at(-1)!.endSeconds).to.equal(40_000 / 16_000)
  })

  for (const [container, bytes] of [
    ['WAV', wav([Array.from({ length: 10 }, () => speech).flat()])],
    ['FLAC', flacFile({ channels: [Array.from({ length: 10 }, () => speech).flat()], bitsPerSample: 16 })],
  ] as const) {
    it(`says at its end that a ${container} file was written to meanwhile`, async () => {
      const path = file(`growing.${container.toLowerCase()}`, bytes)
      let windows = 0
      const failure = await failureOf(
        (async () => {
          for await (const window of detector().scoreRecording(path)) {
            if (window.startSeconds === 0) appendFileSync(path, Buffer.alloc(10))
            windows += 1
          }
        })(),
      )
      expect(failure.code).to.equal('AUDIO_UNREADABLE')
      expect(windows).to.be.above(100)
    })
  }

  it('says at its end what ffmpeg could not decode of a recording', async function () {
    requireTool(this, 'ffmpeg')
    const mp2 = pipe('ffmpeg', ['-v', 'error', '-i', '-', '-c:a', 'mp2', '-f', 'mp2', '-'], wav())
    mp2.fill(0x55, mp2.length / 2, mp2.length / 2 + 3000)
    let windows = 0
    const failure = await failureOf(
      (async () => {
        for await (const window of detector().scoreRecording(file('a.mp2', mp2)))
          windows += window.silent ? 0 : 1
      })(),
    )
    expect(failure.code).to.equal('AUDIO_CORRUPT')
    expect(failure.message).to.match(/ffmpeg left out/)
    expect(windows).to.be.above(5)
  })

  it('refuses a source that gives anything but bytes', async () => {
    const path = file('a.wav', wav())
    for (const source of [
      createReadStream(path, { encoding: 'latin1' }),
      Readable.from([floatsOf(speech)]),
    ]) {
      const failure = await failureOf(all(detector().scoreRecording(source as AsyncIterable<Uint8Array>)))
      expect(failure.code).to.equal('INVALID_ARGUMENT')
    }
  })

  it('refuses what is missing, empty or no audio by its code', async () => {
    for (const [recording, code] of [
      [join(folder(), 'nothing.wav'), 'AUDIO_NOT_FOUND'],
      [folder(), 'AUDIO_UNREADABLE'],
      [Buffer.alloc(0), 'AUDIO_EMPTY'],
      [wav([[]]), 'AUDIO_EMPTY'],
      [Buffer.from('a letter'), 'AUDIO_UNSUPPORTED'],
    ] as const) {
      expect((await failureOf(all(detector().scoreRecording(recording)))).code).to.equal(code)
    }
  })

  it('refuses options that mean nothing', async () => {
    for (const options of [
      { hopSeconds: 0 },
      { hopSeconds: NaN },
      { channels: 'left' as 'each' },
      { silenceDbfs: 3 },
      { format: { encoding: 'u8' as 's16le', sampleRateHz: 8000, channelCount: 1 } },
    ]) {
      expect((await failureOf(all(detector().scoreRecording(wav(), options)))).code).to.equal(
        'INVALID_ARGUMENT',
      )
    }
    const unknown = { hop: 1 } as object
    expect((await failureOf(all(detector().scoreRecording(wav(), unknown)))).code).to.equal('UNKNOWN_OPTION')
    const none = 7 as unknown as string
    expect((await failureOf(all(detector().scoreRecording(none)))).code).to.equal('INVALID_ARGUMENT')
  })

  it('reports progress, and ends at once when its signal aborts', async () => {
    const seconds: number[] = []
    await all(detector().scoreRecording(wav(), { onProgress: progress => seconds.push(progress.seconds) }))
    expect(seconds).to.deep.equal([...seconds].sort((a, b) => a - b))
    expect(seconds.at(-1)).to.be.closeTo(130_000 / 16_000, 0.6)

    const controller = new AbortController()
    const reason = new Error('enough')
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield await Promise.resolve(integerData([speech], 2))
    }
    const format = { encoding: 's16le', sampleRateHz: 16_000, channelCount: 1 } as const
    const stopped = (async () => {
      const scores = detector().scoreRecording(endless(), { format, signal: controller.signal })
      for await (const window of scores) if (window.startSeconds > 20) controller.abort(reason)
    })()
    expect(await failureOf(stopped)).to.equal(reason)
  })

  it('passes on the error of its source', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(wav().subarray(0, 100_000))
      throw new Error('the line is dead')
    }
    expect((await failureOf(all(detector().scoreRecording(broken())))).message).to.equal('the line is dead')
  })

  it('closes its file, and ends its thread, when its reader has enough', async () => {
    const path = file('long.wav', wav())
    for (let round = 0; round < 5; round += 1) {
      for await (const window of detector().scoreRecording(path)) if (window.startSeconds >= 0) break
    }
    const open = readdirSync('/proc/self/fd').filter(name => {
      try {
        return readlinkSync(join('/proc/self/fd', name)) === path
      } catch {
        // The folder's own, which is closed by now.
        return false
      }
    })
    expect(open).to.deep.equal([])
  })

  it('ends its thread and its source, when its reader leaves one that says nothing', async () => {
    const threads = (): number => readdirSync('/proc/self/task').length
    const leave = async (source: Readable): Promise<void> => {
      source.push(wav().subarray(0, 44 + 2 * 70_000))
      for await (const window of detector().scoreRecording(source)) if (window.startSeconds >= 0) break
    }
    await leave(new Readable({ read: () => undefined }))
    const before = threads()
    for (let round = 0; round < 4; round += 1) {
      const silent = new Readable({ read: () => undefined })
      await leave(silent)
      expect(silent.destroyed).to.equal(true)
    }
    expect(threads()).to.be.at.most(before + 1)
  })

  it('computes windows one by one while recordings with other hops hold the shared sessions', async () => {
    await using own = await Detector.load(tinyOptions({ model: tinyModel.checkpoint }))
    const held = [1, 2].map(hops => own.scoreRecording(wav(), { hopSeconds: (hops * stride) / 16_000 }))
    for (const scores of held) await scores.next()
    const hopSeconds = (3 * stride) / 16_000
    const found = await all(own.scoreRecording(wav(), { hopSeconds }))
    for (const scores of held) await scores.return()
    const shared = await all(own.scoreRecording(wav(), { hopSeconds }))
    expect(found.map(({ startSeconds }) => startSeconds)).to.deep.equal(
      shared.map(({ startSeconds }) => startSeconds),
    )
    for (const [at, { score }] of found.entries()) expect(score).to.be.closeTo(shared[at]!.score!, 1e-4)
  })

  it('waits where other callers fill the queue', async () => {
    const expected = (await all(detector().scoreRecording(wav()))).map(({ score }) => score)
    await using crowded = await Detector.load(tinyOptions({ queueLimit: 0 }))
    for (const found of await Promise.all([1, 2, 3].map(() => all(crowded.scoreRecording(wav()))))) {
      expect(found.map(({ score }) => score)).to.deep.equal(expected)
    }
  })

  it('ends with the detector', async () => {
    const own = await Detector.load(tinyOptions())
    const failure = failureOf(
      (async () => {
        for await (const window of own.scoreRecording(wav()))
          if (window.startSeconds >= 0) await own.release()
      })(),
    )
    expect((await failure).code).to.equal('SESSION_RELEASED')
  })
})
