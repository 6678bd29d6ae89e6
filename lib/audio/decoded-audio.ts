/** A decoded file, or the part of it that was asked for. */
export interface DecodedAudio {
  readonly container: 'wav' | 'flac'
  readonly sampleRateHz: number
  /** As stored: 8 for G.711. */
  readonly bitsPerSample: number
  /** The largest magnitude the encoding holds on both sides of zero: 32767/32768 for 16-bit, 1 for float. */
  readonly fullScale: number
  /**
   * One array per channel, at most `maxFrames` long. b-bit integers are divided by 2^(b-1), so 16-bit samples equal
   * int16/32768 exactly; mu-law and A-law are expanded to 16-bit first (ITU-T G.711); floats are as stored.
   */
  readonly channels: readonly Float32Array<ArrayBuffer>[]
  /** Frames in the whole file, kept or not. */
  readonly totalFrames: number
}

/** How much of a recording is decoded, and kept. */
export interface DecodeExtent {
  /** From the start; the rest is still checked. */
  readonly framesToKeep: (sampleRateHz: number) => number
  /** A longer recording is refused; default any. */
  readonly mostSeconds?: number | undefined
  /** Where a single channel is put of which exactly that much fits. */
  readonly memory?: ArrayBuffer | undefined
}
