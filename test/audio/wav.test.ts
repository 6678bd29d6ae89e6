import { expect } from 'chai'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeAudio } from '../../lib/audio'
import { AudioError } from '../../lib/errors'
import { requireTool } from '../support/environment'
import { integerSignal } from './signals'
import { ffmpegSamples, firstDifference, interleave, pipe } from './tools'
import { chunk, ds64, floatData, integerData, wavFile } from './wav-files'

const speech = integerSignal('speech-like', 5000, 16)
const data = integerData([speech], 2)

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof AudioError) return error.code
    throw error
  }
  return 'none'
}

function samplesOf(bytes: Uint8Array): number[] {
  return [...decodeAudio(bytes).channels[0]!]
}

describe('WAV samples', () => {
  it('of 16 bits are int16 / 32768, all 65,536 of them', () => {
    const every = Array.from({ length: 65536 }, (_, i) => i - 32768)
    const audio = decodeAudio(wavFile({ data: integerData([every], 2) }))
    expect(firstDifference(audio.channels, every, 32768)).to.equal(undefined)
    expect(audio).to.include({ container: 'wav', bitsPerSample: 16, sampleRateHz: 16000, totalFrames: 65536 })
  })

  it('of 8 bits are (uint8 - 128) / 128', () => {
    const every = Array.from({ length: 256 }, (_, i) => i)
    const audio = decodeAudio(wavFile({ data: Buffer.from(every), bitsPerSample: 8 }))
    expect(
      firstDifference(
        audio.channels,
        every.map(code => code - 128),
        128,
      ),
    ).to.equal(undefined)
  })

  it('of 24 bits are int24 / 2^23, the most negative one included', () => {
    const values = [-8388608, -8388607, -1, 0, 1, 255, -256, 65536, 8388607]
    const audio = decodeAudio(wavFile({ data: integerData([values], 3), bitsPerSample: 24 }))
    expect(firstDifference(audio.channels, values, 2 ** 23)).to.equal(undefined)
  })

  it('of 32 bits are int32 / 2^31, rounded to float', () => {
    const values = [-2147483648, -2147483647, -1, 0, 1, 123456789, 2147483647]
    const audio = decodeAudio(wavFile({ data: integerData([values], 4), bitsPerSample: 32 }))
    expect(firstDifference(audio.channels, values, 2 ** 31)).to.equal(undefined)
  })

  it('of 12 bits, left-justified in two bytes, are int12 / 2^11', () => {
    const values = [-2048, -1, 0, 1, 2047]
    const stored = integerData([values.map(value => value * 16)], 2)
    const audio = decodeAudio(wavFile({ data: stored, bitsPerSample: 12 }))
    expect(firstDifference(audio.channels, values, 2048)).to.equal(undefined)
    expect(audio.fullScale).to.equal(2047 / 2048)
  })

  it('of 32- and 64-bit floats are taken as they are, also beyond full scale', () => {
    const values = [0, -0.25, 1, -1, 3.5, 1e-30]
    for (const bits of [32, 64] as const) {
      const audio = decodeAudio(wavFile({ tag: 3, bitsPerSample: bits, data: floatData(values, bits) }))
      expect(firstDifference(audio.channels, values, 1)).to.equal(undefined)
    }
  })

  it('of mu-law and A-law are int16 / 32768 after expansion', () => {
    expect(samplesOf(wavFile({ tag: 7, bitsPerSample: 8, data: Buffer.from([0x00, 0x80]) }))).to.deep.equal([
      -32124 / 32768,
      32124 / 32768,
    ])
    expect(samplesOf(wavFile({ tag: 6, bitsPerSample: 8, data: Buffer.from([0x2a, 0xd5]) }))).to.deep.equal([
      -32256 / 32768,
      8 / 32768,
    ])
  })

  it('of several channels come out one array a channel', () => {
    const channels = [speech, speech.map(sample => -1 - sample), speech.map(() => 7)]
    const audio = decodeAudio(wavFile({ data: integerData(channels, 2), channelCount: 3 }))
    expect(firstDifference(audio.channels, interleave(channels), 32768)).to.equal(undefined)
  })

  it('are read from their own bytes where the file is part of a larger buffer', () => {
    const file = wavFile({ data })
    const pool = Buffer.alloc(file.length + 10, 0x55)
    file.copy(pool, 3)
    expect(samplesOf(pool.subarray(3, 3 + file.length))).to.deep.equal(samplesOf(file))
  })

  it('beyond maxFrames are counted but not kept', () => {
    const long = integerData([integerSignal('noise', 40_000, 16)], 2)
    const all = decodeAudio(wavFile({ data: long }))
    const front = decodeAudio(wavFile({ data: long }), { maxFrames: 17_000 })
    expect(front.totalFrames).to.equal(40_000)
    expect(front.channels[0]).to.deep.equal(all.channels[0]!.slice(0, 17_000))
  })

  it('are not counted in fractions, and options are not guessed', () => {
    for (const maxFrames of [0, -1, 1.5, NaN]) {
      expect(() => decodeAudio(wavFile({ data }), { maxFrames }))
        .to.throw(RangeError)
        .with.property('code', 'INVALID_ARGUMENT')
    }
    expect(() => decodeAudio(wavFile({ data }), { maxframes: 1 } as never))
      .to.throw(TypeError)
      .with.property('code', 'UNKNOWN_OPTION')
  })
})

