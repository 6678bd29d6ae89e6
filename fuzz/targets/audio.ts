import { decodeAudio } from '../../lib/audio'
import { identify } from '../../lib/audio/content'
import { BitReader } from '../../lib/audio/flac/bit-reader'
import { crc16, crc8 } from '../../lib/audio/flac/crc'
import { FrameFault } from '../../lib/audio/flac/faults'
import { readSubframe } from '../../lib/audio/flac/subframe'
import { openStream } from '../../lib/audio/stream/open-stream'
import { AudioError, type AudioErrorCode } from '../../lib/errors'
import { sound, type Target } from '../target'

const refusals: readonly AudioErrorCode[] = [
  'AUDIO_UNSUPPORTED',
  'AUDIO_TRUNCATED',
  'AUDIO_CORRUPT',
  'AUDIO_EMPTY',
  'AUDIO_TOO_LARGE',
]

const keptFrames = 500

function assertSoundAudio(bytes: Uint8Array): void {
  const audio = decodeAudio(bytes, { maxFrames: keptFrames })
  sound(Number.isSafeInteger(audio.totalFrames) && audio.totalFrames > 0, 'a length that is none')
  sound(audio.sampleRateHz > 0 && audio.channels.length > 0, 'no rate or no channel')
  for (const channel of audio.channels) {
    sound(channel.length === Math.min(keptFrames, audio.totalFrames), 'a channel of another length')
    sound(channel.every(Number.isFinite), 'a sample that is no number')
  }
}

const wavWords = [
  'RIFF',
  'RF64',
  'BW64',
  'WAVE',
  'fmt ',
  'data',
  'ds64',
  'LIST',
  '\xfe\xff',
  '\xff\xff\xff\xff',
]

const wav: Target = {
  name: 'wav',
  parses: 'decodeAudio: WAV, RF64, BW64',
  refusals,
  largestBytes: 4096,
  dictionary: wavWords,
  answers: 'at once',
  read: assertSoundAudio,
}

const flac: Target = {
  name: 'flac',
  parses: 'decodeAudio: FLAC with its checksums',
  refusals,
  largestBytes: 4096,
  dictionary: ['fLaC', '\xff\xf8', '\xff\xf9', 'ID3', 'TAG'],
  answers: 'at once',
  read: assertSoundAudio,
}

const content: Target = {
  name: 'content',
  parses: 'identify: what kind of file it is',
  refusals: ['AUDIO_TRUNCATED', 'AUDIO_EMPTY'],
  largestBytes: 2048,
  dictionary: [
    ...wavWords,
    'fLaC',
    'ID3',
    'OggS',
    'ftyp',
    '<!doctype html',
    '<?xml',
    'OpusHead',
    '\x01vorbis',
  ],
  answers: 'at once',
  read: bytes => {
    const found = identify(bytes)
    if (found.container === 'other') sound(found.description !== '', 'a kind without a name')
    else sound(found.start + 4 <= bytes.length, 'a container behind the end of the file')
  },
}

async function* pieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield await Promise.resolve(bytes.slice(at, at + pieceBytes))
  }
}

/** The samples of each channel, or the code of the refusal. */
type Outcome = readonly Float32Array[] | string

function refusalOf(error: unknown): string {
  if (!(error instanceof AudioError)) throw error
  return error.code
}

async function streamed(bytes: Uint8Array, pieceBytes: number, byteLength?: number): Promise<Outcome> {
  const channels: number[][] = []
  try {
    const { audio, close } = await openStream(pieces(bytes, pieceBytes), { byteLength })
    try {
      for await (const block of audio.blocks) {
        sound(block.length === audio.channelCount, 'a block of another number of channels')
        for (const [index, samples] of block.entries()) {
          sound(samples.length === block[0]!.length && samples.length > 0, 'channels of unlike length')
          sound(samples.every(Number.isFinite), 'a sample that is no number')
          const kept = (channels[index] ??= [])
          for (const sample of samples) kept.push(sample)
        }
      }
    } finally {
      await close()
    }
  } catch (error) {
    return refusalOf(error)
  }
  return channels.map(samples => Float32Array.from(samples))
}

function whole(bytes: Uint8Array): Outcome {
  try {
    return decodeAudio(bytes).channels
  } catch (error) {
    return refusalOf(error)
  }
}

