import type { LineFailure } from './text-lines'

/**
 * A decimal number as people and programs write them, exponents included; NaN for every other text. What is too large
 * for a double is infinite.
 */
export function parseDecimal(text: string): number {
  const first = text.charCodeAt(0)
  const startsLikeDecimal =
    (first >= 0x30 && first <= 0x39) || first === 0x2d || first === 0x2e || first === 0x2b
  // What else Number() takes: blanks and Infinity, which start otherwise, and 0x10, 0b1 and 0o7.
  const second = text.charCodeAt(1) | 0x20
  const isOtherBase = second === 0x78 || second === 0x62 || second === 0x6f
  return startsLikeDecimal && !isOtherBase ? Number(text) : NaN
}

/** @throws the failure when the text is not a finite decimal number */
export function parseScore(text: string, fail: LineFailure): number {
  const score = parseDecimal(text)
  if (!Number.isFinite(score)) throw fail(`the score "${text}"`, 'a finite decimal number')
  return score
}
