import { ArgumentRangeError, AudioError } from '../errors'

/**
 * Exactly `length` samples: the front of a longer clip, or a shorter one repeated end to end and cut (aasist's `pad`;
 * numpy.tile). Nothing is faded or centred.
 * @param memory 4 · `length` bytes that nobody uses any more, for the window to lie in; default new ones
 * @returns a new array
 * @throws AudioError `AUDIO_EMPTY` for no samples
 * @throws ArgumentRangeError for a length that is no whole number of at least 1
 */
export function fitWindow(
  samples: Float32Array,
  length: number,
  memory?: ArrayBuffer,
): Float32Array<ArrayBuffer> {
  if (!Number.isSafeInteger(length) || length < 1) {
    throw new ArgumentRangeError(`a window of ${length} samples; expected a whole number of at least 1`, {
      length,
    })
  }
  if (samples.length === 0)
    throw new AudioError('AUDIO_EMPTY', 'the clip has no samples to repeat; expected speech')
  const window = new Float32Array(memory ?? new ArrayBuffer(4 * length), 0, length)
  window.set(samples.subarray(0, length))
  // Doubling keeps the period: what is copied always begins at the clip's first sample and is whole clips long.
  for (let filled = samples.length; filled < length; filled *= 2) {
    window.copyWithin(filled, 0, Math.min(filled, length - filled))
  }
  return window
}
