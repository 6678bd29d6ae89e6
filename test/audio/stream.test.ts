import { expect } from 'chai'
import { decodeAudio, openStream, resample, StreamResampler, type PcmFormat } from '../../lib/audio'
import { errorCode } from '../../lib/errors'
import { failureOf } from '../support/failure'
import { badAudio } from './bad-audio'
import { flacFile } from './flac-files'
import { integerSignal, minimalStandard } from './signals'
import { interleave } from './tools'
import { chunk, floatData, integerData, wavFile } from './wav-files'

/** The bytes in pieces of other lengths each time. */
async function* pieces(bytes: Uint8Array, largest: number, seed = 5): AsyncGenerator<Uint8Array> {
  const random = minimalStandard(seed)
  for (let at = 0; at < bytes.length;) {
    const length = 1 + Math.floor(random() * largest)
    yield await Promise.resolve(bytes.subarray(at, at + length))
    at += length
  }
}

interface Decoded {
  readonly sampleRateHz: number
  readonly channels: readonly number[][]
}

async function decodeStream(bytes: Uint8Array, largest: number, format?: PcmFormat): Promise<Decoded> {
  const { audio, close } = await openStream(pieces(bytes, largest), {
    format,
    byteLength: format === undefined ? bytes.length : undefined,
  })
  const channels: number[][] = Array.from({ length: audio.channelCount }, () => [])
  try {
    for await (const block of audio.blocks) {
      for (const [channel, samples] of block.entries())
        for (const sample of samples) channels[channel]!.push(sample)
    }
  } finally {
    await close()
  }
  return { sampleRateHz: audio.sampleRateHz, channels }
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
    return 'none'
  } catch (error) {
    return errorCode(error)
  }
}

const left = integerSignal('speech-like', 40_000, 16)
const right = integerSignal('noise', 40_000, 16, 3)
const cover = Buffer.alloc(300_000, 7)

const files: Readonly<Record<string, Buffer>> = {
  'a WAV file of 16 bits': wavFile({ data: integerData([left], 2) }),
  'a WAV file with two channels': wavFile({ channelCount: 2, data: integerData([left, right], 2) }),
  'a WAV file of floats': wavFile({
    tag: 3,
    bitsPerSample: 32,
    data: floatData(
      left.map(sample => sample / 32768),
      32,
    ),
  }),
  'a WAV file of 24 bits at 48 kHz': wavFile({
    sampleRateHz: 48_000,
    bitsPerSample: 24,
    data: integerData([integerSignal('speech-like', 40_000, 24)], 3),
  }),
  'a WAV file with a story before and behind the samples': wavFile({
    before: [chunk('bext', cover)],
    after: [chunk('LIST', cover)],
    data: integerData([left], 2),
  }),
  'a WAV file that was written into a pipe': wavFile({ dataSize: 0xffffffff, data: integerData([left], 2) }),
  'a FLAC file': flacFile({ channels: [left], bitsPerSample: 16, coding: { fixedOrder: 2, rice: 8 } }),
  'a FLAC file with two channels and a cover': flacFile({
    channels: [left, right],
    bitsPerSample: 16,
    stereo: 'mid-side',
    metadata: [[6, cover]],
  }),
  'a FLAC file that was written into a pipe': flacFile({
    channels: [left],
    bitsPerSample: 16,
    totalFrames: 0,
    md5: 'absent',
  }),
}

