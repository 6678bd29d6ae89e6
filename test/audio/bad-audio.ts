import type { AudioErrorCode } from '../../lib/errors'
import { flacFile, metadataBlock, type FlacSpec } from './flac-files'
import { integerSignal } from './signals'
import { chunk, ds64, floatData, integerData, wavFile } from './wav-files'

/** A file that is no usable speech, the name it might come under and the error it must give. */
export interface BadAudio {
  readonly name: string
  readonly fileName: string
  readonly bytes: () => Uint8Array
  readonly code: AudioErrorCode
}

const speech = integerSignal('speech-like', 3000, 16)
const goodData = integerData([speech], 2)
const goodWav = (): Buffer => wavFile({ data: goodData })
const flacSpec: FlacSpec = { channels: [speech], bitsPerSample: 16, blockFrames: 1000 }
const goodFlac = (): Buffer => flacFile(flacSpec)
/** Where the first frame of `goodFlac` begins: fLaC and STREAMINFO. */
const FLAC_METADATA_BYTES = 42

function edited(file: Buffer, edit: (file: Buffer) => void): Buffer {
  edit(file)
  return file
}

function withoutPart(file: Buffer, from: number, to: number): Buffer {
  return Buffer.concat([file.subarray(0, from), file.subarray(to)])
}

function latin1(...parts: readonly string[]): Buffer {
  return Buffer.from(parts.join(''), 'latin1')
}

/** An Ogg page that begins a stream: 27 bytes of header, one segment. */
function oggPage(payload: string): Buffer {
  const header = Buffer.alloc(28)
  header.write('OggS', 'latin1')
  header[5] = 2
  header[26] = 1
  header[27] = payload.length
  return Buffer.concat([header, latin1(payload), Buffer.alloc(200, 7)])
}

/** Frames of MPEG 1 layer III, 128 kbit/s, 44.1 kHz: right headers around nothing. */
function mp3(): Buffer {
  const frame = Buffer.alloc(417)
  frame.writeUInt32BE(0xfffb9064)
  return Buffer.concat([frame, frame, frame])
}

type Row = readonly [name: string, fileName: string, code: AudioErrorCode, bytes: () => Uint8Array]

const emptyAndCut: readonly Row[] = [
  ['no bytes', 'clip.wav', 'AUDIO_EMPTY', () => Buffer.alloc(0)],
  ['the first two bytes of a WAV file', 'clip.wav', 'AUDIO_TRUNCATED', () => goodWav().subarray(0, 2)],
  ['the first ten bytes of a WAV file', 'clip.wav', 'AUDIO_TRUNCATED', () => goodWav().subarray(0, 10)],
  ['a WAV file cut behind WAVE', 'clip.wav', 'AUDIO_TRUNCATED', () => goodWav().subarray(0, 12)],
  ['a WAV file cut inside fmt', 'clip.wav', 'AUDIO_TRUNCATED', () => goodWav().subarray(0, 30)],
  ['a WAV file cut before data', 'clip.wav', 'AUDIO_TRUNCATED', () => goodWav().subarray(0, 36)],
  ['a WAV file cut inside the size of data', 'clip.wav', 'AUDIO_TRUNCATED', () => goodWav().subarray(0, 42)],
  ['a WAV file cut at its first sample', 'clip.wav', 'AUDIO_TRUNCATED', () => goodWav().subarray(0, 44)],
  ['a WAV file cut in its middle', 'clip.wav', 'AUDIO_TRUNCATED', () => goodWav().subarray(0, 3000)],
  ['a WAV file without its last byte', 'clip.wav', 'AUDIO_TRUNCATED', () => goodWav().subarray(0, -1)],
  [
    'a piped WAV file that ends inside a sample',
    'clip.wav',
    'AUDIO_TRUNCATED',
    () => wavFile({ data: goodData, dataSize: 0xffffffff, riffSize: 0xffffffff }).subarray(0, -1),
  ],
  ['a WAV file without samples', 'clip.wav', 'AUDIO_EMPTY', () => wavFile({ data: Buffer.alloc(0) })],
  [
    'a WAV file without samples but with tags behind them',
    'clip.wav',
    'AUDIO_EMPTY',
    () =>
      wavFile({ data: Buffer.alloc(0), after: [chunk('LIST', latin1('INFOISFT\x04\x00\x00\x00abc\x00'))] }),
  ],
  [
    'a piped WAV file without samples',
    'clip.wav',
    'AUDIO_EMPTY',
    () => wavFile({ data: Buffer.alloc(0), dataSize: 0xffffffff }),
  ],
]