/** The first byte says in pieces of how many bytes the others come. */
async function assertStreamsAsWhole(bytes: Uint8Array): Promise<void> {
  if (bytes.length < 2) return
  const [pieceBytes, file] = [bytes[0]! + 1, bytes.subarray(1)]
  const expected = whole(file)
  const found = await streamed(file, pieceBytes, file.length)
  if (typeof expected === 'string' || typeof found === 'string') {
    sound(
      typeof expected === typeof found,
      `whole ${outcomeText(expected)}, as a stream ${outcomeText(found)}`,
    )
  } else {
    sound(expected.length === found.length, 'channels that a stream has not')
    for (const [index, samples] of expected.entries()) {
      sound(samples.length === found[index]!.length, 'another length as a stream')
      sound(
        samples.every((sample, at) => Object.is(sample, found[index]![at])),
        'other samples as a stream',
      )
    }
  }
  // Nobody knows how long it is going to be: more may be taken, and nothing else may happen.
  await streamed(file, pieceBytes)
}

function outcomeText(outcome: Outcome): string {
  return typeof outcome === 'string' ? outcome : `${outcome[0]?.length ?? 0} samples`
}

const stream: Target = {
  name: 'audio-stream',
  parses: 'openStream: WAV and FLAC in pieces, against decodeAudio of the whole',
  refusals,
  largestBytes: 4096,
  dictionary: [...wavWords, 'fLaC', '\xff\xf8', '\xff\xf9', 'ID3', 'TAG'],
  answers: 'later',
  read: assertStreamsAsWhole,
}

/** Channel assignments of RFC 9639, section 9.1.3: one to three channels, and the three ways to store a pair. */
const assignments = [0, 1, 2, 8, 9, 10] as const
const depths = [4, 8, 12, 16, 20, 24, 32] as const

/**
 * A stream of one frame whose subframes are the input. Its checksums are right, which chance never makes them: behind them
 * are the predictors and residuals of whoever wants to do harm.
 */
function streamOf(bytes: Uint8Array): Uint8Array {
  const assignment = assignments[bytes[0]! % assignments.length]!
  const bits = depths[bytes[1]! % depths.length]!
  const channelCount = assignment >= 8 ? 2 : assignment + 1
  const blockFrames = ((bytes[2]! * 256 + bytes[3]!) % 4096) + 16
  const info = Buffer.alloc(34)
  info.writeUInt16BE(blockFrames, 0)
  info.writeUInt16BE(blockFrames, 2)
  // 20 bits of rate, 3 of channels, 5 of depth, 36 of length, of which none is told.
  info.writeUInt32BE((16_000 << 12) | ((channelCount - 1) << 9) | ((bits - 1) << 4), 10)
  // Block size in 16 bits of their own, rate and depth as the stream says.
  const header = Buffer.of(0xff, 0xf8, 0x70, assignment << 4, 0, 0, 0, 0)
  header.writeUInt16BE(blockFrames - 1, 5)
  header[7] = crc8(header, 0, 7)
  const payload = bytes.subarray(4)
  const frame = Buffer.concat([
    header,
    payload.subarray(0, endOf(payload, channelCount, blockFrames, bits, assignment)),
  ])
  const checksum = Buffer.alloc(2)
  checksum.writeUInt16BE(crc16(frame, 0, frame.length))
  return Buffer.concat([Buffer.from('fLaC\x80\0\0\x22', 'latin1'), info, frame, checksum])
}

/** Where the subframes end; all of it where they do not. */
function endOf(
  payload: Uint8Array,
  channelCount: number,
  blockFrames: number,
  bits: number,
  assignment: number,
): number {
  const reader = new BitReader(payload, 0)
  const side = assignment === 9 ? 0 : assignment >= 8 ? 1 : -1
  try {
    for (let channel = 0; channel < channelCount; channel++) {
      readSubframe(reader, new Float64Array(blockFrames), blockFrames, bits + (channel === side ? 1 : 0))
    }
    reader.alignToByte()
    return reader.bytePosition
  } catch (error) {
    if (!(error instanceof FrameFault)) throw error
    return payload.length
  }
}

const flacFrames: Target = {
  name: 'flac-frames',
  parses: 'decodeAudio: subframes of FLAC behind checksums that are right',
  refusals,
  largestBytes: 2048,
  dictionary: [],
  answers: 'at once',
  read: bytes => {
    if (bytes.length > 4) assertSoundAudio(streamOf(bytes))
  },
}

export const audioTargets: readonly Target[] = [wav, flac, flacFrames, content, stream]
