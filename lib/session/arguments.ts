/** Checks of what callers hand over, one message style for all of them. */
import { inspect } from 'node:util'
import { ArgumentRangeError, ArgumentTypeError, assertKnownOptions } from '../errors'
import type { RunOptions } from './session'

/** Longest delay a Node timer holds: a signed 32-bit number of milliseconds. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // One step further up than Object.prototype itself, so that objects of another realm count too.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Any value in a message, without calling anything it brings along. */
export function shown(value: unknown): string {
  return inspect(value, {
    depth: 0,
    breakLength: Infinity,
    customInspect: false,
    maxArrayLength: 6,
    maxStringLength: 100,
  })
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION` */
export function checkOptionKeys(options: unknown, known: readonly string[], where: string): void {
  if (!isPlainObject(options)) {
    throw new ArgumentTypeError(`the options of ${where} must be a plain object, found ${shown(options)}`)
  }
  assertKnownOptions(options, known, where)
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` */
export function checkSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined) return undefined
  if (typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal) {
    return signal as AbortSignal
  }
  throw new ArgumentTypeError(`signal must be an AbortSignal, found ${shown(signal)}`)
}

/** @throws ArgumentRangeError `INVALID_ARGUMENT` */
export function checkCount(
  name: string,
  value: unknown,
  { least, most }: { least: number; most: number },
): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
    return value as number
  throw new ArgumentRangeError(
    `${name} must be a whole number from ${least} to ${most}, found ${shown(value)}`,
    {
      option: name,
    },
  )
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` */
export function checkChoice<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  const choice = choices.find(each => each === value)
  if (choice !== undefined) return choice
  throw new ArgumentTypeError(`${name} must be one of ${choices.join(', ')}, found ${shown(value)}`, {
    option: name,
  })
}

/** @throws ArgumentRangeError `INVALID_ARGUMENT` */
export function checkTimeout(name: string, value: unknown): number {
  if (typeof value === 'number' && value > 0 && value <= MAX_TIMEOUT_MS) return value
  throw new ArgumentRangeError(
    `${name} must be above 0 and at most ${MAX_TIMEOUT_MS} milliseconds, found ${shown(value)}`,
    { option: name },
  )
}

/** @throws ArgumentRangeError, ArgumentTypeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION` */
export function checkRunOptions(options: unknown): RunOptions {
  if (options === undefined) return {}
  checkOptionKeys(options, ['signal', 'timeoutMs'], 'run()')
  const { signal: givenSignal, timeoutMs } = options as Readonly<Record<string, unknown>>
  const signal = checkSignal(givenSignal)
  return {
    ...(signal && { signal }),
    ...(timeoutMs !== undefined && { timeoutMs: checkTimeout('timeoutMs', timeoutMs) }),
  }
}