const lyingWav: readonly Row[] = [
  [
    'a data size of 4 GB in 100 bytes',
    'clip.wav',
    'AUDIO_TRUNCATED',
    () => wavFile({ data: Buffer.alloc(56), dataSize: 0xfffffff0 }),
  ],
  [
    'a 64-bit data size of 2^62 bytes',
    'clip.wav',
    'AUDIO_TRUNCATED',
    () => wavFile({ riffId: 'RF64', before: [ds64(2n ** 62n)], data: goodData, dataSize: 0xffffffff }),
  ],
  [
    'RF64 without its ds64 chunk',
    'clip.wav',
    'AUDIO_CORRUPT',
    () => wavFile({ riffId: 'RF64', data: goodData, dataSize: 0xffffffff }),
  ],
  [
    'a LIST chunk of 4 GB before the samples',
    'clip.wav',
    'AUDIO_TRUNCATED',
    () => wavFile({ data: goodData, before: [chunk('LIST', Buffer.alloc(8), 0xfffffff0)] }),
  ],
  [
    'a data size that is half a sample too small',
    'clip.wav',
    'AUDIO_CORRUPT',
    () => wavFile({ data: goodData, dataSize: goodData.length - 1 }),
  ],
  [
    'zero channels',
    'clip.wav',
    'AUDIO_CORRUPT',
    () => wavFile({ data: goodData, channelCount: 0, bytesPerFrame: 0 }),
  ],
  [
    '65,535 channels',
    'clip.wav',
    'AUDIO_CORRUPT',
    () => wavFile({ data: goodData, channelCount: 65535, bytesPerFrame: 65534 }),
  ],
  ['a sample rate of zero', 'clip.wav', 'AUDIO_CORRUPT', () => wavFile({ data: goodData, sampleRateHz: 0 })],
  [
    'a sample rate of 4 GHz',
    'clip.wav',
    'AUDIO_CORRUPT',
    () => wavFile({ data: goodData, sampleRateHz: 4e9 }),
  ],
  [
    'a sample rate of 10 Hz',
    'clip.wav',
    'AUDIO_UNSUPPORTED',
    () => wavFile({ data: goodData, sampleRateHz: 10 }),
  ],
  [
    'zero bits per sample',
    'clip.wav',
    'AUDIO_CORRUPT',
    () => wavFile({ data: goodData, bitsPerSample: 0, bytesPerFrame: 2 }),
  ],
  ['zero bytes per frame', 'clip.wav', 'AUDIO_CORRUPT', () => wavFile({ data: goodData, bytesPerFrame: 0 })],
  [
    'bytes per frame that contradict the bits',
    'clip.wav',
    'AUDIO_CORRUPT',
    () => wavFile({ data: goodData, bytesPerFrame: 4 }),
  ],
  ['a fmt chunk of 8 bytes', 'clip.wav', 'AUDIO_CORRUPT', () => wavFile({ data: goodData, fmtBytes: 8 })],
  [
    'an extensible fmt chunk of 18 bytes',
    'clip.wav',
    'AUDIO_CORRUPT',
    () => wavFile({ data: goodData, validBits: 16, fmtBytes: 18 }),
  ],
  [
    'samples before any fmt chunk',
    'clip.wav',
    'AUDIO_CORRUPT',
    () => Buffer.concat([latin1('RIFF\xff\xff\xff\xffWAVE'), chunk('data', goodData)]),
  ],
  [
    'a NaN among float samples',
    'clip.wav',
    'AUDIO_CORRUPT',
    () => wavFile({ tag: 3, bitsPerSample: 32, data: floatData([0.1, -0.2, NaN, 0.3], 32) }),
  ],
  [
    'a NaN far behind what the model hears',
    'clip.wav',
    'AUDIO_CORRUPT',
    () =>
      wavFile({
        tag: 3,
        bitsPerSample: 32,
        data: floatData([...new Array<number>(70_000).fill(0.1), NaN], 32),
      }),
  ],
  [
    'infinity among double samples',
    'clip.wav',
    'AUDIO_CORRUPT',
    () => wavFile({ tag: 3, bitsPerSample: 64, data: floatData([0.1, -Infinity], 64) }),
  ],
  [
    'a double that no float can hold',
    'clip.wav',
    'AUDIO_CORRUPT',
    () => wavFile({ tag: 3, bitsPerSample: 64, data: floatData([0.1, 1e200], 64) }),
  ],
]

