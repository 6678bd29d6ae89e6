/** Below this many values clearing the digit counts costs more than the native sort takes. */
const WORTH_DIGITS = 1500
const DIGIT_BITS = 11
const DIGITS = 1 << DIGIT_BITS

/** Where a double keeps sign, exponent and 20 bits of mantissa, in 32-bit words from its start. */
const UPPER_WORD = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0

/**
 * An ascending copy of finite numbers: by the digits of the upper words, then natively within the runs that agree in
 * those. For the 63,882 spoof scores of ASVspoof 2019 LA that takes a third of the native sort's time, and when all
 * numbers agree in their upper words hardly more.
 */
export function sortedCopy(values: ArrayLike<number>): Float64Array {
  let sorted = new Float64Array(values)
  if (sorted.length < WORTH_DIGITS) return sorted.sort()
  let spare = new Float64Array(sorted.length)
  for (const shift of [0, DIGIT_BITS, 2 * DIGIT_BITS]) {
    scatterByDigit(sorted, spare, shift)
    ;[sorted, spare] = [spare, sorted]
  }
  sortWithinEqualKeys(sorted)
  return sorted
}

function upperWords(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, 2 * values.length)
}

// Sign and magnitude, turned into unsigned numbers in the same order: negative ones reversed, below the others.
function keyOf(upperWord: number): number {
  return upperWord ^ ((upperWord >> 31) | 0x80000000)
}

function scatterByDigit(from: Float64Array, to: Float64Array, shift: number): void {
  const words = upperWords(from)
  const places = new Uint32Array(DIGITS)
  for (let word = UPPER_WORD; word < words.length; word += 2) {
    places[(keyOf(words[word]!) >>> shift) & (DIGITS - 1)]!++
  }
  let place = 0
  for (let digit = 0; digit < DIGITS; digit++) {
    const count = places[digit]!
    places[digit] = place
    place += count
  }
  for (let index = 0; index < from.length; index++) {
    const digit = (keyOf(words[2 * index + UPPER_WORD]!) >>> shift) & (DIGITS - 1)
    to[places[digit]!++] = from[index]!
  }
}

function sortWithinEqualKeys(values: Float64Array): void {
  const words = upperWords(values)
  let start = 0
  for (let end = 1; end <= values.length; end++) {
    if (end < values.length && words[2 * end + UPPER_WORD] === words[2 * start + UPPER_WORD]) continue
    if (end - start > 1) values.subarray(start, end).sort()
    start = end
  }
}
