/** What a load has seen: results that were right, errors by code, and whatever should not have been. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Rest } from './rest'

/** The reason of every signal of a load. */
export const GIVEN_UP = 'given up by its caller'

export interface LaneTally {
  readonly right: number
  /** By code; what a caller gave up himself is `given up`. */
  readonly errors: Readonly<Record<string, number>>
}

function codeOf(error: unknown): string {
  if (error === GIVEN_UP) return 'given up'
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no code'
}

export class Tally {
  readonly #lanes = new Map<string, { right: number; errors: Record<string, number> }>()
  readonly #mistakes: string[] = []
  #mistakeCount = 0

  #lane(name: string): { right: number; errors: Record<string, number> } {
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const made = { right: 0, errors: {} }
    this.#lanes.set(name, made)
    return made
  }

  right(lane: string): void {
    this.#lane(lane).right += 1
  }

  /** Keeps the first ones: a load that is wrong is wrong thousands of times. */
  mistake(lane: string, text: string): void {
    this.#mistakeCount += 1
    if (this.#mistakes.length < 20) this.#mistakes.push(`${lane}: ${text}`)
  }

  error(lane: string, error: unknown, allowed: readonly string[]): void {
    const code = codeOf(error)
    const { errors } = this.#lane(lane)
    errors[code] = (errors[code] ?? 0) + 1
    if (!allowed.includes(code))
      this.mistake(lane, `${code} is none of the codes it may have: ${String(error)}`)
  }

  /** What `work` gives, or nothing where it fails with one of the codes it may fail with. */
  async attempt<T>(lane: string, allowed: readonly string[], work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.error(lane, error, allowed)
      return undefined
    }
  }

  /** `numbers` must be `expected`, to within `tolerance`. */
  compare(
    lane: string,
    numbers: ArrayLike<number | bigint>,
    expected: readonly number[],
    tolerance = 0,
  ): void {
    const found = Array.from(numbers, Number)
    const isRight =
      found.length === expected.length &&
      expected.every((value, index) => Math.abs(value - found[index]!) <= tolerance)
    if (isRight) this.right(lane)
    else this.mistake(lane, `expected ${expected.join(', ')}, found ${found.join(', ')}`)
  }

  summary(): {
    lanes: Readonly<Record<string, LaneTally>>
    mistakes: readonly string[]
    mistakeCount: number
  } {
    return {
      lanes: Object.fromEntries(this.#lanes),
      mistakes: this.#mistakes,
      mistakeCount: this.#mistakeCount,
    }
  }
}

/** Repeats `round` until the load ends. What a round throws is a mistake: rounds deal with the errors that may be. */
export async function lane(
  name: string,
  { tally, ended, rest, pauseMs }: { tally: Tally; ended: AbortSignal; rest: Rest; pauseMs: number },
  round: (count: number) => Promise<void>,
): Promise<void> {
  for (let count = 0; !ended.aborted; count++) {
    try {
      await round(count)
    } catch (error) {
      tally.mistake(name, `ended a round with ${error instanceof Error ? error.stack : String(error)}`)
    }
    await delay(pauseMs)
    await rest.pass(name)
  }
}
