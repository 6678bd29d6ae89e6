import { spawnSync } from 'node:child_process'

/** Runs an audio tool from bytes to bytes. */
export function pipe(command: string, args: readonly string[], input?: Uint8Array): Buffer {
  const result = spawnSync(command, args, { input: input ?? Buffer.alloc(0), maxBuffer: 2 ** 29 })
  if (result.error !== undefined) throw result.error
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr.toString()}`)
  return result.stdout
}

/** Interleaved samples as ffmpeg decodes them: left-justified 32-bit integers. */
export function ffmpegSamples(file: Uint8Array | string): Int32Array {
  const [source, input] = typeof file === 'string' ? [file, undefined] : ['pipe:0', file]
  const raw = pipe('ffmpeg', ['-v', 'error', '-i', source, '-f', 's32le', '-c:a', 'pcm_s32le', '-'], input)
  return new Int32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length))
}

/** The first sample that differs, in words, or undefined; chai's deep equality is too slow for whole clips. */
export function firstDifference(
  channels: readonly Float32Array[],
  interleaved: ArrayLike<number>,
  scale: number,
): string | undefined {
  const frames = channels[0]?.length ?? 0
  const expectedFrames = interleaved.length / channels.length
  if (frames !== expectedFrames) return `${frames} frames instead of ${expectedFrames}`
  for (let frame = 0; frame < frames; frame++) {
    for (const [channel, samples] of channels.entries()) {
      const expected = Math.fround(interleaved[frame * channels.length + channel]! / scale)
      if (samples[frame] !== expected) {
        return `channel ${channel}, frame ${frame}: ${samples[frame]} instead of ${expected}`
      }
    }
  }
  return undefined
}

export function interleave(channels: readonly (readonly number[])[]): number[] {
  return channels[0]!.flatMap((_, frame) => channels.map(channel => channel[frame]!))
}
