import { expect } from 'chai'
import { clipFromSamples, loadClip, resample, type Clip } from '../../lib/audio'
import { flacFile } from './flac-files'
import { integerSignal, sine } from './signals'
import { floatData, integerData, wavFile } from './wav-files'

const windowSamples = 64_600
const speech = integerSignal('speech-like', 70_000, 16)

function wavOf(samples: readonly number[], sampleRateHz = 16_000): Buffer {
  return wavFile({ data: integerData([samples], 2), sampleRateHz })
}

function codes(clip: Clip): string[] {
  return clip.warnings.map(({ code }) => code)
}

async function codeOf(clip: Promise<unknown>): Promise<unknown> {
  return clip.then(
    () => 'none',
    (error: unknown) => (error as { code: unknown }).code,
  )
}

describe('a clip', () => {
  it('is the first 64,600 samples of a long file, as int16 / 32768', async () => {
    const clip = await loadClip(wavOf(speech), { windowSamples })
    expect(clip.samples).to.deep.equal(
      Float32Array.from(speech.slice(0, windowSamples), value => value / 32768),
    )
    expect(clip).to.deep.include({
      durationSeconds: 70_000 / 16_000,
      sourceSampleRateHz: 16_000,
      sourceChannels: 1,
      warnings: [],
    })
  })

  it('is a short file repeated', async () => {
    const clip = await loadClip(wavOf(speech.slice(0, 40_000)), { windowSamples })
    expect(clip.samples).to.deep.equal(
      Float32Array.from({ length: windowSamples }, (_, i) => speech[i % 40_000]! / 32768),
    )
    expect(clip.warnings).to.deep.equal([])
  })

  it('of a few samples still works', async () => {
    const clip = await loadClip(wavOf([100, -200, 300]), { windowSamples: 8 })
    expect([...clip.samples].map(sample => sample * 32768)).to.deep.equal([
      100, -200, 300, 100, -200, 300, 100, -200,
    ])
    const upsampled = await loadClip(wavOf([10_000], 8000), { windowSamples })
    expect(upsampled.samples).to.have.length(windowSamples)
  })

  it('is the same from FLAC and from WAV', async () => {
    const samples = speech.slice(0, 9000)
    const fromFlac = await loadClip(flacFile({ channels: [samples], bitsPerSample: 16 }), { windowSamples })
    expect(fromFlac).to.deep.equal(await loadClip(wavOf(samples), { windowSamples }))
  })

  it('longer than maxSeconds is refused, whatever its header says, and not decoded to its end', async () => {
    const within = { windowSamples, maxSeconds: 70_000 / 16_000 }
    const below = { windowSamples, maxSeconds: 69_999 / 16_000 }
    const flac = (told: 'with its length' | 'without'): Buffer => {
      const bytes = flacFile({
        channels: [speech],
        bitsPerSample: 16,
        md5: 'absent',
        ...(told === 'without' && { totalFrames: 0 }),
      })
      // Damage that nobody comes to.
      bytes.fill(0, bytes.length - 3)
      return bytes
    }
    const samples = Float32Array.from(speech, value => value / 32768)
    expect((await loadClip(wavOf(speech), within)).durationSeconds).to.equal(70_000 / 16_000)
    for (const clip of [
      loadClip(wavOf(speech), below),
      loadClip(flac('with its length'), below),
      loadClip(flac('without'), { windowSamples, maxSeconds: 4 }),
      clipFromSamples(samples, 16_000, below),
    ]) {
      expect(await codeOf(clip)).to.equal('AUDIO_TOO_LARGE')
    }
    expect(await codeOf(loadClip(flac('without'), within))).to.equal('AUDIO_CORRUPT')
    expect(await codeOf(loadClip(wavOf(speech), { windowSamples, maxSeconds: 0 }))).to.equal(
      'INVALID_ARGUMENT',
    )
  })

  it('is the mean of the channels', async () => {
    const right = integerSignal('noise', 70_000, 16)
    const clip = await loadClip(wavFile({ data: integerData([speech, right], 2), channelCount: 2 }), {
      windowSamples,
    })
    expect(clip.samples).to.deep.equal(
      Float32Array.from({ length: windowSamples }, (_, i) => (speech[i]! + right[i]!) / 65536),
    )
    expect(clip.sourceChannels).to.equal(2)
  })

  it('is converted to the rate of the model, and equals what the whole file gives', async () => {
    for (const sourceRateHz of [8000, 44_100]) {
      const samples = integerSignal('noise', sourceRateHz * 6, 16)
      const clip = await loadClip(wavOf(samples, sourceRateHz), { windowSamples })
      const whole = await resample(
        Float32Array.from(samples, value => value / 32768),
        sourceRateHz,
        16_000,
      )
      expect(clip.samples).to.deep.equal(whole.slice(0, windowSamples))
      expect(clip).to.include({ sourceSampleRateHz: sourceRateHz, durationSeconds: 6 })
    }
  })

  it('from samples in memory is that from a file', async () => {
    const samples = Float32Array.from(speech, value => value / 32768)
    for (const rate of [16_000, 22_050]) {
      expect(await clipFromSamples(samples, rate, { windowSamples })).to.deep.equal(
        await loadClip(wavOf(speech, rate), { windowSamples }),
      )
    }
  })

  it('from samples in memory does not share or watch the array of its caller', async () => {
    const samples = Float32Array.from(speech, value => value / 32768)
    const pending = clipFromSamples(samples, 8000, { windowSamples })
    samples.fill(0)
    expect(codes(await pending)).to.deep.equal(['AUDIO_NARROW_BAND'])
  })

  it('may be refused for its rate or its channels', async () => {
    const stereo = wavFile({ data: integerData([speech, speech], 2), channelCount: 2 })
    expect(await codeOf(loadClip(wavOf(speech, 8000), { windowSamples, resample: 'refuse' }))).to.equal(
      'AUDIO_UNSUPPORTED',
    )
    expect(await codeOf(loadClip(stereo, { windowSamples, channels: 'refuse' }))).to.equal(
      'AUDIO_UNSUPPORTED',
    )
    expect(
      await codeOf(loadClip(wavOf(speech), { windowSamples, resample: 'refuse', channels: 'refuse' })),
    ).to.equal('none')
  })

  it('from samples in memory cannot be empty or hold anything but finite numbers', async () => {
    expect(await codeOf(clipFromSamples(new Float32Array(0), 16_000, { windowSamples }))).to.equal(
      'AUDIO_EMPTY',
    )
    for (const bad of [NaN, Infinity]) {
      const samples = new Float32Array(70_000)
      samples[69_999] = bad
      expect(await codeOf(clipFromSamples(samples, 16_000, { windowSamples }))).to.equal('AUDIO_CORRUPT')
    }
  })

  it('of finite numbers that overflow in the filter is AUDIO_CORRUPT', async () => {
    const square = Float32Array.from({ length: 4000 }, (_, i) => (i % 100 < 50 ? 3.4e38 : -3.4e38))
    expect(await codeOf(clipFromSamples(square, 44_100, { windowSamples: 1000 }))).to.equal('AUDIO_CORRUPT')
  })

  it('needs sensible options', async () => {
    const file = wavOf(speech)
    const wrong = [
      { windowSamples: 0 },
      { windowSamples: 1.5 },
      { windowSamples, sampleRateHz: 0 },
      { windowSamples, resample: 'maybe' },
      { windowSamples, channels: 'left' },
    ]
    for (const options of wrong) {
      expect(await codeOf(loadClip(file, options as never)), JSON.stringify(options)).to.equal(
        'INVALID_ARGUMENT',
      )
    }
    expect(await codeOf(loadClip(file, { windowSamples, resampel: 'refuse' } as never))).to.equal(
      'UNKNOWN_OPTION',
    )
    expect(await codeOf(loadClip('clip.wav' as never, { windowSamples }))).to.equal('INVALID_ARGUMENT')
    expect(await codeOf(clipFromSamples([1, 2] as never, 16_000, { windowSamples }))).to.equal(
      'INVALID_ARGUMENT',
    )
    expect(await codeOf(clipFromSamples(Float32Array.of(1), 0, { windowSamples }))).to.equal(
      'INVALID_ARGUMENT',
    )
  })
})

