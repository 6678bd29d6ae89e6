import { decode } from 'wav-decoder'
import { AudioError } from '../../errors'
import type { DecodedAudio, DecodeExtent } from '../decoded-audio'
import { PlanarSamples } from '../planar'
import { aLawToLinear, muLawToLinear } from './g711'
import { readWavLayout, type WavEncoding, type WavLayout } from './header'

/** Frames handed to wav-decoder at a time, so that what it allocates stays small beside the file. */
const BLOCK_FRAMES = 16_384
const HEADER_BYTES = 44

const unsigned8ToLinear = Int16Array.from({ length: 256 }, (_, code) => (code - 128) << 8)

interface Carrier {
  /** What wav-decoder is told: format tag and bits per sample. */
  readonly tag: 1 | 3
  readonly bits: 16 | 32 | 64
  /** Copies stored samples into what the carrier holds; absent where the bytes are right as they are. */
  readonly convert?: (stored: Uint8Array) => ArrayBufferView<ArrayBuffer>
}

/**
 * wav-decoder 1.3 is exact for 16- and 32-bit integers with `symmetric`, and for floats. It centres 8-bit samples on
 * 127.5, turns the most negative 24-bit sample into +1 and knows no G.711: those travel in the next wider integer.
 */
const carriers: Readonly<Record<WavEncoding, Carrier>> = {
  unsigned8: { tag: 1, bits: 16, convert: stored => lookUp(stored, unsigned8ToLinear) },
  int16: { tag: 1, bits: 16 },
  int24: { tag: 1, bits: 32, convert: widen24 },
  int32: { tag: 1, bits: 32 },
  float32: { tag: 3, bits: 32 },
  float64: { tag: 3, bits: 64 },
  'mu-law': { tag: 1, bits: 16, convert: stored => lookUp(stored, muLawToLinear) },
  'a-law': { tag: 1, bits: 16, convert: stored => lookUp(stored, aLawToLinear) },
}

function lookUp(stored: Uint8Array, table: Int16Array): Int16Array<ArrayBuffer> {
  const linear = new Int16Array(stored.length)
  for (let i = 0; i < linear.length; i++) linear[i] = table[stored[i]!]!
  return linear
}

function widen24(stored: Uint8Array): Int32Array<ArrayBuffer> {
  const wide = new Int32Array(stored.length / 3)
  for (let i = 0; i < wide.length; i++) {
    wide[i] = (stored[3 * i]! << 8) | (stored[3 * i + 1]! << 16) | (stored[3 * i + 2]! << 24)
  }
  return wide
}

/** A complete small WAV file around one block of samples, in a buffer of its own as wav-decoder needs it. */
function wrapBlock(stored: Uint8Array, layout: WavLayout, carrier: Carrier): ArrayBuffer {
  const payload = carrier.convert?.(stored) ?? stored
  const wav = new ArrayBuffer(HEADER_BYTES + payload.byteLength)
  const view = new DataView(wav)
  const bytesPerFrame = (layout.channelCount * carrier.bits) / 8
  const putTag = (at: number, tag: string): void => {
    for (let i = 0; i < 4; i++) view.setUint8(at + i, tag.charCodeAt(i))
  }
  putTag(0, 'RIFF')
  view.setUint32(4, wav.byteLength - 8, true)
  putTag(8, 'WAVE')
  putTag(12, 'fmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, carrier.tag, true)
  view.setUint16(22, layout.channelCount, true)
  view.setUint32(24, layout.sampleRateHz, true)
  view.setUint32(28, layout.sampleRateHz * bytesPerFrame, true)
  view.setUint16(32, bytesPerFrame, true)
  view.setUint16(34, carrier.bits, true)
  putTag(36, 'data')
  view.setUint32(40, payload.byteLength, true)
  new Uint8Array(wav, HEADER_BYTES).set(
    new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength),
  )
  return wav
}

/** Decodes whole frames of that layout, of which `firstFrame` is the first one's number in the file. */
export function decodeWavFrames(
  stored: Uint8Array,
  layout: WavLayout,
  firstFrame: number,
): readonly Float32Array[] {
  const carrier = carriers[layout.encoding]
  const { channelData } = decode.sync(wrapBlock(stored, layout, carrier), { symmetric: true })
  if (carrier.tag === 3) assertFinite(channelData, firstFrame)
  return channelData
}

function assertFinite(channels: readonly Float32Array[], firstFrame: number): void {
  for (const [channel, samples] of channels.entries()) {
    const at = samples.findIndex(sample => !Number.isFinite(sample))
    if (at < 0) continue
    throw new AudioError(
      'AUDIO_CORRUPT',
      `sample ${firstFrame + at} of channel ${channel} is ${samples[at]}; expected finite numbers`,
      { frame: firstFrame + at, channel },
    )
  }
}

/** The largest magnitude that the encoding holds on both sides of zero. */
function fullScaleOf(layout: WavLayout): number {
  if (layout.encoding === 'float32' || layout.encoding === 'float64') return 1
  if (layout.encoding === 'mu-law') return Math.max(...muLawToLinear) / 32768
  if (layout.encoding === 'a-law') return Math.max(...aLawToLinear) / 32768
  return 1 - 2 ** (1 - layout.bitsPerSample)
}

export function decodeWav(
  bytes: Uint8Array,
  start: number,
  { framesToKeep, mostSeconds, memory }: DecodeExtent,
): DecodedAudio {
  const layout = readWavLayout(bytes, start)
  const carrier = carriers[layout.encoding]
  const samples = new PlanarSamples(layout.channelCount, {
    maxFrames: framesToKeep(layout.sampleRateHz),
    mostFrames: mostSeconds && mostSeconds * layout.sampleRateHz,
    expectedFrames: layout.frameCount,
    memory,
  })
  while (samples.totalFrames < layout.frameCount) {
    const first = samples.totalFrames
    // An integer is always a valid sample; floats are looked at to the end, because NaN anywhere is damage.
    if (carrier.tag === 1 && samples.wantedFrames === 0) {
      samples.skip(layout.frameCount - first)
      break
    }
    const frames = Math.min(BLOCK_FRAMES, layout.frameCount - first)
    const from = layout.dataStart + first * layout.bytesPerFrame
    const stored = bytes.subarray(from, from + frames * layout.bytesPerFrame)
    samples.append(decodeWavFrames(stored, layout, first), frames, 1)
  }
  return {
    container: 'wav',
    sampleRateHz: layout.sampleRateHz,
    bitsPerSample: layout.bitsPerSample,
    fullScale: fullScaleOf(layout),
    channels: samples.finish(),
    totalFrames: layout.frameCount,
  }
}
