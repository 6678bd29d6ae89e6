import { ArgumentRangeError, ArgumentTypeError, assertKnownOptions, AudioError } from '../errors'
import { identify } from './content'
import type { DecodedAudio, DecodeExtent } from './decoded-audio'
import { decodeFlac } from './flac/decode'
import { decodeWav } from './wav/decode'

export interface DecodeOptions {
  /** Frames kept from the start, at least 1; default all. The rest is still decoded, checked and counted. */
  readonly maxFrames?: number
  /** Named in error messages; never used to choose a decoder. */
  readonly fileName?: string
}

/**
 * Decodes a WAV (RIFF, RF64, BW64; PCM 8 to 32 bits, float 32 and 64, mu-law, A-law) or FLAC (RFC 9639, 4 to 32 bits)
 * file held in memory. The decoder is chosen by content, never by name. Memory follows what is decoded and kept,
 * never what a header claims.
 * @throws AudioError `AUDIO_UNSUPPORTED` for anything else, naming it; `AUDIO_TRUNCATED`; `AUDIO_CORRUPT` for
 *   contradictory headers, failed checksums and samples that are not finite; `AUDIO_EMPTY` for no samples;
 *   `AUDIO_TOO_LARGE` for more than 2^28 kept samples or a FLAC stream of more than 2^32
 * @throws ArgumentTypeError, ArgumentRangeError
 */
export function decodeAudio(bytes: Uint8Array, options: DecodeOptions = {}): DecodedAudio {
  assertKnownOptions(options, ['maxFrames', 'fileName'], 'decodeAudio')
  const { maxFrames = Infinity, fileName } = options
  if (maxFrames !== Infinity && !(Number.isSafeInteger(maxFrames) && maxFrames >= 1)) {
    throw new ArgumentRangeError(`maxFrames is ${maxFrames}; expected a whole number of at least 1`, {
      maxFrames,
    })
  }
  try {
    return decodePrefix(bytes, { framesToKeep: () => maxFrames })
  } catch (error) {
    throw withFileName(error, fileName)
  }
}

/**
 * {@link decodeAudio} where how much to keep depends on the sample rate. The array in the result is as long as what was
 * kept, also in given memory.
 * @throws AudioError as decodeAudio, and AUDIO_TOO_LARGE for more than `mostSeconds`
 */
export function decodePrefix(bytes: Uint8Array, extent: DecodeExtent): DecodedAudio {
  if (!(bytes instanceof Uint8Array))
    throw new ArgumentTypeError('audio is given as a Uint8Array or Buffer of a file')
  const content = identify(bytes)
  if (content.container === 'other') {
    throw new AudioError(
      'AUDIO_UNSUPPORTED',
      `this looks like ${content.description}; expected WAV or FLAC: convert it, for example with ffmpeg -i in out.flac`,
      { looksLike: content.description },
    )
  }
  const decode = content.container === 'wav' ? decodeWav : decodeFlac
  const audio = decode(bytes, content.start, extent)
  if (audio.totalFrames === 0) {
    throw new AudioError('AUDIO_EMPTY', `the ${audio.container} file has no samples; expected speech`)
  }
  return audio
}

/** Puts the file's name in front of what went wrong with it. */
export function withFileName(error: unknown, fileName: string | undefined): unknown {
  if (!(error instanceof AudioError) || fileName === undefined) return error
  return new AudioError(
    error.code,
    `${fileName}: ${error.message}`,
    { ...error.detail, fileName },
    { cause: error },
  )
}
