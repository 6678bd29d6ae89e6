import { ArgumentTypeError } from '../errors'

/**
 * JavaScript callers pass arrays where an object is wanted, or nothing.
 * @throws ArgumentTypeError `INVALID_ARGUMENT`
 */
export function assertMembers(value: unknown, where: string, members: readonly string[]): void {
  if (typeof value === 'object' && value !== null && members.every(member => member in value)) return
  const found = Array.isArray(value) ? 'an array' : value === null ? 'null' : typeof value
  throw new ArgumentTypeError(`${where} takes { ${members.join(', ')} }, found ${found}`, {
    expected: members,
  })
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` */
export function assertScored(value: unknown, where: string): void {
  const hasScores = typeof value === 'object' && value !== null && 'scores' in value
  assertMembers(value, where, [hasScores ? 'scores' : 'trials'])
}
