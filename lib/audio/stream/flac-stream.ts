import { errorCode } from '../../errors'
import { FlacFrames, hasMoreFrames } from '../flac/decode'
import { readStreamInfo, type StreamInfo } from '../flac/stream-info'
import type { AudioStream } from './audio-stream'
import type { ByteWindow } from './byte-window'

/** More than the largest frame there can be: 65,535 samples in 8 channels of 33 bits, stored as they are. */
const LARGEST_FRAME_BYTES = 2.5 * 2 ** 20
/** Covers come in metadata blocks of up to 16 MiB. */
const LARGEST_METADATA_BYTES = 64 * 2 ** 20
const FIRST_LOOK_BYTES = 64 * 1024

/** `start`: where the stream begins in the window, behind tags. @throws AudioError as decodeFlac */
export async function streamFlac(window: ByteWindow, start: number): Promise<AudioStream> {
  window.use(start)
  const info = await streamInfo(window)
  const frames = new FlacFrames(info)
  window.use(info.firstFrame)
  return {
    container: 'flac',
    sampleRateHz: info.sampleRateHz,
    channelCount: info.channelCount,
    blocks: blocksOf(window, info, frames),
  }
}

async function streamInfo(window: ByteWindow): Promise<StreamInfo> {
  for (let bytes = FIRST_LOOK_BYTES; ; bytes *= 4) {
    await window.fill(bytes)
    try {
      return readStreamInfo(window.bytes, 0)
    } catch (error) {
      const mayHaveMore = !window.isAtEnd && bytes < LARGEST_METADATA_BYTES
      if (!mayHaveMore || errorCode(error) !== 'AUDIO_TRUNCATED') throw error
    }
  }
}

async function* blocksOf(
  window: ByteWindow,
  info: StreamInfo,
  frames: FlacFrames,
): AsyncGenerator<readonly Float32Array<ArrayBuffer>[], void, undefined> {
  for (;;) {
    await window.fill(4 * LARGEST_FRAME_BYTES)
    const { bytes, before } = window
    let at = 0
    // Frames that may go on behind the window wait for the rest of it.
    const isWhole = (): boolean => window.isAtEnd || bytes.length - at >= LARGEST_FRAME_BYTES
    while (!frames.isComplete && isWhole() && hasMoreFrames(bytes, at, info)) {
      at = frames.read(bytes, at, before)
      yield frames.block.map(channel => scaled(channel, frames.blockFrames, frames.scale))
    }
    if (frames.isComplete || (window.isAtEnd && !hasMoreFrames(bytes, at, info))) {
      frames.finish(bytes, at)
      return
    }
    window.use(at)
  }
}

function scaled(samples: Float64Array, length: number, scale: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(length)
  for (let at = 0; at < length; at++) result[at] = samples[at]! * scale
  return result
}
