/**
 * How a thread that reads files is told to go. One that is ended by force while it opens a file leaves that open for as long
 * as the process lives (Node 20.20): libuv's pool opens it after the thread is gone. So the thread says when it is at a
 * file, and looks for the sign before it begins: whoever sees neither of the two words can be sure of the other.
 */

const leaving = 0
const atFile = 1

export class LeaveSign {
  /** What the other side makes its sign of. */
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(memory = new SharedArrayBuffer(8)) {
    this.memory = memory
    this.#words = new Int32Array(memory)
  }

  /** The owner's: whether the thread is to be waited for, or can be ended. */
  set(): 'with a file' | 'free' {
    Atomics.store(this.#words, leaving, 1)
    return Atomics.load(this.#words, atFile) === 1 ? 'with a file' : 'free'
  }

  /** The thread's. */
  get isSet(): boolean {
    return Atomics.load(this.#words, leaving) === 1
  }

  /** The thread's: what opens files. @throws Left when the sign is set */
  async whileAtFile<T>(read: () => Promise<T>): Promise<T> {
    Atomics.store(this.#words, atFile, 1)
    try {
      if (this.isSet) throw new Left()
      return await read()
    } finally {
      Atomics.store(this.#words, atFile, 0)
    }
  }
}

/** Nobody waits for the result any more. */
export class Left extends Error {
  override readonly name = 'Left'
}
