/** Other programs' output as plain lines. */

/** What terminals obey: colours above all. */
const escapeSequence = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g')

export function plainLines(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .replace(escapeSequence, '')
    .split(/\r\n|\r|\n/)
}
