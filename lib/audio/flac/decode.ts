import { createHash, type Hash } from 'node:crypto'
import { AudioError } from '../../errors'
import type { DecodedAudio, DecodeExtent } from '../decoded-audio'
import { PlanarSamples } from '../planar'
import { BitReader } from './bit-reader'
import { crc16 } from './crc'
import { corruptFlac, damaged, FrameFault, truncatedFlac } from './faults'
import { contradiction, readFrameHeader, type FrameHeader } from './frame-header'
import { readStreamInfo, type StreamInfo } from './stream-info'
import { readSubframe } from './subframe'

/**
 * A few bytes of FLAC can stand for 65,535 samples of silence. 2^32 sample values are three days of 16 kHz speech and
 * a quarter to one minute of work; more is refused.
 */
const LARGEST_STREAM_VALUES = 2 ** 32

/** An ID3v1 tag, which some taggers put behind the last frame. */
const ID3V1_BYTES = 128

/**
 * FLAC after RFC 9639, decoded here because no package at hand is exact: libflacjs 5.6 hands out guessed bytes for 4 to 7
 * and 17 to 23 bits and knows no 32, and does not tell where a stream of unknown length breaks off;
 * @wasm-audio-decoders/flac 0.2 drops last blocks.
 */
export function decodeFlac(
  bytes: Uint8Array,
  start: number,
  { framesToKeep, mostSeconds, memory }: DecodeExtent,
): DecodedAudio {
  const info = readStreamInfo(bytes, start)
  const frames = new FlacFrames(info)
  const samples = new PlanarSamples(info.channelCount, {
    maxFrames: framesToKeep(info.sampleRateHz),
    mostFrames: mostSeconds && mostSeconds * info.sampleRateHz,
    expectedFrames: info.totalFrames,
    memory,
  })
  let at = info.firstFrame
  while (!frames.isComplete && hasMoreFrames(bytes, at, info)) {
    at = frames.read(bytes, at)
    samples.append(frames.block, frames.blockFrames, frames.scale)
  }
  frames.finish(bytes, at)
  return {
    container: 'flac',
    sampleRateHz: info.sampleRateHz,
    bitsPerSample: info.bitsPerSample,
    fullScale: 1 - frames.scale,
    channels: samples.finish(),
    totalFrames: samples.totalFrames,
  }
}

/** The frames of one stream, one after the other, with all that can be checked of them. */
export class FlacFrames {
  /** Of the frame that was read last, an array a channel; the next one overwrites it. */
  readonly block: Float64Array[]
  /** What stored integers are multiplied by. */
  readonly scale: number
  readonly #info: StreamInfo
  readonly #digest: SampleDigest
  #blockFrames = 0
  #totalFrames = 0
  #index = 0

  /** @throws AudioError AUDIO_TOO_LARGE */
  constructor(info: StreamInfo) {
    assertDecodable(info.totalFrames ?? 0, info)
    this.#info = info
    this.#digest = new SampleDigest(info)
    this.block = Array.from({ length: info.channelCount }, () => new Float64Array(0))
    this.scale = 2 ** (1 - info.bitsPerSample)
  }

  /** Samples of the last frame, for each channel. */
  get blockFrames(): number {
    return this.#blockFrames
  }

  /** Whether there are as many samples as the stream says it has. */
  get isComplete(): boolean {
    return this.#totalFrames === this.#info.totalFrames
  }

