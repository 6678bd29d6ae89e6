import { corruptFlac, truncatedFlac } from './faults'

/** STREAMINFO (RFC 9639, section 8.2), as far as decoding needs it. */
export interface StreamInfo {
  readonly sampleRateHz: number
  readonly channelCount: number
  readonly bitsPerSample: number
  /** Undefined where the encoder wrote into a pipe and could not go back to fill it in. */
  readonly totalFrames: number | undefined
  /** Lower-case hexadecimal, of the samples as little-endian bytes; undefined where the encoder left it out. */
  readonly md5: string | undefined
  /** Where the first audio frame begins. */
  readonly firstFrame: number
}

const STREAMINFO = 0
const FORBIDDEN_TYPE = 127
const STREAMINFO_BYTES = 34

/**
 * Reads the metadata blocks behind the fLaC mark; all but STREAMINFO are stepped over unread.
 * @throws AudioError `AUDIO_CORRUPT`, `AUDIO_TRUNCATED`
 */
export function readStreamInfo(bytes: Uint8Array, start: number): StreamInfo {
  let at = start + 4
  let info: Omit<StreamInfo, 'firstFrame'> | undefined
  for (let isLast = false; !isLast;) {
    if (at + 4 > bytes.length)
      throw truncatedFlac('the file ends inside its metadata', { byteLength: bytes.length })
    isLast = (bytes[at]! & 0x80) !== 0
    const type = bytes[at]! & 0x7f
    const size = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    const body = at + 4
    if (type === FORBIDDEN_TYPE) throw corruptFlac('a metadata block has the forbidden type 127')
    if (info === undefined && (type !== STREAMINFO || size !== STREAMINFO_BYTES)) {
      throw corruptFlac(
        `the first metadata block has type ${type} and ${size} bytes; expected STREAMINFO with 34`,
      )
    }
    if (body + size > bytes.length) {
      throw truncatedFlac(`the file ends inside a metadata block of ${size} bytes`, {
        byteLength: bytes.length,
      })
    }
    info ??= parseStreamInfo(bytes.subarray(body, body + size))
    at = body + size
  }
  return { ...info!, firstFrame: at }
}

function parseStreamInfo(body: Uint8Array): Omit<StreamInfo, 'firstFrame'> {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const packed = view.getUint32(10)
  const sampleRateHz = packed >>> 12
  const bitsPerSample = ((packed >>> 4) & 0x1f) + 1
  const totalFrames = (packed & 0x0f) * 2 ** 32 + view.getUint32(14)
  const md5 = Buffer.from(body.subarray(18, 34)).toString('hex')
  if (sampleRateHz === 0) throw corruptFlac('STREAMINFO claims a sample rate of 0 Hz')
  if (bitsPerSample < 4)
    throw corruptFlac(`STREAMINFO claims ${bitsPerSample} bits per sample; expected 4 to 32`)
  return {
    sampleRateHz,
    channelCount: ((packed >>> 9) & 7) + 1,
    bitsPerSample,
    totalFrames: totalFrames === 0 ? undefined : totalFrames,
    md5: /^0+$/.test(md5) ? undefined : md5,
  }
}
