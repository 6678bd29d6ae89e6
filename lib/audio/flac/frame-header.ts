import { crc8 } from './crc'
import type { StreamInfo } from './stream-info'

export interface FrameHeader {
  readonly blockFrames: number
  readonly channelCount: number
  readonly stereo: 'independent' | 'left-side' | 'side-right' | 'mid-side'
  /** Undefined: as in STREAMINFO. */
  readonly sampleRateHz: number | undefined
  readonly bitsPerSample: number | undefined
  /** A frame number where blocks have one size, the number of the first sample where they vary. */
  readonly numbering: 'frames' | 'samples'
  readonly number: number
  /** Where the first subframe begins. */
  readonly end: number
}

/** `cut`: the bytes end inside the header. `invalid`: this is no frame header. */
export type HeaderFault = 'cut' | 'invalid'

const RATES_HZ = [
  undefined,
  88200,
  176400,
  192000,
  8000,
  16000,
  22050,
  24000,
  32000,
  44100,
  48000,
  96000,
] as const
// RFC 9639, section 9.1.4; code 3 is reserved.
const BITS = [undefined, 8, 12, undefined, 16, 20, 24, 32] as const
const STEREO = ['left-side', 'side-right', 'mid-side'] as const

const RESERVED_BITS_CODE = 3
const INVALID_RATE_CODE = 15

interface Field {
  readonly value: number
  readonly bytes: number
}

/** The UTF-8-like number of up to 36 bits (RFC 9639, section 9.1.5). */
function codedNumber(bytes: Uint8Array, at: number): Field | HeaderFault {
  const lead = bytes[at]
  if (lead === undefined) return 'cut'
  if (lead < 0x80) return { value: lead, bytes: 1 }
  const length = Math.clz32(~(lead << 24))
  if (length < 2 || length > 7) return 'invalid'
  let value = lead & (0x7f >> length)
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i]
    if (next === undefined) return 'cut'
    if ((next & 0xc0) !== 0x80) return 'invalid'
    value = value * 64 + (next & 0x3f)
  }
  return { value, bytes: length }
}

function bigEndian(bytes: Uint8Array, at: number, length: number): Field | HeaderFault {
  if (at + length > bytes.length) return 'cut'
  let value = 0
  for (let i = 0; i < length; i++) value = value * 256 + bytes[at + i]!
  return { value, bytes: length }
}

function blockFramesOf(code: number, bytes: Uint8Array, at: number): Field | HeaderFault {
  if (code === 0) return 'invalid'
  if (code === 1) return { value: 192, bytes: 0 }
  if (code <= 5) return { value: 144 * 2 ** code, bytes: 0 }
  if (code >= 8) return { value: 2 ** code, bytes: 0 }
  const stored = bigEndian(bytes, at, code - 5)
  return typeof stored === 'string' ? stored : { ...stored, value: stored.value + 1 }
}

function rateOf(code: number, bytes: Uint8Array, at: number): Field | HeaderFault {
  if (code < 12) return { value: RATES_HZ[code] ?? 0, bytes: 0 }
  const stored = bigEndian(bytes, at, code === 12 ? 1 : 2)
  if (typeof stored === 'string') return stored
  return { ...stored, value: stored.value * (code === 12 ? 1000 : code === 14 ? 10 : 1) }
}

/** Reads a frame header (RFC 9639, section 9.1), its checksum included. */
export function readFrameHeader(bytes: Uint8Array, start: number): FrameHeader | HeaderFault {
  const fixed = bytes.subarray(start, start + 4)
  if (fixed.length > 0 && fixed[0] !== 0xff) return 'invalid'
  if (fixed.length > 1 && (fixed[1]! & 0xfe) !== 0xf8) return 'invalid'
  if (fixed.length < 4) return 'cut'
  const [, sync = 0, sizes = 0, layout = 0] = fixed
  const channelCode = layout >> 4
  const bitsCode = (layout >> 1) & 7
  const rateCode = sizes & 0x0f
  if (channelCode > 10 || bitsCode === RESERVED_BITS_CODE || rateCode === INVALID_RATE_CODE) return 'invalid'
  if ((layout & 1) !== 0) return 'invalid'

  let at = start + 4
  const number = codedNumber(bytes, at)
  if (typeof number === 'string') return number
  at += number.bytes
  const blockFrames = blockFramesOf(sizes >> 4, bytes, at)
  if (typeof blockFrames === 'string') return blockFrames
  at += blockFrames.bytes
  const rate = rateOf(rateCode, bytes, at)
  if (typeof rate === 'string') return rate
  at += rate.bytes
  const checksum = bytes[at]
  if (checksum === undefined) return 'cut'
  if (checksum !== crc8(bytes, start, at)) return 'invalid'
  return {
    blockFrames: blockFrames.value,
    channelCount: channelCode < 8 ? channelCode + 1 : 2,
    stereo: channelCode < 8 ? 'independent' : STEREO[(channelCode - 8) as 0 | 1 | 2],
    sampleRateHz: rateCode === 0 ? undefined : rate.value,
    bitsPerSample: BITS[bitsCode],
    numbering: (sync & 1) === 0 ? 'frames' : 'samples',
    number: number.value,
    end: at + 1,
  }
}

/** In words, how a frame contradicts its stream; undefined where it does not. */
export function contradiction(header: FrameHeader, info: StreamInfo): string | undefined {
  const pairs = [
    ['channels', header.channelCount, info.channelCount],
    ['bits per sample', header.bitsPerSample ?? info.bitsPerSample, info.bitsPerSample],
    ['Hz', header.sampleRateHz ?? info.sampleRateHz, info.sampleRateHz],
  ] as const
  const found = pairs.find(([, frame, stream]) => frame !== stream)
  return found && `it has ${found[1]} ${found[0]} where STREAMINFO says ${found[2]}`
}