  /**
   * Reads the frame at `at` and returns where the next one begins. `before`: bytes of the file in front of these.
   * @throws AudioError AUDIO_CORRUPT, AUDIO_TRUNCATED, AUDIO_TOO_LARGE
   */
  read(bytes: Uint8Array, at: number, before = 0): number {
    const info = this.#info
    const frame = `frame ${this.#index} at byte ${before + at}`
    const header = frameHeaderAt(bytes, at, frame, info)
    assertInSequence(header, this.#totalFrames, this.#index, frame, info)
    assertDecodable(this.#totalFrames + header.blockFrames, info)
    const end = readFrame(bytes, at, header, this.block, frame, info)
    this.#digest.update(this.block, header.blockFrames)
    this.#blockFrames = header.blockFrames
    this.#totalFrames += header.blockFrames
    this.#index += 1
    return end
  }

  /** What is left to be checked where the frames end. @throws AudioError AUDIO_CORRUPT, AUDIO_TRUNCATED */
  finish(bytes: Uint8Array, at: number): void {
    assertComplete(bytes, at, this.#totalFrames, this.#info)
    this.#digest.verify()
  }
}

/** Kept from file to file, a tenth of a clip's garbage: encoders write blocks of 4,096 or 4,608 samples. */
const blocks: Float64Array[] = []
const LARGEST_KEPT_BLOCK = 8192

function blockOf(channel: number, frames: number): Float64Array {
  const kept = blocks[channel]
  if (kept !== undefined && kept.length >= frames) return kept
  const block = new Float64Array(frames)
  if (frames <= LARGEST_KEPT_BLOCK) blocks[channel] = block
  return block
}

function assertDecodable(frames: number, info: StreamInfo): void {
  if (frames * info.channelCount <= LARGEST_STREAM_VALUES) return
  throw new AudioError(
    'AUDIO_TOO_LARGE',
    `${frames} or more samples in ${info.channelCount} channels; expected at most ${LARGEST_STREAM_VALUES} in all: ` +
      'cut the recording into parts',
    { frames, channels: info.channelCount },
  )
}

export function hasMoreFrames(bytes: Uint8Array, at: number, info: StreamInfo): boolean {
  if (at >= bytes.length) return false
  const isTag =
    bytes.length - at === ID3V1_BYTES && Buffer.from(bytes.subarray(at, at + 3)).toString('latin1') === 'TAG'
  return info.totalFrames !== undefined || !isTag
}

function frameHeaderAt(bytes: Uint8Array, at: number, frame: string, info: StreamInfo): FrameHeader {
  const header = readFrameHeader(bytes, at)
  if (header === 'cut') throw truncatedFlac(`the file ends inside the header of ${frame}`)
  if (header === 'invalid') throw corruptFlac(`${frame} has no valid header`, { byte: at })
  const conflict = contradiction(header, info)
  if (conflict !== undefined) throw corruptFlac(`${frame} contradicts the stream: ${conflict}`, { byte: at })
  return header
}

/** Lost frames would go unseen in streams without MD5. With it the digest judges, and sloppy numbering is no harm. */
function assertInSequence(
  header: FrameHeader,
  framesBefore: number,
  index: number,
  frame: string,
  info: StreamInfo,
): void {
  if (info.md5 !== undefined) return
  const expected = header.numbering === 'frames' ? index : framesBefore
  if (header.number === expected) return
  throw corruptFlac(
    `${frame} is numbered ${header.number} where ${expected} follows: part of the stream is missing`,
  )
}

/** Decodes the frame into `block` and returns where the next one begins. */
function readFrame(
  bytes: Uint8Array,
  start: number,
  header: FrameHeader,
  block: Float64Array[],
  frame: string,
  info: StreamInfo,
): number {
  const reader = new BitReader(bytes, header.end)
  try {
    for (let channel = 0; channel < info.channelCount; channel++) {
      // At most 64 Ki samples, whatever the header says; its checksum has been right.
      if (block[channel]!.length < header.blockFrames) block[channel] = blockOf(channel, header.blockFrames)
      // The difference of two channels needs one bit more.
      const isSide =
        header.stereo === 'side-right' ? channel === 0 : header.stereo !== 'independent' && channel === 1
      readSubframe(reader, block[channel]!, header.blockFrames, info.bitsPerSample + (isSide ? 1 : 0))
    }
    reader.alignToByte()
    const end = reader.bytePosition
    const found = reader.unsigned(16)
    const computed = crc16(bytes, start, end)
    if (found !== computed)
      throw damaged(`its checksum is ${computed.toString(16)}, not ${found.toString(16)}`)
    restoreStereo(block, header)
    assertInRange(block, header.blockFrames, info)
    return end + 2
  } catch (error) {
    throw error instanceof FrameFault ? explain(error, bytes, header, frame, info) : error
  }
}

/** A damaged frame may well run past the end of the file; it was only cut off where no later frame follows it. */
function explain(
  fault: FrameFault,
  bytes: Uint8Array,
  header: FrameHeader,
  frame: string,
  info: StreamInfo,
): AudioError {
  if (fault.kind === 'damaged') return corruptFlac(`${frame} is damaged: ${fault.message}`)
  if (isFollowed(bytes, header, info)) return corruptFlac(`${frame} is damaged: it runs into those behind it`)
  return truncatedFlac(`the file ends inside ${frame}`, { byteLength: bytes.length })
}

function isFollowed(bytes: Uint8Array, header: FrameHeader, info: StreamInfo): boolean {
  const next = header.number + (header.numbering === 'frames' ? 1 : header.blockFrames)
  for (let at = bytes.indexOf(0xff, header.end); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const candidate = readFrameHeader(bytes, at)
    if (typeof candidate !== 'string' && candidate.number === next && !contradiction(candidate, info))
      return true
  }
  return false
}

/** Undoes the stereo decorrelation of RFC 9639, section 4.2. */
function restoreStereo(block: readonly Float64Array[], { stereo, blockFrames }: FrameHeader): void {
  if (stereo === 'independent') return
  const [first, second] = block as readonly [Float64Array, Float64Array]
  for (let i = 0; i < blockFrames; i++) {
    const a = first[i]!
    const b = second[i]!
    if (stereo === 'left-side') {
      second[i] = a - b
    } else if (stereo === 'side-right') {
      first[i] = a + b
    } else {
      // The bit that halving the sum dropped is the lowest of the difference: both are odd or both are even.
      const sum = 2 * a + (b & 1)
      first[i] = (sum + b) / 2
      second[i] = (sum - b) / 2
    }
  }
}

function assertInRange(block: readonly Float64Array[], blockFrames: number, info: StreamInfo): void {
  const limit = 2 ** (info.bitsPerSample - 1)
  for (const channel of block) {
    for (let i = 0; i < blockFrames; i++) {
      if (!(channel[i]! >= -limit && channel[i]! < limit)) {
        throw damaged(`a sample does not fit in ${info.bitsPerSample} bits`)
      }
    }
  }
}

function assertComplete(bytes: Uint8Array, at: number, frames: number, info: StreamInfo): void {
  if (info.totalFrames === undefined) return
  const counts = { claimedFrames: info.totalFrames, decodedFrames: frames }
  const claim = `STREAMINFO claims ${info.totalFrames} samples`
  if (frames < info.totalFrames) throw truncatedFlac(`${claim} but the file ends after ${frames}`, counts)
  if (frames > info.totalFrames) throw corruptFlac(`${claim} but the frames hold ${frames}`, counts)
  if (typeof readFrameHeader(bytes, at) !== 'string')
    throw corruptFlac(`${claim} but more frames follow`, counts)
}

/** The MD5 of STREAMINFO: interleaved little-endian samples in whole bytes (RFC 9639, section 8.2). */
class SampleDigest {
  readonly #info: StreamInfo
  readonly #hash: Hash | undefined
  #bytes = Buffer.alloc(0)

  constructor(info: StreamInfo) {
    this.#info = info
    this.#hash = info.md5 === undefined ? undefined : md5Hash()
  }

  update(block: readonly Float64Array[], frames: number): void {
    if (this.#hash === undefined) return
    const width = Math.ceil(this.#info.bitsPerSample / 8)
    const length = frames * block.length * width
    if (this.#bytes.length < length) this.#bytes = Buffer.alloc(length)
    const bytes = this.#bytes
    for (let channel = 0; channel < block.length; channel++) {
      const samples = block[channel]!
      const step = block.length * width
      let at = channel * width
      if (width === 2) {
        // Nearly every file, and no inner loop.
        for (let i = 0; i < frames; i++, at += step) {
          const sample = samples[i]!
          bytes[at] = sample
          bytes[at + 1] = sample >> 8
        }
        continue
      }
      for (let i = 0; i < frames; i++, at += step) {
        const sample = samples[i]!
        for (let byte = 0; byte < width; byte++) bytes[at + byte] = sample >> (8 * byte)
      }
    }
    this.#hash.update(bytes.subarray(0, length))
  }

  verify(): void {
    const computed = this.#hash?.digest('hex')
    if (computed === undefined || computed === this.#info.md5) return
    throw corruptFlac(`the samples have the MD5 ${computed} where STREAMINFO says ${this.#info.md5 ?? ''}`)
  }
}

/** Undefined on hosts in FIPS mode, where OpenSSL refuses MD5; the checksum of every frame still holds there. */
function md5Hash(): Hash | undefined {
  try {
    return createHash('md5')
  } catch {
    return undefined
  }
}
