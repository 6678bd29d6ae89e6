import { damaged, FrameFault } from './faults'

/**
 * Reads big-endian bit fields. Up to 32 bits wait, left-justified, in `#cache`; the bits behind them are zero, which
 * is what lets a leading-zero count find the end of a unary number.
 */
export class BitReader {
  readonly #bytes: Uint8Array
  #position: number
  #cache = 0
  #cachedBits = 0

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes
    this.#position = position
  }

  /** The next byte boundary that has not been passed. */
  get bytePosition(): number {
    return this.#position - (this.#cachedBits >> 3)
  }

  alignToByte(): void {
    const partial = this.#cachedBits & 7
    this.#cache <<= partial
    this.#cachedBits -= partial
  }

  /** An unsigned number of 0 to 33 bits. */
  unsigned(bits: number): number {
    if (bits > 24) {
      const high = this.unsigned(bits - 16)
      return high * 0x10000 + this.unsigned(16)
    }
    if (bits === 0) return 0
    this.#fill(bits)
    const value = this.#cache >>> (32 - bits)
    this.#cache <<= bits
    this.#cachedBits -= bits
    return value
  }

  /** A two's complement number of 1 to 33 bits. */
  signed(bits: number): number {
    const value = this.unsigned(bits)
    const half = 2 ** (bits - 1)
    return value < half ? value : value - 2 * half
  }

  /** Zero bits up to the next one bit, which is consumed. */
  unary(): number {
    let zeros = 0
    for (;;) {
      this.#fill(1)
      if (this.#cache !== 0) break
      zeros += this.#cachedBits
      this.#cachedBits = 0
    }
    const run = Math.clz32(this.#cache)
    // Two shifts, because a shift by 32 is a shift by 0.
    this.#cache = (this.#cache << run) << 1
    this.#cachedBits -= run + 1
    return zeros + run
  }

  /**
   * `count` Rice-coded residuals (RFC 9639, section 9.2.7.3) into target[at...]. Nearly all of a FLAC file passes
   * through this loop, hence the local copies.
   */
  riceResiduals(target: Float64Array, at: number, count: number, parameter: number): void {
    const bytes = this.#bytes
    const byteLength = bytes.length
    let position = this.#position
    let cache = this.#cache
    let cachedBits = this.#cachedBits
    for (let i = at; i < at + count; i++) {
      while (cachedBits <= 24 && position < byteLength) {
        cache |= bytes[position++]! << (24 - cachedBits)
        cachedBits += 8
      }
      const run = Math.clz32(cache)
      const length = run + 1 + parameter
      if (length > cachedBits) {
        // A long number, or the end of the file.
        this.#position = position
        this.#cache = cache
        this.#cachedBits = cachedBits
        target[i] = this.#longRice(parameter)
        position = this.#position
        cache = this.#cache
        cachedBits = this.#cachedBits
        continue
      }
      cache = (cache << run) << 1
      const folded = (run << parameter) | ((cache >>> 1) >>> (31 - parameter))
      cache <<= parameter
      cachedBits -= length
      target[i] = (folded >>> 1) ^ -(folded & 1)
    }
    this.#position = position
    this.#cache = cache
    this.#cachedBits = cachedBits
  }

  #longRice(parameter: number): number {
    const quotient = this.unary()
    const folded = quotient * 2 ** parameter + this.unsigned(parameter)
    if (folded > 0xffffffff) throw damaged('a residual does not fit in 32 bits')
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2
  }

  #fill(bits: number): void {
    while (this.#cachedBits <= 24 && this.#position < this.#bytes.length) {
      this.#cache |= this.#bytes[this.#position++]! << (24 - this.#cachedBits)
      this.#cachedBits += 8
    }
    if (this.#cachedBits < bits) throw new FrameFault('out-of-bytes', 'the bytes run out')
  }
}
