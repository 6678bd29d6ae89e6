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

const loadLibrary = (): SampleRateLibrary => require('@alexanderolsen/libsamplerate-js') as SampleRateLibrary

/**
 * The library is 2 MB of JavaScript: loaded when first needed, and with require, because Node finds no named exports in
 * its bundle. One instance serves the process, re-initialised for each clip: every instance keeps 26 MB of its own.
 */
function loadResampler(): Promise<Resampler> {
  if (resampler === undefined) {
    const library = loadLibrary()
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
  assertRates(fromHz, toHz)
  if (fromHz === toHz || samples.length === 0) return samples
  return convert(await loadResampler(), samples, fromHz, toHz)
}

function assertRates(fromHz: number, toHz: number): void {
  assertRate(fromHz, 'fromHz')
  assertRate(toHz, 'toHz')
  if (Math.max(fromHz / toHz, toHz / fromHz) > LARGEST_RATIO) {
    throw new AudioError(
      'AUDIO_UNSUPPORTED',
      `audio at ${fromHz} Hz cannot become ${toHz} Hz; expected rates at most ${LARGEST_RATIO} times apart`,
      { fromHz, toHz },
    )
  }
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

/** {@link resample} for one channel that comes block by block: the same samples, whatever the blocks. */
export class StreamResampler {
  readonly #fromHz: number
  readonly #toHz: number
  #resampler: Resampler | undefined
  #taken = 0
  #given = 0

  /** @throws AudioError, ArgumentRangeError as {@link resample} */
  constructor(fromHz: number, toHz: number) {
    assertRates(fromHz, toHz)
    this.#fromHz = fromHz
    this.#toHz = toHz
  }

  /** What can be told of the result so far. */
  async convert(samples: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    if (this.#fromHz === this.#toHz) return samples
    const resampler = (this.#resampler ??= await this.#create())
    this.#taken += samples.length
    return this.#pass(resampler, samples)
  }

  /** The rest, when nothing comes any more. */
  finish(): Float32Array<ArrayBuffer> {
    const resampler = this.#resampler
    if (resampler === undefined) return new Float32Array(0)
    const missing = resampledLength(this.#taken, this.#fromHz, this.#toHz) - this.#given
    const rest = this.#pass(resampler, new Float32Array(2 * filterTail(this.#fromHz, this.#toHz)))
    this.#resampler = undefined
    resampler.destroy()
    return rest.subarray(0, missing)
  }

  /** One of its own: it remembers what came before. */
  async #create(): Promise<Resampler> {
    const library = loadLibrary()
    return library.create(1, this.#fromHz, this.#toHz, {
      converterType: library.ConverterType.SRC_SINC_BEST_QUALITY,
    })
  }

  #pass(resampler: Resampler, samples: Float32Array): Float32Array<ArrayBuffer> {
    const ratio = this.#toHz / this.#fromHz
    const blockLength = Math.max(1, Math.floor(LARGEST_BLOCK / Math.max(1, ratio)))
    const parts: Float32Array[] = []
    for (let at = 0; at < samples.length; at += blockLength) {
      // The library gives a view of memory that it writes to again.
      parts.push(Float32Array.from(resampler.full(samples.subarray(at, at + blockLength))))
    }
    const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
    let filled = 0
    for (const part of parts) {
      whole.set(part, filled)
      filled += part.length
    }
    this.#given += whole.length
    return whole
  }
}
