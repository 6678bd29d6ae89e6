import { createHash } from 'node:crypto'

/**
 * A small FLAC encoder after RFC 9639, so that streams which no encoder at hand would write can be tested, and broken
 * ones generated without tools. `flac-tools.test.ts` has the reference decoder confirm what it writes.
 */
export interface FlacSpec {
  readonly channels: readonly (readonly number[])[]
  readonly bitsPerSample: number
  readonly sampleRateHz?: number
  /** One size, or the sizes of a stream with variable blocks. */
  readonly blockFrames?: number | readonly number[]
  readonly coding?: FlacCoding
  /** Left/side and the like need two channels. */
  readonly stereo?: 'left-side' | 'side-right' | 'mid-side'
  readonly totalFrames?: number
  readonly md5?: 'right' | 'absent' | 'wrong'
  /** Metadata blocks behind STREAMINFO: type and body. */
  readonly metadata?: readonly (readonly [type: number, body: Uint8Array])[]
  readonly prefix?: Uint8Array
  readonly firstFrameNumber?: number
  readonly infoSampleRateHz?: number
  readonly infoChannelCount?: number
  /** Added to every frame's checksum. */
  readonly crcError?: number
}

export type FlacCoding =
  'verbatim' | 'constant' | 'escaped' | { readonly fixedOrder: 0 | 1 | 2 | 3 | 4; readonly rice: number }

class BitWriter {
  readonly #bytes: number[] = []
  #partial = 0
  #partialBits = 0

  put(value: number | bigint, bits: number): void {
    const field = BigInt.asUintN(bits, BigInt(value))
    for (let left = bits; left > 0;) {
      const take = Math.min(left, 8 - this.#partialBits)
      const piece = Number((field >> BigInt(left - take)) & BigInt(2 ** take - 1))
      this.#partial = this.#partial * 2 ** take + piece
      this.#partialBits += take
      left -= take
      if (this.#partialBits === 8) this.#flush()
    }
  }

  zeros(count: number): void {
    for (let left = count; left > 0; left -= 32) this.put(0, Math.min(left, 32))
  }

  align(): void {
    if (this.#partialBits > 0) this.put(0, 8 - this.#partialBits)
  }

  bytes(): Buffer {
    return Buffer.from(this.#bytes)
  }

  #flush(): void {
    this.#bytes.push(this.#partial)
    this.#partial = 0
    this.#partialBits = 0
  }
}

/** Bit by bit, on purpose unlike the tables of the decoder under test. */
export function crc(bytes: Uint8Array, polynomial: number, width: 8 | 16): number {
  let register = 0
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const top = (register >> (width - 1)) & 1
      register = (register << 1) & (2 ** width - 1)
      if (top !== ((byte >> bit) & 1)) register ^= polynomial
    }
  }
  return register
}

const FIXED = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]] as const

function putSubframe(out: BitWriter, samples: readonly number[], bits: number, coding: FlacCoding): void {
  if (coding === 'constant') {
    out.put(0, 8)
    out.put(samples[0]!, bits)
    return
  }
  if (coding === 'verbatim') {
    out.put(1 << 1, 8)
    for (const sample of samples) out.put(sample, bits)
    return
  }
  const order = coding === 'escaped' ? 1 : coding.fixedOrder
  out.put((8 + order) << 1, 8)
  for (const sample of samples.slice(0, order)) out.put(sample, bits)
  const taps = FIXED[order]
  const residuals = samples
    .map((sample, i) => sample - taps.reduce((sum, tap, k) => sum + tap * (samples[i - 1 - k] ?? 0), 0))
    .slice(order)
  // Five-bit parameters, one partition.
  out.put(1, 2)
  out.put(0, 4)
  if (coding === 'escaped') {
    const rawBits = bits + 1
    out.put(31, 5)
    out.put(rawBits, 5)
    for (const residual of residuals) out.put(residual, rawBits)
    return
  }
  out.put(coding.rice, 5)
  for (const residual of residuals) {
    const folded = residual >= 0 ? 2 * residual : -2 * residual - 1
    const quotient = Math.floor(folded / 2 ** coding.rice)
    out.zeros(quotient)
    out.put(1, 1)
    out.put(folded % 2 ** coding.rice, coding.rice)
  }
}

/** RFC 9639, section 9.1.5. */
function codedNumber(value: number): number[] {
  if (value < 0x80) return [value]
  let length = 2
  while (value >= 2 ** (5 * length + 1)) length++
  const tail = Array.from(
    { length: length - 1 },
    (_, i) => 0x80 | (Math.floor(value / 64 ** (length - 2 - i)) % 64),
  )
  const lead = (0xff00 >> length) & 0xff
  return [lead | Math.floor(value / 64 ** (length - 1)), ...tail]
}

