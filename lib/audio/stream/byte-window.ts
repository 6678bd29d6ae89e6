/** The part of a stream of bytes that a decoder looks at. */

/** Read so much at a time even where less is asked for. */
const CHUNK_BYTES = 256 * 1024

/** Bytes in the order they come; what has been used is let go, and no more is read than is asked for. */
export class ByteWindow {
  readonly #chunks: AsyncIterator<Uint8Array>
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  #from = 0
  #to = 0
  #before = 0
  #isAtEnd = false

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** What is there and not used yet; overwritten by the next {@link fill}. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#from, this.#to)
  }

  /** Bytes of the stream in front of {@link bytes}. */
  get before(): number {
    return this.#before
  }

  /** Whether nothing comes behind {@link bytes}. */
  get isAtEnd(): boolean {
    return this.#isAtEnd
  }

  /** Reads until there are `count` bytes, or all there will ever be. */
  async fill(count: number): Promise<void> {
    while (this.#to - this.#from < count && !this.#isAtEnd) {
      const next = await this.#chunks.next()
      if (next.done === true) this.#isAtEnd = true
      else this.#append(next.value)
    }
  }

  /** Lets go of the first `count` bytes. */
  use(count: number): void {
    this.#from += count
    this.#before += count
  }

  /** Gives up what was not read. */
  async close(): Promise<void> {
    this.#isAtEnd = true
    await this.#chunks.return?.()
  }

  #append(chunk: Uint8Array): void {
    const kept = this.#to - this.#from
    if (this.#to + chunk.length > this.#buffer.length) {
      const needed = kept + chunk.length
      const target = needed > this.#buffer.length ? new Uint8Array(2 * needed + CHUNK_BYTES) : this.#buffer
      target.set(this.#buffer.subarray(this.#from, this.#to))
      this.#buffer = target
      this.#from = 0
      this.#to = kept
    }
    this.#buffer.set(chunk, this.#to)
    this.#to += chunk.length
  }
}
