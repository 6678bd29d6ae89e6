import { ArgumentRangeError, ArgumentTypeError, assertKnownOptions, AudioError } from '../errors'
import { decodePrefix, withFileName } from './decode'
import type { DecodedAudio } from './decoded-audio'
import { mixToMono } from './mix'
import { inputLengthFor, resample } from './resample'
import { clipWarnings, type ClipWarning } from './warnings'
import { fitWindow } from './window'

export interface ClipOptions {
  /** Samples the model takes: `nb_samp` of its configuration, 64,600 for AASIST and AASIST-L. */
  readonly windowSamples: number
  /** The rate the model was trained at; default 16,000. */
  readonly sampleRateHz?: number
  /** What to do with audio at another rate; default `convert`. */
  readonly resample?: 'convert' | 'refuse'
  /** What to do with more than one channel; default `average`. */
  readonly channels?: 'average' | 'refuse'
  /** Of the whole recording; a longer one is refused without being decoded to its end. Above 0; default any. */
  readonly maxSeconds?: number
  /** Named in error messages. */
  readonly fileName?: string
}

/** The input of the model, and what is worth knowing about where it came from. */
export interface Clip {
  /** `windowSamples` long, at `sampleRateHz`, nominally in [-1, 1]; not normalised. */
  readonly samples: Float32Array<ArrayBuffer>
  /** Of the whole file, not of the window. */
  readonly durationSeconds: number
  readonly sourceSampleRateHz: number
  readonly sourceChannels: number
  readonly warnings: readonly ClipWarning[]
}

type Source = Omit<DecodedAudio, 'container' | 'bitsPerSample'>
type Settings = Required<Omit<ClipOptions, 'fileName'>>

const OPTION_NAMES = ['windowSamples', 'sampleRateHz', 'resample', 'channels', 'maxSeconds', 'fileName']
const MODEL_SAMPLE_RATE_HZ = 16_000

function settingsOf(options: ClipOptions, where: string): Settings {
  assertKnownOptions(options, OPTION_NAMES, where)
  const {
    windowSamples,
    sampleRateHz = MODEL_SAMPLE_RATE_HZ,
    resample: resampling = 'convert',
    channels = 'average',
    maxSeconds = Infinity,
  } = options
  assertWhole('windowSamples', windowSamples)
  assertWhole('sampleRateHz', sampleRateHz)
  assertOneOf('resample', resampling, ['convert', 'refuse'])
  assertOneOf('channels', channels, ['average', 'refuse'])
  if (!(maxSeconds > 0)) {
    throw new ArgumentRangeError(`maxSeconds is ${maxSeconds}; expected seconds above 0`, { maxSeconds })
  }
  return { windowSamples, sampleRateHz, resample: resampling, channels, maxSeconds }
}

function assertWhole(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return
  throw new ArgumentRangeError(`${name} is ${value}; expected a whole number of at least 1`, {
    [name]: value,
  })
}

function assertOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return
  throw new ArgumentRangeError(`${name} is "${value}"; expected ${allowed.join(' or ')}`, { [name]: value })
}

/**
 * The whole way from the bytes of a WAV or FLAC file to the model's input: decode, average the channels, convert to
 * the model's rate, cut at the front or repeat to the window (`pad` in data_utils.py of
 * clovaai/aasist). Only what the window needs is kept and resampled; the rest of the file is still checked.
 * @param memory as of {@link fitWindow}
 * @throws AudioError as {@link decodeAudio}; `AUDIO_UNSUPPORTED` where an option refuses the rate or the channels,
 *   `AUDIO_TOO_LARGE` where one refuses the length
 * @throws ArgumentTypeError, ArgumentRangeError
 */
export async function loadClip(bytes: Uint8Array, options: ClipOptions, memory?: ArrayBuffer): Promise<Clip> {
  const settings = settingsOf(options, 'loadClip')
  const { windowSamples, sampleRateHz } = settings
  try {
    const framesToKeep = (rateHz: number): number => inputLengthFor(windowSamples, rateHz, sampleRateHz)
    const audio = decodePrefix(bytes, { framesToKeep, mostSeconds: settings.maxSeconds, memory })
    return await prepare(audio, settings, memory)
  } catch (error) {
    throw withFileName(error, options.fileName)
  }
}