const unsupportedWav: readonly Row[] = [
  [
    'IMA ADPCM in WAV',
    'clip.wav',
    'AUDIO_UNSUPPORTED',
    () => wavFile({ tag: 0x11, bitsPerSample: 4, data: goodData }),
  ],
  [
    'Microsoft ADPCM in WAV',
    'clip.wav',
    'AUDIO_UNSUPPORTED',
    () => wavFile({ tag: 2, bitsPerSample: 4, data: goodData }),
  ],
  [
    'MP3 in WAV',
    'clip.wav',
    'AUDIO_UNSUPPORTED',
    () => wavFile({ tag: 0x55, bitsPerSample: 0, data: mp3() }),
  ],
  [
    'GSM 6.10 in WAV',
    'clip.wav',
    'AUDIO_UNSUPPORTED',
    () => wavFile({ tag: 0x31, bitsPerSample: 0, data: goodData }),
  ],
  ['an unknown format tag', 'clip.wav', 'AUDIO_UNSUPPORTED', () => wavFile({ tag: 0x4242, data: goodData })],
  ['64-bit integers', 'clip.wav', 'AUDIO_UNSUPPORTED', () => wavFile({ bitsPerSample: 64, data: goodData })],
  [
    '16-bit floats',
    'clip.wav',
    'AUDIO_UNSUPPORTED',
    () => wavFile({ tag: 3, bitsPerSample: 16, data: goodData }),
  ],
  ['big-endian WAV', 'clip.wav', 'AUDIO_UNSUPPORTED', () => wavFile({ riffId: 'RIFX', data: goodData })],
  [
    'an AVI video named .wav',
    'clip.wav',
    'AUDIO_UNSUPPORTED',
    () => wavFile({ formType: 'AVI ', data: goodData }),
  ],
  [
    'an extensible WAV file with a sub-format of nobody',
    'clip.wav',
    'AUDIO_UNSUPPORTED',
    () => edited(wavFile({ data: goodData, validBits: 16 }), file => file.fill(0xee, 46, 60)),
  ],
]

