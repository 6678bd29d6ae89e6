/** One word of a POSIX shell, of bash, zsh or (but for `\` before a quote, which no text here has) fish. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