/**
 * {@link loadClip} for samples already in memory: one channel, nominally in [-1, 1].
 * @throws AudioError `AUDIO_EMPTY`, `AUDIO_CORRUPT` for samples that are not finite, `AUDIO_UNSUPPORTED` as loadClip
 * @throws ArgumentTypeError, ArgumentRangeError
 */
export async function clipFromSamples(
  samples: Float32Array,
  sourceSampleRateHz: number,
  options: ClipOptions,
  memory?: ArrayBuffer,
): Promise<Clip> {
  const settings = settingsOf(options, 'clipFromSamples')
  assertWhole('sourceSampleRateHz', sourceSampleRateHz)
  if (!(samples instanceof Float32Array)) throw new ArgumentTypeError('samples are given as a Float32Array')
  const needed = inputLengthFor(settings.windowSamples, sourceSampleRateHz, settings.sampleRateHz)
  const source: Source = {
    sampleRateHz: sourceSampleRateHz,
    fullScale: 1,
    // A copy, so that the caller may reuse its array while the conversion waits for its library.
    channels: [Float32Array.from(samples.subarray(0, needed))],
    totalFrames: samples.length,
  }
  try {
    if (samples.length === 0) throw new AudioError('AUDIO_EMPTY', 'there are no samples; expected speech')
    if (samples.length > settings.maxSeconds * sourceSampleRateHz) throw tooLong(samples.length, settings)
    assertFinite(samples)
    return await prepare(source, settings, memory)
  } catch (error) {
    throw withFileName(error, options.fileName)
  }
}

function tooLong(frames: number, { maxSeconds }: Settings): AudioError {
  return new AudioError(
    'AUDIO_TOO_LARGE',
    `${frames} samples are longer than the ${maxSeconds} s that maxSeconds allows; cut the recording into parts`,
    { frames, maxSeconds },
  )
}

function assertFinite(samples: Float32Array): void {
  // Not findIndex: its callback took a tenth of the time of decoding a clip.
  for (let at = 0; at < samples.length; at++) {
    if (Number.isFinite(samples[at])) continue
    throw new AudioError('AUDIO_CORRUPT', `sample ${at} is ${samples[at]!}; expected finite numbers`, {
      sample: at,
    })
  }
}

async function prepare(source: Source, settings: Settings, memory: ArrayBuffer | undefined): Promise<Clip> {
  assertWanted(source, settings)
  const mono = mixToMono(source.channels)
  const converted = await resample(mono, source.sampleRateHz, settings.sampleRateHz)
  const samples = fitWindow(converted, settings.windowSamples, memory)
  // Finite input of absurd size can still overflow in the sums of mixing and filtering.
  assertFinite(samples)
  const durationSeconds = source.totalFrames / source.sampleRateHz
  return {
    samples,
    durationSeconds,
    sourceSampleRateHz: source.sampleRateHz,
    sourceChannels: source.channels.length,
    warnings: clipWarnings({ window: samples, source, durationSeconds, sampleRateHz: settings.sampleRateHz }),
  }
}

function assertWanted(source: Source, settings: Settings): void {
  if (settings.resample === 'refuse' && source.sampleRateHz !== settings.sampleRateHz) {
    throw new AudioError(
      'AUDIO_UNSUPPORTED',
      `recorded at ${source.sampleRateHz} Hz; expected ${settings.sampleRateHz} Hz, or allow conversion`,
      { sampleRateHz: source.sampleRateHz },
    )
  }
  if (settings.channels === 'refuse' && source.channels.length !== 1) {
    throw new AudioError(
      'AUDIO_UNSUPPORTED',
      `${source.channels.length} channels; expected one, or allow averaging`,
      { channels: source.channels.length },
    )
  }
}