describe('a stream of audio', () => {
  for (const [name, bytes] of Object.entries(files)) {
    it(`has the samples of the whole file, however the bytes come: ${name}`, async () => {
      const whole = decodeAudio(bytes)
      const channels = whole.channels.map(channel => Array.from(channel))
      for (const largest of [700, 100_000, 10_000_000]) {
        expect(await decodeStream(bytes, largest)).to.deep.equal({
          sampleRateHz: whole.sampleRateHz,
          channels,
        })
      }
    })
  }

  it('gives the frames of a FLAC file that have come, however long the next ones take', async () => {
    const bytes = files['a FLAC file that was written into a pipe']!
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 70_000)
      await new Promise<never>(() => undefined)
    }
    const { audio } = await openStream(slow())
    const expected = decodeAudio(bytes).channels[0]!
    let frames = 0
    for await (const [block] of audio.blocks) {
      expect(block).to.deep.equal(expected.slice(frames, frames + block!.length))
      frames += block!.length
      // Stored as they are, two bytes a sample.
      if (frames >= 32_000) break
    }
  })

  it('has the samples of raw 16-bit and float data', async () => {
    const expected = [left, right].map(channel => channel.map(sample => sample / 32768))
    const format = { sampleRateHz: 8000, channelCount: 2 } as const
    const integers = await decodeStream(integerData([left, right], 2), 1001, { ...format, encoding: 's16le' })
    expect(integers.channels).to.deep.equal(expected)
    const floats = await decodeStream(floatData(interleave(expected), 32), 1001, {
      ...format,
      encoding: 'f32le',
    })
    expect(floats.channels).to.deep.equal(expected)
  })

  it('of raw samples that end inside a frame or are no numbers is refused', async () => {
    const odd = decodeStream(Buffer.alloc(1003), 100, {
      encoding: 's16le',
      sampleRateHz: 8000,
      channelCount: 1,
    })
    expect((await failureOf(odd)).code).to.equal('AUDIO_TRUNCATED')
    const format = { encoding: 'f32le', sampleRateHz: 8000, channelCount: 1 } as const
    expect((await failureOf(decodeStream(Buffer.alloc(1000, 0xff), 100, format))).code).to.equal(
      'AUDIO_CORRUPT',
    )
  })

  for (const { name, bytes } of badAudio) {
    it(`is refused as the file is: ${name}`, async () => {
      const code = codeOf(() => decodeAudio(bytes()))
      let found: string | undefined = 'none'
      let samples = 0
      try {
        samples = (await decodeStream(bytes(), 1500)).channels[0]!.length
      } catch (error) {
        found = errorCode(error)
      }
      // Nothing in it is for the reader of the samples to say.
      if (code === 'AUDIO_EMPTY' && found === 'none') expect(samples).to.equal(0)
      else expect(found).to.equal(code)
    })
  }

  it('is closed when its reader has enough', async () => {
    let isClosed = false
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(integerData([left], 2))
      } finally {
        isClosed = true
      }
    }
    const opened = await openStream(endless(), {
      format: { encoding: 's16le', sampleRateHz: 16_000, channelCount: 1 },
    })
    for await (const block of opened.audio.blocks) if (block[0]!.length > 0) break
    await opened.close()
    expect(isClosed).to.equal(true)
  })
})

describe('a sample rate that is converted block by block', function () {
  this.timeout(60_000)

  for (const [fromHz, toHz] of [
    [48_000, 16_000],
    [8000, 16_000],
    [44_100, 16_000],
    [16_000, 16_000],
  ] as const) {
    it(`gives the samples of the whole: ${fromHz} Hz to ${toHz} Hz`, async () => {
      const samples = Float32Array.from(left, sample => sample / 32768)
      const whole = await resample(samples, fromHz, toHz)
      const resampler = new StreamResampler(fromHz, toHz)
      const found: number[] = []
      for (let at = 0, length = 1; at < samples.length; at += length, length = (length * 7) % 5003) {
        found.push(...(await resampler.convert(samples.slice(at, at + length))))
      }
      found.push(...resampler.finish())
      expect(found.length).to.equal(whole.length)
      const largest = whole.reduce((most, sample, at) => Math.max(most, Math.abs(sample - found[at]!)), 0)
      expect(largest).to.be.below(1e-6)
    })
  }

  it('gives nothing where nothing came', () => {
    expect(new StreamResampler(8000, 16_000).finish()).to.have.length(0)
  })
})
