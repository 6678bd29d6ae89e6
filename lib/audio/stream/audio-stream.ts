/** Audio that is decoded as it comes, block by block. */
export interface AudioStream {
  /** What the bytes are: WAV, FLAC, or samples without a header. */
  readonly container: 'wav' | 'flac' | 'pcm'
  readonly sampleRateHz: number
  readonly channelCount: number
  /**
   * An array for each channel, all as long as each other, in [-1, 1] nominally and finite; in no set length, overwritten by
   * nobody. Damage shows where it is reached: what came before is right.
   */
  readonly blocks: AsyncIterable<readonly Float32Array<ArrayBuffer>[]>
}
