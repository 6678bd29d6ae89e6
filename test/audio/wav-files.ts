/** Builds WAV files byte by byte, right ones and wrong ones. */
export interface WavSpec {
  readonly riffId?: 'RIFF' | 'RF64' | 'BW64' | 'RIFX'
  readonly formType?: string
  readonly tag?: number
  readonly channelCount?: number
  readonly sampleRateHz?: number
  readonly bitsPerSample?: number
  readonly bytesPerFrame?: number
  /** WAVE_FORMAT_EXTENSIBLE around `tag`, with this many valid bits. */
  readonly validBits?: number
  readonly fmtBytes?: number
  readonly before?: readonly Uint8Array[]
  readonly after?: readonly Uint8Array[]
  readonly riffSize?: number
  readonly dataSize?: number
  readonly data: Uint8Array
}

export function chunk(id: string, body: Uint8Array, size = body.length): Buffer {
  const header = Buffer.alloc(8)
  header.write(id, 'latin1')
  header.writeUInt32LE(size, 4)
  return Buffer.concat([header, body, Buffer.alloc(body.length % 2)])
}

function fmtBody(spec: WavSpec): Buffer {
  const { tag = 1, channelCount = 1, sampleRateHz = 16000, bitsPerSample = 16, validBits } = spec
  const bytesPerFrame = spec.bytesPerFrame ?? channelCount * Math.ceil(bitsPerSample / 8)
  const body = Buffer.alloc(spec.fmtBytes ?? (validBits === undefined ? 16 : 40))
  const whole = Buffer.alloc(40)
  whole.writeUInt16LE(validBits === undefined ? tag : 0xfffe, 0)
  whole.writeUInt16LE(channelCount, 2)
  whole.writeUInt32LE(sampleRateHz, 4)
  whole.writeUInt32LE((sampleRateHz * bytesPerFrame) % 2 ** 32, 8)
  whole.writeUInt16LE(bytesPerFrame, 12)
  whole.writeUInt16LE(bitsPerSample, 14)
  if (validBits !== undefined) {
    whole.writeUInt16LE(22, 16)
    whole.writeUInt16LE(validBits, 18)
    whole.writeUInt16LE(tag, 24)
    whole.write('000000001000800000aa00389b71', 26, 'hex')
  }
  whole.copy(body)
  return body
}

export function wavFile(spec: WavSpec): Buffer {
  const parts = [
    ...(spec.before ?? []),
    chunk('fmt ', fmtBody(spec)),
    chunk('data', spec.data, spec.dataSize ?? spec.data.length),
    ...(spec.after ?? []),
  ]
  const form = Buffer.from(spec.formType ?? 'WAVE', 'latin1')
  const body = Buffer.concat([form, ...parts])
  const header = Buffer.alloc(8)
  header.write(spec.riffId ?? 'RIFF', 'latin1')
  header.writeUInt32LE(spec.riffSize ?? body.length, 4)
  return Buffer.concat([header, body])
}

/** Interleaved channels as little-endian integers of 2, 3 or 4 bytes. */
export function integerData(channels: readonly (readonly number[])[], bytesPerSample: 2 | 3 | 4): Buffer {
  const frames = channels[0]?.length ?? 0
  const data = Buffer.alloc(frames * channels.length * bytesPerSample)
  for (let frame = 0, at = 0; frame < frames; frame++) {
    for (const channel of channels) {
      data.writeIntLE(channel[frame]!, at, bytesPerSample)
      at += bytesPerSample
    }
  }
  return data
}

export function floatData(samples: readonly number[], bits: 32 | 64): Buffer {
  const typed = bits === 32 ? Float32Array.from(samples) : Float64Array.from(samples)
  return Buffer.from(typed.buffer)
}

/** The ds64 chunk of RF64 and BW64: RIFF size, data size, sample count, no table. */
export function ds64(dataSize: bigint): Buffer {
  const body = Buffer.alloc(28)
  body.writeBigUInt64LE(BigInt.asUintN(64, dataSize + 80n), 0)
  body.writeBigUInt64LE(dataSize, 8)
  return chunk('ds64', body)
}
