import { checkPcmFormat, type PcmFormat } from '../../audio'
import { ArgumentRangeError, ArgumentTypeError, assertKnownOptions } from '../../errors'
import { checkSignal } from '../../session/arguments'
import { defaultSilenceDbfs } from './loudness'

/** A path, the bytes of a file, or bytes as they come. */
export type Recording = string | Uint8Array | AsyncIterable<Uint8Array>

export interface RecordingOptions {
  /**
   * From one window to the next; above 0, at most 3,600. Default 0.547 (8,748 samples). With a checkpoint it becomes the
   * nearest multiple of 0.1367 s (2,187 samples), at which windows share the encoder's work.
   */
  readonly hopSeconds?: number
  /** Several channels: `average` (default) into one, or `each` by itself, such as the two ends of a call. */
  readonly channels?: 'average' | 'each'
  /** Samples without a header, which have to be told; default: the bytes say what they are. */
  readonly format?: PcmFormat
  /**
   * A window whose loudest 20 ms are below this is not scored; -200 to 0 dB of full scale, null to score them all.
   * Default -60.
   */
  readonly silenceDbfs?: number | null
  readonly signal?: AbortSignal
  /** After each window: how much of the recording has been scored. */
  readonly onProgress?: (progress: { readonly windows: number; readonly seconds: number }) => void
}

export interface RecordingSettings {
  readonly hopSeconds: number
  readonly channels: 'average' | 'each' | undefined
  readonly format: PcmFormat | undefined
  readonly silenceDbfs: number | null
  readonly signal: AbortSignal | undefined
  readonly onProgress: RecordingOptions['onProgress'] | undefined
}

const optionNames = ['hopSeconds', 'channels', 'format', 'silenceDbfs', 'signal', 'onProgress']
/** Four encoder frames. */
const defaultHopSeconds = 8748 / 16_000
const longestHopSeconds = 3600

/** @throws ArgumentTypeError, ArgumentRangeError INVALID_ARGUMENT, UNKNOWN_OPTION */
export function checkRecordingOptions(options: RecordingOptions): RecordingSettings {
  assertKnownOptions(options, optionNames, 'scoreRecording()')
  const { hopSeconds = defaultHopSeconds, channels, format, onProgress } = options
  const { silenceDbfs = defaultSilenceDbfs } = options
  if (!(hopSeconds > 0 && hopSeconds <= longestHopSeconds)) {
    throw new ArgumentRangeError(
      `hopSeconds is ${hopSeconds}; it must be seconds above 0, at most ${longestHopSeconds}`,
    )
  }
  if (channels !== undefined && !['average', 'each'].includes(channels)) {
    throw new ArgumentRangeError(`channels is "${channels as string}"; it must be average or each`)
  }
  if (silenceDbfs !== null && !(silenceDbfs >= -200 && silenceDbfs <= 0)) {
    throw new ArgumentRangeError(`silenceDbfs is ${silenceDbfs}; it must be from -200 to 0, or null`)
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new ArgumentTypeError('onProgress must be a function')
  }
  if (format !== undefined) checkPcmFormat(format)
  return { hopSeconds, channels, format, silenceDbfs, signal: checkSignal(options.signal), onProgress }
}

/** @throws ArgumentTypeError INVALID_ARGUMENT */
export function checkRecording(recording: Recording): Recording {
  const isStream = typeof recording === 'object' && Symbol.asyncIterator in recording
  if (typeof recording === 'string' || recording instanceof Uint8Array || isStream) return recording
  throw new ArgumentTypeError(
    'a recording is a path, the bytes of an audio file, or an async iterable of bytes such as a stream',
  )
}