function frame(spec: FlacSpec, index: number, from: number, frames: number): Buffer {
  const part = spec.channels.map(channel => channel.slice(from, from + frames))
  const assignment = { 'left-side': 8, 'side-right': 9, 'mid-side': 10 }
  const out = new BitWriter()
  const isVariable = typeof spec.blockFrames === 'object'
  out.put(isVariable ? 0xfff9 : 0xfff8, 16)
  // 16-bit block size behind the header; sample rate and depth as in STREAMINFO.
  out.put(7, 4)
  out.put(0, 4)
  out.put(spec.stereo === undefined ? part.length - 1 : assignment[spec.stereo], 4)
  out.put(0, 4)
  for (const byte of codedNumber((isVariable ? from : index) + (spec.firstFrameNumber ?? 0))) out.put(byte, 8)
  out.put(frames - 1, 16)
  out.put(crc(out.bytes(), 0x07, 8), 8)
  const coding = spec.coding ?? 'verbatim'
  for (const [samples, bits] of decorrelate(part, spec)) putSubframe(out, samples, bits, coding)
  out.align()
  out.put(crc(out.bytes(), 0x8005, 16) + (spec.crcError ?? 0), 16)
  return out.bytes()
}

type Sub = readonly [samples: readonly number[], bits: number]

function decorrelate(
  part: readonly (readonly number[])[],
  { stereo, bitsPerSample }: FlacSpec,
): readonly Sub[] {
  if (stereo === undefined) return part.map(samples => [samples, bitsPerSample] as const)
  const [left, right] = part as readonly [readonly number[], readonly number[]]
  const side: Sub = [left.map((sample, i) => sample - right[i]!), bitsPerSample + 1]
  const mid = left.map((sample, i) => Math.floor((sample + right[i]!) / 2))
  if (stereo === 'left-side') return [[left, bitsPerSample], side]
  if (stereo === 'side-right') return [side, [right, bitsPerSample]]
  return [[mid, bitsPerSample], side]
}

function streamInfo(spec: FlacSpec): Buffer {
  const { bitsPerSample, channels, sampleRateHz = 16000, blockFrames = 4096 } = spec
  const sizes = typeof blockFrames === 'object' ? blockFrames : [blockFrames]
  const out = new BitWriter()
  out.put(Math.min(...sizes), 16)
  out.put(Math.max(...sizes), 16)
  out.put(0, 48)
  out.put(spec.infoSampleRateHz ?? sampleRateHz, 20)
  out.put((spec.infoChannelCount ?? channels.length) - 1, 3)
  out.put(bitsPerSample - 1, 5)
  out.put(spec.totalFrames ?? channels[0]!.length, 36)
  return Buffer.concat([out.bytes(), md5(spec)])
}

function md5({ channels, bitsPerSample, md5 = 'right' }: FlacSpec): Buffer {
  if (md5 === 'absent') return Buffer.alloc(16)
  if (md5 === 'wrong') return Buffer.alloc(16, 0x5a)
  const width = Math.ceil(bitsPerSample / 8)
  const frames = channels[0]!.length
  const bytes = Buffer.alloc(frames * channels.length * width)
  for (let i = 0, at = 0; i < frames; i++) {
    for (const channel of channels) {
      bytes.writeIntLE(channel[i]!, at, width)
      at += width
    }
  }
  return createHash('md5').update(bytes).digest()
}

export function metadataBlock(
  type: number,
  body: Uint8Array,
  options: { last?: boolean; size?: number } = {},
): Buffer {
  const header = Buffer.alloc(4)
  const size = options.size ?? body.length
  header.writeUInt32BE(((options.last === true ? 0x80 : 0) + type) * 2 ** 24 + size)
  return Buffer.concat([header, body])
}

export function flacFile(spec: FlacSpec): Buffer {
  const { blockFrames = 4096, metadata = [] } = spec
  const total = spec.channels[0]!.length
  const frames: Buffer[] = []
  for (let from = 0; from < total;) {
    const size =
      typeof blockFrames === 'object' ? blockFrames[frames.length % blockFrames.length]! : blockFrames
    frames.push(frame(spec, frames.length, from, Math.min(size, total - from)))
    from += size
  }
  return Buffer.concat([
    spec.prefix ?? Buffer.alloc(0),
    Buffer.from('fLaC', 'latin1'),
    metadataBlock(0, streamInfo(spec), { last: metadata.length === 0 }),
    ...metadata.map(([type, body], i) => metadataBlock(type, body, { last: i === metadata.length - 1 })),
    ...frames,
  ])
}
