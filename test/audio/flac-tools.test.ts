import { expect } from 'chai'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeAudio } from '../../lib/audio'
import { referenceData, requireTool, root } from '../support/environment'
import { flacFile, type FlacSpec } from './flac-files'
import { integerSignal, type SignalKind } from './signals'
import { ffmpegSamples, firstDifference, interleave, pipe } from './tools'
import { integerData, wavFile } from './wav-files'

const INT32_SCALE = 2 ** 31

function flacFilesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.flac'))
    .map(name => join(folder, name))
    .sort()
}

/** Depths between whole bytes travel left-justified in WAVE_FORMAT_EXTENSIBLE; 8 bits are unsigned. */
function wavOf(channels: readonly (readonly number[])[], bits: number, sampleRateHz: number): Buffer {
  const common = { channelCount: channels.length, sampleRateHz }
  if (bits === 8) {
    return wavFile({ ...common, data: Buffer.from(interleave(channels).map(s => s + 128)), bitsPerSample: 8 })
  }
  const bytes = Math.ceil(bits / 8) as 2 | 3 | 4
  const justified = channels.map(channel => channel.map(sample => sample * 2 ** (8 * bytes - bits)))
  return wavFile({
    ...common,
    data: integerData(justified, bytes),
    bitsPerSample: 8 * bytes,
    validBits: bits,
  })
}

/** Files whose samples are not those of ffmpeg. One process decodes a batch: starting one takes longer than decoding. */
function unequalToFfmpeg(files: readonly string[], folder: string): string[] {
  const outputs = files.map((_, i) => join(folder, `${i}.raw`))
  const inputArgs = files.flatMap(file => ['-i', file])
  const outputArgs = outputs.flatMap((output, i) => [
    '-map',
    `${i}:a`,
    '-f',
    's32le',
    '-c:a',
    'pcm_s32le',
    output,
  ])
  pipe('ffmpeg', ['-v', 'error', '-y', ...inputArgs, ...outputArgs])
  return files.flatMap((file, i) => {
    const raw = readFileSync(outputs[i]!)
    const expected = new Int32Array(raw.buffer, raw.byteOffset, raw.length / 4)
    const difference = firstDifference(decodeAudio(readFileSync(file)).channels, expected, INT32_SCALE)
    return difference === undefined ? [] : [`${file}: ${difference}`]
  })
}

