/** Moments at which every lane stands between two rounds and holds nothing: what is left then is what leaked. */
import { setTimeout as delay } from 'node:timers/promises'

export class Rest {
  readonly #lanes: readonly string[]
  readonly #standing = new Set<string>()
  #wanted = false
  #allStand: () => void = () => undefined
  #goOn: () => void = () => undefined
  #over = Promise.resolve()

  constructor(lanes: readonly string[]) {
    this.#lanes = lanes
  }

  /** Called by a lane between two rounds. */
  async pass(lane: string): Promise<void> {
    if (!this.#wanted) return
    this.#standing.add(lane)
    if (this.#standing.size === this.#lanes.length) this.#allStand()
    await this.#over
    this.#standing.delete(lane)
  }

  /**
   * Does `look` while all of them stand.
   * @throws Error that names those which have not come to the end of a round within `limitMs`
   */
  async during(look: () => Promise<void>, limitMs: number): Promise<void> {
    const allStand = new Promise<'standing'>(resolve => (this.#allStand = () => resolve('standing')))
    this.#over = new Promise(resolve => (this.#goOn = resolve))
    this.#wanted = true
    const limit = new AbortController()
    const late = delay(limitMs, 'late' as const, { signal: limit.signal }).catch(() => 'standing' as const)
    try {
      if ((await Promise.race([allStand, late])) === 'late') {
        const running = this.#lanes.filter(lane => !this.#standing.has(lane))
        throw new Error(`no end of a round within ${limitMs / 1000} s: ${running.join(', ')}`)
      }
      limit.abort()
      await look()
    } finally {
      this.#wanted = false
      this.#goOn()
    }
  }
}
