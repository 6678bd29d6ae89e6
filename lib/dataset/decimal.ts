import type { LineFailure } from './text-lines'

/**
 * A decimal number as people and programs write them, exponents included; NaN for every other text. `Number` alone
 * would take blanks, `0x10` and `Infinity`. What is too large for a double is infinite.
 */
export function parseDecimal(text: string): number {
  for (let index = 0; index < text.length; index++) {
    if (!isOfDecimal(text.charCodeAt(index))) return NaN
  }
  return text === '' ? NaN : Number(text)
}

/** @throws the failure when the text is not a finite decimal number */
export function parseScore(text: string, fail: LineFailure): number {
  const score = parseDecimal(text)
  if (!Number.isFinite(score)) throw fail(`the score "${text}"`, 'a finite decimal number')
  return score
}

/** Digits, `+`, `-`, `.`, `E` and `e`; a scan, because a regular expression takes as long as the parsing itself. */
function isOfDecimal(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x2e ||
    (code | 0x20) === 0x65 ||
    code === 0x2b
  )
}