const brokenFlac: readonly Row[] = [
  ['the first three bytes of a FLAC file', 'clip.flac', 'AUDIO_TRUNCATED', () => goodFlac().subarray(0, 3)],
  ['a FLAC file cut behind its mark', 'clip.flac', 'AUDIO_TRUNCATED', () => goodFlac().subarray(0, 4)],
  ['a FLAC file cut inside STREAMINFO', 'clip.flac', 'AUDIO_TRUNCATED', () => goodFlac().subarray(0, 20)],
  [
    'a FLAC file cut before its first frame',
    'clip.flac',
    'AUDIO_TRUNCATED',
    () => goodFlac().subarray(0, FLAC_METADATA_BYTES),
  ],
  [
    'a FLAC file cut inside a frame header',
    'clip.flac',
    'AUDIO_TRUNCATED',
    () => goodFlac().subarray(0, FLAC_METADATA_BYTES + 5),
  ],
  [
    'a FLAC file cut inside its first frame',
    'clip.flac',
    'AUDIO_TRUNCATED',
    () => goodFlac().subarray(0, 1000),
  ],
  [
    'a FLAC file cut inside its last frame',
    'clip.flac',
    'AUDIO_TRUNCATED',
    () => goodFlac().subarray(0, -100),
  ],
  ['a FLAC file without its last byte', 'clip.flac', 'AUDIO_TRUNCATED', () => goodFlac().subarray(0, -1)],
  [
    'a FLAC file that ends between two frames',
    'clip.flac',
    'AUDIO_TRUNCATED',
    () => flacFile({ ...flacSpec, channels: [speech.slice(0, 2000)], totalFrames: 3000 }),
  ],
  [
    'a piped FLAC stream cut inside a frame',
    'clip.flac',
    'AUDIO_TRUNCATED',
    () => flacFile({ ...flacSpec, totalFrames: 0, md5: 'absent' }).subarray(0, -100),
  ],
  [
    'a FLAC file without samples',
    'clip.flac',
    'AUDIO_EMPTY',
    () => flacFile({ ...flacSpec, channels: [[]], md5: 'absent' }),
  ],
  [
    'a FLAC file that claims 2^36 - 1 samples',
    'clip.flac',
    'AUDIO_TOO_LARGE',
    () => flacFile({ ...flacSpec, totalFrames: 2 ** 36 - 1 }),
  ],
  [
    'more FLAC samples than claimed',
    'clip.flac',
    'AUDIO_CORRUPT',
    () => flacFile({ ...flacSpec, totalFrames: 2000 }),
  ],
  [
    'a FLAC claim that ends inside a frame',
    'clip.flac',
    'AUDIO_CORRUPT',
    () => flacFile({ ...flacSpec, totalFrames: 1500 }),
  ],
  [
    'an MD5 that is not that of the samples',
    'clip.flac',
    'AUDIO_CORRUPT',
    () => flacFile({ ...flacSpec, md5: 'wrong' }),
  ],
  [
    'FLAC frames with wrong checksums',
    'clip.flac',
    'AUDIO_CORRUPT',
    () => flacFile({ ...flacSpec, crcError: 1 }),
  ],
  [
    'one flipped bit in the middle of a FLAC file',
    'clip.flac',
    'AUDIO_CORRUPT',
    () => edited(goodFlac(), file => (file[2500]! ^= 0x10)),
  ],
  [
    'a FLAC file with zeros where its middle was',
    'clip.flac',
    'AUDIO_CORRUPT',
    () => edited(goodFlac(), file => file.fill(0, 1800, 3200)),
  ],
  [
    'a FLAC file with a hole in its middle',
    'clip.flac',
    'AUDIO_CORRUPT',
    () => withoutPart(goodFlac(), 1500, 2700),
  ],
  [
    'a piped FLAC stream with a frame missing',
    'clip.flac',
    'AUDIO_CORRUPT',
    () => {
      const whole = flacFile({ ...flacSpec, totalFrames: 0, md5: 'absent' })
      const frameBytes = (whole.length - FLAC_METADATA_BYTES) / 3
      return withoutPart(whole, FLAC_METADATA_BYTES + frameBytes, FLAC_METADATA_BYTES + 2 * frameBytes)
    },
  ],
  ['FLAC of 0 Hz', 'clip.flac', 'AUDIO_CORRUPT', () => flacFile({ ...flacSpec, infoSampleRateHz: 0 })],
  [
    'STREAMINFO with two channels before frames with one',
    'clip.flac',
    'AUDIO_CORRUPT',
    () => flacFile({ ...flacSpec, infoChannelCount: 2 }),
  ],
  [
    'FLAC that begins with another block than STREAMINFO',
    'clip.flac',
    'AUDIO_CORRUPT',
    () => Buffer.concat([latin1('fLaC'), metadataBlock(4, Buffer.alloc(40), { last: true })]),
  ],
  [
    'a FLAC picture that claims 16 MB',
    'clip.flac',
    'AUDIO_TRUNCATED',
    () =>
      Buffer.concat([
        edited(goodFlac().subarray(0, FLAC_METADATA_BYTES), file => (file[4]! &= 0x7f)),
        metadataBlock(6, Buffer.alloc(60), { size: 0xffffff }),
      ]),
  ],
  [
    'garbage behind the metadata of a FLAC file',
    'clip.flac',
    'AUDIO_CORRUPT',
    () => Buffer.concat([goodFlac().subarray(0, FLAC_METADATA_BYTES), Buffer.alloc(4000, 0x41)]),
  ],
  [
    'a FLAC sample that does not fit in its bits',
    'clip.flac',
    'AUDIO_CORRUPT',
    () =>
      flacFile({
        channels: [[1, 300, 2]],
        bitsPerSample: 8,
        coding: { fixedOrder: 0, rice: 4 },
        md5: 'absent',
      }),
  ],
]

