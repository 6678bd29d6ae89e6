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
/** RFC 9639, section 9.1. */
const LARGEST_HEADER_BYTES = 16

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
  let largestBytes = 0
  for (;;) {
    const { bytes, before } = window
    let at = 0
    while (!frames.isComplete && hasMoreFrames(bytes, at, info)) {
      const end = readWhole(frames, window, bytes, at, before)
      if (end === undefined) break
      largestBytes = Math.max(largestBytes, end - at)
      at = end
      yield frames.block.map(channel => scaled(channel, frames.blockFrames, frames.scale))
    }
    window.use(at)
    const left = window.bytes.length
    if (frames.isComplete) await window.fill(LARGEST_HEADER_BYTES)
    if (frames.isComplete || (window.isAtEnd && !hasMoreFrames(window.bytes, 0, info))) {
      frames.finish(window.bytes, 0)
      return
    }
    // No more than a frame ahead, because a pipe may carry what is just being spoken; not byte by byte either, because a
    // frame is begun anew each time.
    await window.fill(Math.max(largestBytes, left + (left >> 2)) + 1)
  }
}

/** Undefined: the rest of the frame has not come yet. */
function readWhole(
  frames: FlacFrames,
  window: ByteWindow,
  bytes: Uint8Array,
  at: number,
  before: number,
): number | undefined {
  try {
    return frames.read(bytes, at, before)
  } catch (error) {
    const mayHaveMore = !window.isAtEnd && bytes.length - at < LARGEST_FRAME_BYTES
    if (mayHaveMore && errorCode(error) === 'AUDIO_TRUNCATED') return undefined
    throw error
  }
}

function scaled(samples: Float64Array, length: number, scale: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(length)
  for (let at = 0; at < length; at++) result[at] = samples[at]! * scale
  return result
}