describe('a clip warns', () => {
  it('of silence: nothing, dither of two steps, or a constant', async () => {
    const dither = integerSignal('noise', 70_000, 16).map(value => Math.round(value / 32768) * 2)
    for (const samples of [new Array<number>(70_000).fill(0), dither, new Array<number>(70_000).fill(900)]) {
      expect(codes(await loadClip(wavOf(samples), { windowSamples }))).to.deep.equal(['AUDIO_SILENT'])
    }
  })

  it('of silence in the part that is scored, whatever follows', async () => {
    const late = [...new Array<number>(windowSamples).fill(0), ...speech]
    expect(codes(await loadClip(wavOf(late), { windowSamples }))).to.deep.equal(['AUDIO_SILENT'])
  })

  it('not of quiet speech', async () => {
    const quiet = speech.map(value => Math.round(value / 2000))
    expect(codes(await loadClip(wavOf(quiet), { windowSamples }))).to.deep.equal([])
  })

  it('of clipping, in every encoding', async () => {
    const loud = [...sine(200, 16_000, 5, 1.3)].map(sample => Math.max(-1, Math.min(1, sample)))
    const asInteger = (bits: number): number[] =>
      loud.map(sample => Math.round(sample * (2 ** (bits - 1) - 1)))
    const files: Readonly<Record<string, Buffer>> = {
      '16-bit': wavOf(asInteger(16)),
      '24-bit': wavFile({ data: integerData([asInteger(24)], 3), bitsPerSample: 24 }),
      '8-bit': wavFile({ data: Buffer.from(asInteger(8).map(value => value + 128)), bitsPerSample: 8 }),
      float: wavFile({ tag: 3, bitsPerSample: 32, data: floatData(loud, 32) }),
      'mu-law': wavFile({
        tag: 7,
        bitsPerSample: 8,
        data: Buffer.from(loud.map(sample => (sample < 0 ? 0x00 : 0x80))),
      }),
    }
    for (const [name, file] of Object.entries(files)) {
      expect(codes(await loadClip(file, { windowSamples })), name).to.deep.equal(['AUDIO_CLIPPED'])
    }
    const clipped8k = wavOf(asInteger(16), 8000)
    expect(codes(await loadClip(clipped8k, { windowSamples }))).to.deep.equal([
      'AUDIO_CLIPPED',
      'AUDIO_NARROW_BAND',
    ])
  })

  it('not of isolated peaks at full scale, nor of a loud sine', async () => {
    const peaks = speech.map((value, i) => (i % 50 === 0 ? 32767 : Math.round(value / 2)))
    expect(codes(await loadClip(wavOf(peaks), { windowSamples }))).to.deep.equal([])
    const full = [...sine(1000, 16_000, 5, 1)].map(sample => Math.round(sample * 32767))
    expect(codes(await loadClip(wavOf(full), { windowSamples }))).to.deep.equal([])
  })

  it('of clips shorter than half the window', async () => {
    expect(codes(await loadClip(wavOf(speech.slice(0, 32_299)), { windowSamples }))).to.deep.equal([
      'AUDIO_SHORT',
    ])
    expect(codes(await loadClip(wavOf(speech.slice(0, 32_300)), { windowSamples }))).to.deep.equal([])
  })

  it('of narrow-band recordings', async () => {
    expect(codes(await loadClip(wavOf(speech, 8000), { windowSamples }))).to.deep.equal(['AUDIO_NARROW_BAND'])
    expect(codes(await loadClip(wavOf(speech, 22_050), { windowSamples }))).to.deep.equal([])
  })
})
