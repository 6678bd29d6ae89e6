import { AudioError } from '../../errors'
import { decodeWavFrames } from '../wav/decode'
import { readWavHead, type WavHead } from '../wav/header'
import type { AudioStream } from './audio-stream'
import type { ByteWindow } from './byte-window'

/** Broadcast files carry their story in front of the samples; more than this is no story. */
const LARGEST_HEAD_BYTES = 64 * 2 ** 20
const FIRST_LOOK_BYTES = 64 * 1024
const BLOCK_FRAMES = 16_384

/** `start`: where the RIFF header begins in the window, behind tags. @throws AudioError as decodeWav */
export async function streamWav(
  window: ByteWindow,
  start: number,
  byteLength: number | undefined,
): Promise<AudioStream> {
  window.use(start)
  const head = await wavHead(window, byteLength === undefined ? undefined : byteLength - start)
  window.use(head.dataStart)
  return {
    container: 'wav',
    sampleRateHz: head.sampleRateHz,
    channelCount: head.channelCount,
    blocks: blocksOf(window, head),
  }
}

async function wavHead(window: ByteWindow, fileBytes: number | undefined): Promise<WavHead> {
  for (let bytes = FIRST_LOOK_BYTES; ; bytes *= 4) {
    await window.fill(bytes)
    const head = readWavHead(window.bytes, fileBytes)
    if (head !== 'cut') return head
    if (window.isAtEnd || bytes >= LARGEST_HEAD_BYTES) {
      throw truncated(`there is no data chunk in the first ${window.bytes.length} bytes`)
    }
  }
}

async function* blocksOf(
  window: ByteWindow,
  head: WavHead,
): AsyncGenerator<readonly Float32Array<ArrayBuffer>[], void, undefined> {
  const { bytesPerFrame, dataBytes } = head
  let done = 0
  for (;;) {
    const wanted = Math.min(BLOCK_FRAMES * bytesPerFrame, dataBytes - done)
    await window.fill(wanted)
    const stored = window.bytes.subarray(0, wanted)
    const whole = stored.length - (stored.length % bytesPerFrame)
    if (whole > 0) {
      const channels = decodeWavFrames(
        stored.subarray(0, whole),
        { ...head, frameCount: 0 },
        done / bytesPerFrame,
      )
      yield channels.map(channel => Float32Array.from(channel))
      window.use(whole)
      done += whole
    }
    if (done === dataBytes) return
    if (stored.length < wanted) {
      assertEnd(head, done, stored.subarray(whole))
      return
    }
    if (whole === 0) {
      throw new AudioError(
        'AUDIO_CORRUPT',
        `the data chunk has ${dataBytes} bytes, which is no whole number of ${bytesPerFrame}-byte frames`,
      )
    }
  }
}

/** The bytes have ended: rightly so where nobody knew how many there would be. */
function assertEnd({ dataBytes, bytesPerFrame }: WavHead, done: number, rest: Uint8Array): void {
  if (dataBytes !== Infinity) {
    throw truncated(
      `the data chunk claims ${dataBytes} bytes but the file holds ${done + rest.length} of them`,
    )
  }
  // Behind an odd number of bytes a pad byte is the rule, also in a pipe.
  const isPad = rest.length === 1 && (done + 1) % 2 === 0 && rest[0] === 0
  if (rest.length > 0 && !isPad) {
    throw truncated(`the file ends inside a frame: ${rest.length} of ${bytesPerFrame} bytes`)
  }
}

function truncated(message: string): AudioError {
  return new AudioError('AUDIO_TRUNCATED', `${message}; copy or download the file again`)
}