describe('FLAC against ffmpeg and flac', function () {
  this.timeout(120_000)

  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'aasist-flac-'))
  })
  after(() => {
    rmSync(folder, { recursive: true })
  })

  it('equals ffmpeg sample for sample on all 186 ASVspoof LA clips', function () {
    requireTool(this, 'ffmpeg')
    const files = flacFilesUnder(join(referenceData(this), 'LA'))
    expect(files).to.have.length(186)
    expect(unequalToFfmpeg(files, folder)).to.deep.equal([])
  })

  it('equals ffmpeg sample for sample on the demo clips', function () {
    requireTool(this, 'ffmpeg')
    const files = flacFilesUnder(join(root, 'models', 'demo'))
    expect(files).to.have.length(37)
    expect(unequalToFfmpeg(files, folder)).to.deep.equal([])
  })

  describe('encoded by flac', () => {
    interface Case {
      readonly bits: number
      readonly channelCount?: number
      readonly sampleRateHz?: number
      readonly kind?: SignalKind
      readonly frames?: number
      readonly options?: readonly string[]
      readonly piped?: boolean
    }

    const depths: Case[] = [8, 12, 16, 20, 24, 32].flatMap(bits =>
      (['speech-like', 'noise'] as const).map(kind => ({ bits, kind })),
    )
    const cases: readonly Case[] = [
      ...depths,
      { bits: 16, kind: 'full-scale square' },
      { bits: 24, kind: 'full-scale square' },
      { bits: 32, kind: 'full-scale square', channelCount: 2 },
      ...[1, 2, 3, 4, 5, 6, 7, 8].map(channelCount => ({ bits: 16, channelCount, frames: 3000 })),
      ...[8, 24, 32].map(bits => ({ bits, channelCount: 2 })),
      ...[8000, 11025, 22050, 44100, 48000, 96000, 176400, 192000, 12345, 655350, 352800].map(
        sampleRateHz => ({
          bits: 16,
          sampleRateHz,
          options: ['--lax'],
        }),
      ),
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8].map(level => ({ bits: 16, channelCount: 2, options: [`-${level}`] })),
      ...[16, 17, 192, 576, 4608, 65535].map(size => ({
        bits: 16,
        frames: 70_001,
        options: ['--lax', '-b', `${size}`],
      })),
      { bits: 16, options: ['--lax', '-8', '-e', '-p', '-l', '32', '-r', '0,15'] },
      { bits: 16, kind: 'silence' },
      { bits: 16, kind: 'constant', channelCount: 2 },
      { bits: 24, kind: 'padded with zero bits' },
      { bits: 16, frames: 1 },
      { bits: 16, frames: 4095 },
      { bits: 16, frames: 4097 },
      { bits: 16, options: ['--no-md5-sum'] },
      { bits: 16, options: ['-S', '1s', '-P', '100000'] },
      { bits: 16, piped: true },
      { bits: 24, channelCount: 2, piped: true, options: ['--no-md5-sum'] },
    ]

    for (const testCase of cases) {
      const { bits, channelCount = 1, sampleRateHz = 16000, kind = 'speech-like', frames = 20_000 } = testCase
      const { options = [], piped = false } = testCase
      const name = [`${bits}-bit ${kind}, ${channelCount} x ${frames} at ${sampleRateHz} Hz`, ...options]
      it(`is exact for ${name.join(' ')}${piped ? ' through a pipe' : ''}`, function () {
        requireTool(this, 'flac')
        const channels = Array.from({ length: channelCount }, (_, c) =>
          integerSignal(kind, frames, bits, c + 1),
        )
        const wav = wavOf(channels, bits, sampleRateHz)
        const input = join(folder, 'in.wav')
        const output = join(folder, 'out.flac')
        const quiet = ['-s', '-f', '--channel-map=none', ...options]
        if (piped) {
          writeFileSync(output, pipe('flac', [...quiet, '-c', '-'], wav))
        } else {
          writeFileSync(input, wav)
          pipe('flac', [...quiet, '-o', output, input])
        }

        const file = readFileSync(output)
        const audio = decodeAudio(file)
        expect(audio).to.include({
          container: 'flac',
          sampleRateHz,
          bitsPerSample: bits,
          totalFrames: frames,
        })
        expect(firstDifference(audio.channels, interleave(channels), 2 ** (bits - 1))).to.equal(undefined)
      })
    }
  })

  describe('encoded by ffmpeg', () => {
    const settings: readonly (readonly string[])[] = [
      ['-compression_level', '0'],
      ['-compression_level', '12'],
      ['-lpc_type', 'cholesky', '-compression_level', '8'],
      ['-ch_mode', 'left_side', '-ac', '2'],
      ['-ch_mode', 'right_side', '-ac', '2'],
      ['-ch_mode', 'mid_side', '-ac', '2'],
      ['-exact_rice_parameters', '1', '-max_partition_order', '8'],
      ['-sample_fmt', 's32', '-bits_per_raw_sample', '24'],
      ['-frame_size', '16'],
    ]
    for (const args of settings) {
      it(`is exact for ${args.join(' ')}, written to a pipe`, function () {
        requireTool(this, 'ffmpeg')
        const channels = [integerSignal('speech-like', 30_000, 16, 5), integerSignal('noise', 30_000, 16, 6)]
        const wav = wavFile({ data: integerData(channels, 2), channelCount: 2 })
        const file = pipe('ffmpeg', ['-v', 'error', '-i', '-', ...args, '-f', 'flac', '-'], wav)
        expect(firstDifference(decodeAudio(file).channels, ffmpegSamples(file), INT32_SCALE)).to.equal(
          undefined,
        )
      })
    }

    it('is exact where a picture, tags and an ID3v2 tag stand before the audio', function () {
      requireTool(this, 'ffmpeg')
      const wav = wavFile({ data: integerData([integerSignal('speech-like', 9000, 16)], 2) })
      const flac = pipe('ffmpeg', ['-v', 'error', '-i', '-', '-metadata', 'artist=x', '-f', 'flac', '-'], wav)
      const id3 = Buffer.concat([
        Buffer.from('ID3\x04\x00\x00\x00\x00\x07\x68', 'latin1'),
        Buffer.alloc(1000),
      ])
      const audio = decodeAudio(Buffer.concat([id3, flac]))
      expect(firstDifference(audio.channels, ffmpegSamples(flac), INT32_SCALE)).to.equal(undefined)
    })
  })

  describe('streams written by the test encoder', () => {
    const left = integerSignal('speech-like', 5000, 16, 1)
    const right = integerSignal('speech-like', 5000, 16, 2)
    const specs: Readonly<Record<string, FlacSpec>> = {
      verbatim: { channels: [left], bitsPerSample: 16 },
      'escaped residuals': { channels: [left], bitsPerSample: 16, coding: 'escaped' },
      'fixed order 4': { channels: [left], bitsPerSample: 16, coding: { fixedOrder: 4, rice: 12 } },
      'left-side': { channels: [left, right], bitsPerSample: 16, stereo: 'left-side' },
      'side-right': { channels: [left, right], bitsPerSample: 16, stereo: 'side-right' },
      'mid-side': { channels: [left, right], bitsPerSample: 16, stereo: 'mid-side', blockFrames: 100 },
      '32-bit mid-side': {
        channels: [integerSignal('noise', 3000, 32, 1), integerSignal('noise', 3000, 32, 2)],
        bitsPerSample: 32,
        stereo: 'mid-side',
      },
      'variable blocks': { channels: [left], bitsPerSample: 16, blockFrames: [17, 4000, 300, 1, 16] },
    }
    for (const [name, spec] of Object.entries(specs)) {
      it(`are what the reference decoder reads: ${name}`, function () {
        requireTool(this, 'flac')
        const args = ['-s', '-d', '-c', '--force-raw-format', '--endian=little', '--sign=signed', '-']
        const bytes = Math.ceil(spec.bitsPerSample / 8) as 2 | 3 | 4
        expect(pipe('flac', args, flacFile(spec)).equals(integerData(spec.channels, bytes))).to.equal(true)
      })
    }
  })
})
