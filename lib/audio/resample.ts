import { ArgumentRangeError, AudioError } from '../errors'

// Bundlers take along what this is called with.
declare const require: NodeJS.Require

type SampleRateLibrary = typeof import('@alexanderolsen/libsamplerate-js')
type Resampler = Awaited<ReturnType<SampleRateLibrary['create']>>

/** libsamplerate's own limit on the ratio of two rates, either way (SRC_MAX_RATIO in common.h). */
const LARGEST_RATIO = 256
/**
 * Half the length of libsamplerate's best sinc filter at the lower of the two rates, in samples: 340,239 stored
 * coefficients, 2,381 to the sample (high_qual_coeffs.h), is 143. A little more costs nothing.
 */
const FILTER_REACH = 160
/** libsamplerate-js passes on at most 1,008,000 samples at a time, in or out, and drops the rest without a word. */
const LARGEST_BLOCK = 500_000

let resampler: Promise<Resampler> | undefined

/**
 * The library is 2 MB of JavaScript: loaded when first needed, and with require, because Node finds no named exports in
 * its bundle. One instance serves the process, re-initialised for each clip: every instance keeps 26 MB of its own.
 */
function loadResampler(): Promise<Resampler> {
  if (resampler === undefined) {
    const library = require('@alexanderolsen/libsamplerate-js') as SampleRateLibrary
    resampler = library.create(1, 1, 2, { converterType: library.ConverterType.SRC_SINC_BEST_QUALITY })
  }
  return resampler
}

function assertRate(rateHz: number, name: string): void {
  if (Number.isSafeInteger(rateHz) && rateHz >= 1 && rateHz < 2 ** 31) return
  throw new ArgumentRangeError(`${name} is ${rateHz}; expected whole hertz of at least 1`, { [name]: rateHz })
}

/** Samples after conversion: every output instant that lies inside the clip, as librosa and soxr count. */
function resampledLength(length: number, fromHz: number, toHz: number): number {
  return Math.ceil((length * toHz) / fromHz)
}

/**
 * How many input samples fix the first `length` output samples to the last bit, whatever follows them.
 */
export function inputLengthFor(length: number, fromHz: number, toHz: number): number {
  if (fromHz === toHz) return length
  return Math.ceil((length * fromHz) / toHz) + filterTail(fromHz, toHz)
}

function filterTail(fromHz: number, toHz: number): number {
  return Math.ceil(FILTER_REACH * Math.max(1, fromHz / toHz))
}

/**
 * Converts between sample rates with libsamplerate's best-quality sinc. Time stays aligned, the level too; beyond its
 * ends the clip counts as silence.
 * @param samples one channel; returned as it is where the rates are equal
 * @returns ceil(length * toHz / fromHz) samples
 * @throws AudioError `AUDIO_UNSUPPORTED` for rates more than 256 times apart
 * @throws ArgumentRangeError for rates that are not whole and positive
 */
export async function resample(
  samples: Float32Array<ArrayBuffer>,
  fromHz: number,
  toHz: number,
): Promise<Float32Array<ArrayBuffer>> {
  assertRate(fromHz, 'fromHz')
  assertRate(toHz, 'toHz')
  if (fromHz === toHz || samples.length === 0) return samples
  if (Math.max(fromHz / toHz, toHz / fromHz) > LARGEST_RATIO) {
    throw new AudioError(
      'AUDIO_UNSUPPORTED',
      `audio at ${fromHz} Hz cannot become ${toHz} Hz; expected rates at most ${LARGEST_RATIO} times apart`,
      { fromHz, toHz },
    )
  }
  return convert(await loadResampler(), samples, fromHz, toHz)
}

function convert(
  resampler: Resampler,
  samples: Float32Array<ArrayBuffer>,
  fromHz: number,
  toHz: number,
): Float32Array<ArrayBuffer> {
  // Each of these clears the filter's memory. The second leaves a fresh converter for this clip; `ratio` is only
  // computed on creation, and libsamplerate-js sizes its blocks by it.
  resampler.inputSampleRate = fromHz
  resampler.outputSampleRate = toHz
  resampler.ratio = toHz / fromHz

  const converted = new Float32Array(resampledLength(samples.length, fromHz, toHz))
  const blockLength = Math.max(1, Math.floor(LARGEST_BLOCK / Math.max(1, resampler.ratio)))
  let filled = 0
  const put = (input: Float32Array): void => {
    const output = resampler.full(input)
    converted.set(output.subarray(0, converted.length - filled), filled)
    filled = Math.min(converted.length, filled + output.length)
  }
  for (let at = 0; at < samples.length; at += blockLength) put(samples.subarray(at, at + blockLength))
  put(new Float32Array(2 * filterTail(fromHz, toHz)))
  if (filled === converted.length) return converted
  throw new AudioError(
    'AUDIO_UNSUPPORTED',
    `libsamplerate gave ${filled} of ${converted.length} samples from ${fromHz} Hz to ${toHz} Hz; convert the file first`,
    { fromHz, toHz },
  )
}
