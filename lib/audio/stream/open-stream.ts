/** From bytes to samples as they come: what the bytes are is told by their beginning. */
import { ArgumentRangeError, AudioError, errorCode } from '../../errors'
import { identify, type Content } from '../content'
import type { AudioStream } from './audio-stream'
import { ByteWindow } from './byte-window'
import { streamFlac } from './flac-stream'
import { streamPcm, type PcmFormat } from './pcm-stream'
import { streamWav } from './wav-stream'

const FIRST_LOOK_BYTES = 64 * 1024
/** Tags hold pictures. */
const LARGEST_TAG_BYTES = 64 * 2 ** 20

export interface StreamOptions {
  /** Of samples without a header; without it the bytes say what they are. */
  readonly format?: PcmFormat | undefined
  /** How many bytes will come, where that is known. */
  readonly byteLength?: number | undefined
}

export interface OpenedStream {
  readonly audio: AudioStream
  /** Gives up what was not read. May be called at any time. */
  readonly close: () => Promise<void>
}

/** What the beginning of a stream is, where it is no audio that is decoded here. */
export class OtherContent extends AudioError {
  constructor(description: string) {
    super(
      'AUDIO_UNSUPPORTED',
      `this looks like ${description}; expected WAV or FLAC: convert it, for example with ffmpeg -i in out.flac`,
      { looksLike: description },
    )
  }
}

/**
 * Decodes WAV, FLAC or, with a `format`, samples without a header, in memory that does not grow with what comes.
 * @throws AudioError as decodeAudio; what is wrong further on is thrown by the blocks
 */
export async function openStream(
  chunks: AsyncIterable<Uint8Array>,
  { format, byteLength }: StreamOptions = {},
): Promise<OpenedStream> {
  const window = new ByteWindow(chunks)
  const close = (): Promise<void> => window.close()
  try {
    if (format !== undefined) return { audio: streamPcm(window, format), close }
    const content = await contentOf(window)
    if (content.container === 'other') throw new OtherContent(content.description)
    const { container, start } = content
    const audio = await (container === 'wav'
      ? streamWav(window, start, byteLength)
      : streamFlac(window, start))
    return { audio, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function contentOf(window: ByteWindow): Promise<Content> {
  for (let bytes = FIRST_LOOK_BYTES; ; bytes *= 4) {
    await window.fill(bytes)
    try {
      return identify(window.bytes)
    } catch (error) {
      const mayHaveMore = !window.isAtEnd && bytes < LARGEST_TAG_BYTES
      if (!mayHaveMore || errorCode(error) !== 'AUDIO_TRUNCATED') throw error
    }
  }
}

/** @throws ArgumentRangeError INVALID_ARGUMENT */
export function checkPcmFormat({ encoding, sampleRateHz, channelCount }: PcmFormat): void {
  if (!['s16le', 'f32le'].includes(encoding)) {
    throw new ArgumentRangeError(`encoding is "${encoding as string}"; it must be s16le or f32le`)
  }
  if (!Number.isInteger(sampleRateHz) || sampleRateHz < 1 || sampleRateHz > 768_000) {
    throw new ArgumentRangeError(
      `sampleRateHz is ${sampleRateHz}; it must be a whole number from 1 to 768000`,
    )
  }
  if (!Number.isInteger(channelCount) || channelCount < 1 || channelCount > 64) {
    throw new ArgumentRangeError(`channelCount is ${channelCount}; it must be a whole number from 1 to 64`)
  }
}
