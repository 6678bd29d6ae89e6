import type { NativeSession } from './binding'

/** Being woken for a result takes 50 µs and more; looking for it is worth while for runs that hardly take longer. */
const SHORT_RUN_MS = 0.2
/** Nothing is looked for longer than this, however short runs usually are. */
const LONGEST_MS = 0.4

/**
 * Looks for the results of very short runs in each turn of the event loop, instead of sleeping until it is woken for
 * them. The loop stays free meanwhile: other work goes on between two looks.
 */
export class CompletionPoller {
  readonly #native: NativeSession
  #usualMs = Infinity
  #isPolling = false
  #untilMs = 0
  #turnsLeft = 0

  constructor(native: NativeSession) {
    this.#native = native
  }

  /** How long a run took, waiting aside. */
  learn(runMs: number): void {
    this.#usualMs = this.#usualMs === Infinity ? runMs : 0.8 * this.#usualMs + 0.2 * runMs
  }

  /** A run has begun. */
  expect(): void {
    if (this.#usualMs > SHORT_RUN_MS) return
    this.#untilMs = performance.now() + LONGEST_MS
    if (this.#isPolling) return
    this.#isPolling = true
    this.#native.setPolled(true)
    setImmediate(this.#look)
  }

  /** Nothing is expected any more; but callers that wait for one result tend to ask for the next one at once. */
  stop(): void {
    this.#untilMs = 0
    this.#turnsLeft = 1
  }

  readonly #look = (): void => {
    try {
      this.#native.poll()
    } finally {
      // Also after a throw: nobody wakes the event loop for results while they are polled for.
      if (this.#turnsLeft-- > 0 || performance.now() < this.#untilMs) {
        setImmediate(this.#look)
      } else {
        this.#isPolling = false
        this.#native.setPolled(false)
      }
    }
  }
}
