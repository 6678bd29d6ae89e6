import { AudioError } from '../errors'

const FIRST_CAPACITY_FRAMES = 16_384
/** 1 MB of float32, whatever a header claims; growing step by step costs as much garbage as the clip itself. */
const LARGEST_EXPECTED_VALUES = 2 ** 18
/** 1 GiB of float32: past this a caller wants `maxFrames`, not more memory. */
const LARGEST_KEPT_VALUES = 2 ** 28

export interface PlanarOptions {
  /** Kept from the start. */
  readonly maxFrames: number
  /** As the header has it; default 0, for unknown. */
  readonly expectedFrames?: number | undefined
  /** A recording of more is refused as soon as that shows; default any number. */
  readonly mostFrames?: number | undefined
  /** Where a single channel is put, when these are exactly the bytes of `maxFrames`. */
  readonly memory?: ArrayBuffer | undefined
}

/**
 * Collects decoded blocks as one Float32Array per channel. Only the first `maxFrames` frames are kept and memory
 * follows what has really arrived beyond 1 MB, so a few kilobytes that unpack to hours of silence cost no more than the window.
 */
export class PlanarSamples {
  #channels: Float32Array<ArrayBuffer>[]
  #keptFrames = 0
  #totalFrames = 0
  readonly #maxFrames: number
  readonly #firstCapacity: number
  readonly #mostFrames: number
  readonly #given: ArrayBuffer | undefined

  /** @throws AudioError AUDIO_TOO_LARGE */
  constructor(
    channelCount: number,
    { maxFrames, expectedFrames = 0, mostFrames = Infinity, memory }: PlanarOptions,
  ) {
    this.#mostFrames = mostFrames
    this.#assertNotTooMany(expectedFrames)
    const first = channelCount === 1 && memory?.byteLength === 4 * maxFrames ? memory : new ArrayBuffer(0)
    this.#channels = Array.from({ length: channelCount }, () => new Float32Array(first))
    this.#given = memory
    this.#maxFrames = maxFrames
    const expected = Math.min(expectedFrames, maxFrames)
    this.#firstCapacity =
      expected > 0 && expected * channelCount <= LARGEST_EXPECTED_VALUES ? expected : FIRST_CAPACITY_FRAMES
  }

  /** Frames seen, kept or not. */
  get totalFrames(): number {
    return this.#totalFrames
  }

  /** How many of the next frames would still be kept. */
  get wantedFrames(): number {
    return this.#maxFrames - this.#keptFrames
  }

  /** Counts frames that need no look because nothing can be wrong with them. */
  skip(frames: number): void {
    this.#totalFrames += frames
  }

  append(block: readonly ArrayLike<number>[], frames: number, scale: number): void {
    this.#totalFrames += frames
    this.#assertNotTooMany(this.#totalFrames)
    const kept = Math.min(frames, this.wantedFrames)
    if (kept === 0) return
    this.#reserve(this.#keptFrames + kept)
    for (const [channel, target] of this.#channels.entries()) {
      const source = block[channel]!
      for (let i = 0; i < kept; i++) target[this.#keptFrames + i] = source[i]! * scale
    }
    this.#keptFrames += kept
  }

  finish(): readonly Float32Array<ArrayBuffer>[] {
    return this.#channels.map(channel => {
      if (channel.length === this.#keptFrames) return channel
      // Given memory is its owner's, who knows how long it is; what is our own is not to hold more than it says.
      return channel.buffer === this.#given
        ? channel.subarray(0, this.#keptFrames)
        : channel.slice(0, this.#keptFrames)
    })
  }

  #assertNotTooMany(frames: number): void {
    if (frames <= this.#mostFrames) return
    throw new AudioError(
      'AUDIO_TOO_LARGE',
      `the recording has ${frames} samples or more; expected at most ${Math.floor(this.#mostFrames)} (maxSeconds): cut it into parts`,
      { frames },
    )
  }

  #reserve(frames: number): void {
    const capacity = this.#channels[0]!.length
    if (frames <= capacity) return
    if (frames * this.#channels.length > LARGEST_KEPT_VALUES) {
      throw new AudioError(
        'AUDIO_TOO_LARGE',
        `more than ${LARGEST_KEPT_VALUES} samples would have to be kept in memory; ask for fewer with maxFrames`,
        { frames, channels: this.#channels.length },
      )
    }
    const grown = Math.min(Math.max(frames, capacity * 2, this.#firstCapacity), this.#maxFrames)
    this.#channels = this.#channels.map(channel => {
      const larger = new Float32Array(grown)
      larger.set(channel)
      return larger
    })
  }
}
