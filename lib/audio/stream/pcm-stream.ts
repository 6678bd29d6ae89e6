import { AudioError } from '../../errors'
import type { AudioStream } from './audio-stream'
import type { ByteWindow } from './byte-window'

/** Samples without a header, channels interleaved. */
export interface PcmFormat {
  /** 16-bit integers or 32-bit floats, little-endian; the names are ffmpeg's. */
  readonly encoding: 's16le' | 'f32le'
  readonly sampleRateHz: number
  readonly channelCount: number
}

const BLOCK_FRAMES = 16_384

export function streamPcm(window: ByteWindow, format: PcmFormat): AudioStream {
  const { sampleRateHz, channelCount } = format
  return { container: 'pcm', sampleRateHz, channelCount, blocks: blocksOf(window, format) }
}

async function* blocksOf(
  window: ByteWindow,
  { encoding, channelCount }: PcmFormat,
): AsyncGenerator<readonly Float32Array<ArrayBuffer>[], void, undefined> {
  const sampleBytes = encoding === 's16le' ? 2 : 4
  const frameBytes = sampleBytes * channelCount
  let frame = 0
  for (;;) {
    // What has come is worth having: a live stream may pause for any time.
    await window.fill(frameBytes)
    const frames = Math.min(Math.floor(window.bytes.length / frameBytes), BLOCK_FRAMES)
    if (frames === 0) {
      assertNothingLeft(window, frameBytes)
      return
    }
    const { buffer, byteOffset } = window.bytes
    const view = new DataView(buffer, byteOffset, frames * frameBytes)
    const channels = Array.from({ length: channelCount }, () => new Float32Array(frames))
    for (const [channel, samples] of channels.entries()) {
      for (let at = 0; at < frames; at++) {
        const byte = at * frameBytes + channel * sampleBytes
        const sample = encoding === 's16le' ? view.getInt16(byte, true) / 32768 : view.getFloat32(byte, true)
        if (!Number.isFinite(sample)) throw notFinite(frame + at, channel)
        samples[at] = sample
      }
    }
    window.use(frames * frameBytes)
    frame += frames
    yield channels
  }
}

function assertNothingLeft(window: ByteWindow, frameBytes: number): void {
  const rest = window.bytes.length
  if (rest === 0) return
  throw new AudioError(
    'AUDIO_TRUNCATED',
    `the samples end inside a frame: ${rest} of ${frameBytes} bytes; do encoding and channels fit?`,
  )
}

function notFinite(frame: number, channel: number): AudioError {
  return new AudioError(
    'AUDIO_CORRUPT',
    `sample ${frame} of channel ${channel} is not a finite number; are these f32le samples?`,
    { frame, channel },
  )
}
