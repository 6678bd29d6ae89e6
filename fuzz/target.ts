/** What a fuzzing target is, and how one input is judged. */
import { AasistError, ArgumentRangeError, ArgumentTypeError, type ErrorCode } from '../lib/errors'

export interface Target {
  readonly name: string
  /** What of lib/ it reads with, for docs and messages. */
  readonly parses: string
  /** The only codes with which an input may be refused. */
  readonly refusals: readonly ErrorCode[]
  /** Inputs get no longer than this. */
  readonly largestBytes: number
  /** Pieces that chance would not find. */
  readonly dictionary: readonly string[]
  /** Reads an input, and throws {@link Broken} where what was read is not sound. */
  readonly read: ((bytes: Uint8Array) => void) | ((bytes: Uint8Array) => Promise<void>)
  /** Whether `read` gives a promise: jazzer has to know beforehand, and is faster without. */
  readonly answers: 'at once' | 'later'
}

/** An input that was read, but to something that must not be. */
export class Broken extends Error {
  override readonly name = 'Broken'
}

export function sound(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Broken(what)
}

/**
 * Reads one input with a target.
 * @throws Broken, and everything else that is not one of the target's own refusals
 */
export function judge(target: Target, bytes: Uint8Array): void | Promise<void> {
  try {
    const reading = target.read(bytes)
    if (reading instanceof Promise) {
      return reading.catch((error: unknown) => assertRefusal(target, error)).then(assertPrototypesUntouched)
    }
  } catch (error) {
    assertRefusal(target, error)
  }
  assertPrototypesUntouched()
}

function assertRefusal(target: Target, error: unknown): void {
  const isTyped =
    error instanceof AasistError || error instanceof ArgumentTypeError || error instanceof ArgumentRangeError
  if (!isTyped || !target.refusals.includes(error.code)) throw error
}

const guarded = [Object.prototype, Array.prototype, Map.prototype, Function.prototype] as const
const keysOf = (prototype: object): string => Reflect.ownKeys(prototype).map(String).join()
const untouched = guarded.map(keysOf)

function assertPrototypesUntouched(): void {
  for (const [index, prototype] of guarded.entries()) {
    sound(keysOf(prototype) === untouched[index], 'an input has changed a prototype of the language')
  }
}
