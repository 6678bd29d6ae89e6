/** What callers may give as a clip, and what is made of it. */
import { ArgumentRangeError, ArgumentTypeError } from '../errors'
import type { ClipSource } from './preparation'

/** Speech to be scored: a path, the bytes of an audio file, or samples of one channel in [-1, 1]. */
export type Clip = string | Uint8Array | { readonly samples: Float32Array; readonly sampleRateHz: number }

/** @throws ArgumentTypeError, ArgumentRangeError INVALID_ARGUMENT */
export function clipSource(clip: Clip): ClipSource {
  if (typeof clip === 'string') return { kind: 'path', path: clip }
  if (clip instanceof Uint8Array) return { kind: 'bytes', bytes: clip }
  if (typeof clip === 'object' && (clip as Clip | null) !== null && clip.samples instanceof Float32Array) {
    const { samples, sampleRateHz } = clip
    if (!Number.isSafeInteger(sampleRateHz) || sampleRateHz < 1) {
      throw new ArgumentRangeError(`sampleRateHz is ${sampleRateHz}; it must be a whole number of at least 1`)
    }
    return { kind: 'samples', samples, sampleRateHz }
  }
  throw new ArgumentTypeError(
    'a clip is a path, a Uint8Array of an audio file, or { samples: Float32Array, sampleRateHz }',
  )
}