describe('WAV headers', () => {
  const expected = samplesOf(wavFile({ data }))
  const accepted: Readonly<Record<string, Buffer>> = {
    WAVE_FORMAT_EXTENSIBLE: wavFile({ data, validBits: 16 }),
    'a fmt chunk of 18 bytes': wavFile({ data, fmtBytes: 18 }),
    'chunks of odd length, padded, before and after the samples': wavFile({
      data,
      before: [chunk('LIST', Buffer.alloc(27, 0x64)), chunk('JUNK', Buffer.alloc(1))],
      after: [chunk('id3 ', Buffer.alloc(33)), chunk('LIST', Buffer.alloc(5))],
    }),
    'data that claims 0 bytes, as Python writes it into a pipe': wavFile({ data, dataSize: 0, riffSize: 36 }),
    'data and RIFF that claim 2^32 - 1 bytes, as ffmpeg writes it into a pipe': wavFile({
      data,
      dataSize: 0xffffffff,
      riffSize: 0xffffffff,
    }),
    'data that claims 0x7ffff000 bytes, as sox writes it into a pipe': wavFile({
      data,
      dataSize: 0x7ffff000,
      riffSize: 0x7ffff024,
    }),
    'data that claims 2^31 bytes, as arecord writes it into a pipe': wavFile({ data, dataSize: 2 ** 31 }),
    'a RIFF size that says nothing true': wavFile({ data, riffSize: 17 }),
    RF64: wavFile({
      riffId: 'RF64',
      before: [ds64(BigInt(data.length))],
      data,
      dataSize: 0xffffffff,
      riffSize: 0xffffffff,
    }),
    BW64: wavFile({
      riffId: 'BW64',
      before: [ds64(BigInt(data.length))],
      data,
      dataSize: 0xffffffff,
      riffSize: 0xffffffff,
    }),
    'RF64 with an ordinary data size': wavFile({ riffId: 'RF64', before: [ds64(0n)], data }),
    'RF64 from a pipe': wavFile({
      riffId: 'RF64',
      before: [ds64(2n ** 64n - 1n)],
      data,
      dataSize: 0xffffffff,
    }),
    'an ID3v2 tag in front': Buffer.concat([
      Buffer.from('ID3\x04\x00\x00\x00\x00\x00\x05hello', 'latin1'),
      wavFile({ data }),
    ]),
  }
  for (const [name, file] of Object.entries(accepted)) {
    it(`may have ${name}`, () => {
      expect(samplesOf(file)).to.deep.equal(expected)
    })
  }

  it('of a pipe may be followed by the pad byte of an odd number of bytes', () => {
    const odd = integerData([[1, 2, 3]], 3)
    const file = wavFile({ data: odd, bitsPerSample: 24, dataSize: 0xffffffff })
    expect(file.length % 2).to.equal(0)
    expect(decodeAudio(file).totalFrames).to.equal(3)
  })

  it('are never believed where the file is shorter, wherever it is cut', () => {
    const file = wavFile({ data: data.subarray(0, 60), before: [chunk('LIST', Buffer.alloc(7))] })
    for (let length = 1; length < file.length; length++) {
      expect(
        codeOf(() => decodeAudio(file.subarray(0, length))),
        `${length} bytes`,
      ).to.equal('AUDIO_TRUNCATED')
    }
  })
})

describe('WAV against the tools that write it', () => {
  const stereo = interleave([speech, integerSignal('noise', 5000, 16, 9)])
  const input = wavFile({ data: integerData([stereo], 2), channelCount: 2 })
  const ffmpegCodecs = [
    'pcm_u8',
    'pcm_s16le',
    'pcm_s24le',
    'pcm_s32le',
    'pcm_f32le',
    'pcm_f64le',
    'pcm_mulaw',
    'pcm_alaw',
  ]

  for (const codec of ffmpegCodecs) {
    it(`equals ffmpeg's own decoding of its ${codec} from a pipe`, function () {
      requireTool(this, 'ffmpeg')
      const file = pipe('ffmpeg', ['-v', 'error', '-i', '-', '-c:a', codec, '-f', 'wav', '-'], input)
      expect(firstDifference(decodeAudio(file).channels, ffmpegSamples(file), 2 ** 31)).to.equal(undefined)
    })
  }

  it("equals ffmpeg's own decoding of its RF64", function () {
    requireTool(this, 'ffmpeg')
    // To a file: into a pipe ffmpeg writes sizes of 0, which it then believes itself.
    const folder = mkdtempSync(join(tmpdir(), 'aasist-rf64-'))
    const path = join(folder, 'long.wav')
    pipe('ffmpeg', ['-v', 'error', '-i', '-', '-rf64', 'always', path], input)
    const file = readFileSync(path)
    rmSync(folder, { recursive: true })
    expect(file.toString('latin1', 0, 4)).to.equal('RF64')
    expect(firstDifference(decodeAudio(file).channels, ffmpegSamples(file), 2 ** 31)).to.equal(undefined)
  })

  for (const format of [
    ['-b', '8'],
    ['-b', '16'],
    ['-b', '24'],
    ['-b', '32'],
    ['-e', 'floating-point', '-b', '32'],
    ['-e', 'mu-law'],
    ['-e', 'a-law'],
  ]) {
    it(`equals ffmpeg's decoding of what sox writes into a pipe with ${format.join(' ')}`, function () {
      requireTool(this, 'ffmpeg')
      requireTool(this, 'sox')
      const file = pipe('sox', ['-D', '-t', 'wav', '-', ...format, '-t', 'wav', '-'], input)
      const reference = ffmpegSamples(file)
      expect(firstDifference(decodeAudio(file).channels, reference, 2 ** 31)).to.equal(undefined)
    })
  }
})