const otherContent: readonly Row[] = [
  ['MP3 named .flac', 'clip.flac', 'AUDIO_UNSUPPORTED', mp3],
  [
    'MP3 with an ID3 tag named .wav',
    'clip.wav',
    'AUDIO_UNSUPPORTED',
    () => Buffer.concat([latin1('ID3\x03\x00\x00\x00\x00\x00\x0a'), Buffer.alloc(10), mp3()]),
  ],
  [
    'an ID3 tag that is longer than the file',
    'clip.flac',
    'AUDIO_TRUNCATED',
    () => latin1('ID3\x03\x00\x00\x00\x7f\x7f\x7f', 'TIT2'),
  ],
  [
    'AAC named .wav',
    'clip.wav',
    'AUDIO_UNSUPPORTED',
    () => Buffer.concat([latin1('\xff\xf1\x50\x80\x02\x1f\xfc'), Buffer.alloc(100, 3)]),
  ],
  [
    'M4A named .wav',
    'clip.wav',
    'AUDIO_UNSUPPORTED',
    () => Buffer.concat([latin1('\x00\x00\x00\x1cftypM4A '), Buffer.alloc(100)]),
  ],
  ['Ogg Vorbis named .wav', 'clip.wav', 'AUDIO_UNSUPPORTED', () => oggPage('\x01vorbis')],
  ['Ogg Opus', 'clip.opus', 'AUDIO_UNSUPPORTED', () => oggPage('OpusHead')],
  ['Ogg FLAC named .flac', 'clip.flac', 'AUDIO_UNSUPPORTED', () => oggPage('\x7fFLAC\x01\x00\x00\x01fLaC')],
  [
    'AIFF',
    'clip.aiff',
    'AUDIO_UNSUPPORTED',
    () => Buffer.concat([latin1('FORM\x00\x00\x01\x00AIFFCOMM'), Buffer.alloc(100)]),
  ],
  [
    'Core Audio',
    'clip.caf',
    'AUDIO_UNSUPPORTED',
    () => Buffer.concat([latin1('caff\x00\x01\x00\x00desc'), Buffer.alloc(100)]),
  ],
  [
    'Sun AU',
    'clip.au',
    'AUDIO_UNSUPPORTED',
    () => Buffer.concat([latin1('.snd\x00\x00\x00\x18'), Buffer.alloc(100)]),
  ],
  [
    'NIST SPHERE named .wav',
    'clip.wav',
    'AUDIO_UNSUPPORTED',
    () => latin1('NIST_1A\n   1024\nsample_rate -i 16000\n'),
  ],
  [
    'an HTML page named .flac',
    'clip.flac',
    'AUDIO_UNSUPPORTED',
    () => latin1('<!DOCTYPE html>\n<html><body>Not found</body></html>'),
  ],
  [
    'a Git LFS pointer',
    'clip.flac',
    'AUDIO_UNSUPPORTED',
    () => latin1('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'),
  ],
  ['text', 'clip.wav', 'AUDIO_UNSUPPORTED', () => latin1('LA_0039 LA_E_2834763 - A11 spoof\n')],
  ['zero bytes', 'clip.wav', 'AUDIO_UNSUPPORTED', () => Buffer.alloc(5000)],
  ['raw samples without any header', 'clip.wav', 'AUDIO_UNSUPPORTED', () => goodData],
  ['a zip archive named .flac', 'clip.flac', 'AUDIO_UNSUPPORTED', () => latin1('PK\x03\x04\x14\x00\x00\x00')],
]

/** Inputs a scorer must refuse, each with its code; generated, so that nothing of it needs to be kept. */
export const badAudio: readonly BadAudio[] = [
  ...emptyAndCut,
  ...lyingWav,
  ...unsupportedWav,
  ...brokenFlac,
  ...otherContent,
].map(([name, fileName, code, bytes]) => ({ name, fileName, code, bytes }))
