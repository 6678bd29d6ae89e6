import { isAscii, isUtf8 } from 'node:buffer'
import { DatasetError, errorCode } from '../errors'
import { readBytes, type TextFile, type TextSource } from './text-source'

/** A line of any file read here is far shorter; one that is not belongs to a binary file or a file of another kind. */
const maxLineLength = 4096
/** The longest list there is, ASVspoof 5's, has 680,774 lines. What unpacks to more than this is no list of trials. */
const maxLines = 10_000_000
const maxTextBytes = 2 ** 30

const lineFeed = 0x0a

/** What a reader says when a line is wrong; it knows file, line number and code. */
export type LineFailure = (found: string, expected: string) => DatasetError

export function lineError(
  { path, code }: TextFile,
  line: number,
  found: string,
  expected: string,
  cause?: unknown,
): DatasetError {
  return new DatasetError(code, `${path}:${line}: ${found}; expected ${expected}`, { path, line }, { cause })
}

/**
 * Reads a UTF-8 text file line by line in constant memory, unpacking it where it is gzip, and leaving out blank lines,
 * a byte order mark, and blanks at both ends of a line, CR among them. Lines are counted from 1, blank ones too.
 *
 * @throws DatasetError with the file's code, file and line number: unreadable, not text, a line of more than 4,096
 *   characters, more than 10 million lines or 1 GiB of text, damaged gzip; what `onLine` throws passes unchanged
 */
export async function readLines(
  file: TextFile,
  onLine: (text: string, lineNumber: number) => void,
): Promise<TextSource> {
  const lines = new LineSplitter(file, onLine)
  try {
    return await readBytes(file, async chunks => {
      for await (const chunk of chunks) lines.take(chunk)
      lines.end()
    })
  } catch (error) {
    throw damage(file, lines.count, error) ?? error
  }
}

/**
 * {@link readLines} with the columns of a line, split at blanks, and a function that makes an error about it. The array
 * of columns holds the next line's after that.
 */
export async function readColumns(
  file: TextFile,
  onLine: (columns: readonly string[], fail: LineFailure) => void,
): Promise<TextSource> {
  let line = 0
  const fail: LineFailure = (found, expected) => lineError(file, line, found, expected)
  const columns: string[] = []
  return readLines(file, (text, lineNumber) => {
    line = lineNumber
    splitAtBlanks(text, columns)
    onLine(columns, fail)
  })
}

/**
 * Splits at spaces and tabs, into an array at hand: a new one for every line is a third of the garbage of reading it.
 * Splitting at a regular expression takes three times as long.
 */
export function splitAtBlanks(line: string, into: string[] = []): string[] {
  const text = line.includes('\t') ? line.replaceAll('\t', ' ') : line
  let count = 0
  for (let start = 0; start < text.length;) {
    const found = text.indexOf(' ', start)
    const end = found < 0 ? text.length : found
    if (end > start) into[count++] = text.slice(start, end)
    start = end + 1
  }
  if (into.length > count) into.length = count
  return into
}

/** From chunks of bytes to lines. Whole lines are decoded together, so that no character is ever split. */
class LineSplitter {
  /** Lines met so far. */
  count = 0
  private rest: Buffer = Buffer.alloc(0)
  private bytes = 0
  private readonly decoder = new TextDecoder('utf-8', { fatal: true })
  private readonly file: TextFile
  private readonly onLine: (text: string, lineNumber: number) => void

  constructor(file: TextFile, onLine: (text: string, lineNumber: number) => void) {
    this.file = file
    this.onLine = onLine
  }

  take(chunk: Buffer): void {
    this.bytes += chunk.length
    if (this.bytes > maxTextBytes) throw this.fail('more than 1 GiB of text', 'far less')
    const end = chunk.lastIndexOf(lineFeed) + 1
    if (end > 0) {
      this.takeLines(this.joined(chunk.subarray(0, end)))
      this.rest = chunk.subarray(end)
    } else {
      this.rest = this.joined(chunk)
    }
    // A character has four bytes at most.
    if (this.rest.length > 4 * maxLineLength) throw this.tooLong(this.count + 1)
  }

  end(): void {
    if (this.rest.length > 0) this.takeLines(this.rest)
  }

  private joined(chunk: Buffer): Buffer {
    return this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
  }

  private takeLines(bytes: Buffer): void {
    if (!isUtf8(bytes)) {
      this.takeLinesUpToDamage(bytes)
      return
    }
    const text = isAscii(bytes) ? bytes.toString('latin1') : this.decoder.decode(bytes)
    // Not text.includes('\0'), which is fifteen times slower in V8 than for any other character.
    const hasNul = bytes.includes(0)
    for (let start = 0; start < text.length;) {
      const found = text.indexOf('\n', start)
      const end = found < 0 ? text.length : found
      this.takeLine(text.slice(start, end), hasNul)
      start = end + 1
    }
  }

  /** One by one, because the lines before are taken as they are, and the error knows its line. */
  private takeLinesUpToDamage(bytes: Buffer): void {
    for (let start = 0; start < bytes.length;) {
      const found = bytes.indexOf(lineFeed, start)
      const end = found < 0 ? bytes.length : found
      this.takeLine(this.decoder.decode(bytes.subarray(start, end)), true)
      start = end + 1
    }
  }

  private takeLine(line: string, mayHoldNul: boolean): void {
    this.count++
    if (this.count > maxLines) throw this.fail(`more than ${maxLines} lines`, 'a list of fewer trials')
    if (line.length > maxLineLength) throw this.tooLong(this.count)
    if (mayHoldNul && line.includes('\0')) {
      throw this.fail('a NUL character', `a ${this.file.kind}, which is plain text; is this another file?`)
    }
    const text = line.trim()
    if (text !== '') this.onLine(text, this.count)
  }

  private tooLong(line: number): DatasetError {
    const expected = `a ${this.file.kind}; is this another file?`
    return lineError(this.file, line, `a line of more than ${maxLineLength} characters`, expected)
  }

  private fail(found: string, expected: string): DatasetError {
    return lineError(this.file, Math.max(this.count, 1), found, expected)
  }
}

/** What is wrong with a file whose bytes are no text or no gzip; undefined for every other error. */
function damage(file: TextFile, lines: number, cause: unknown): DatasetError | undefined {
  const { kind } = file
  const systemCode = errorCode(cause)
  if (cause instanceof TypeError && systemCode === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    const expected = `a ${kind}: is this another file, or text in UTF-16? Save it as UTF-8`
    return lineError(file, lines + 1, 'not UTF-8 text', expected, cause)
  }
  if (systemCode?.startsWith('Z_') === true) {
    const expected = `a whole ${kind}: fetch or compress it again`
    return lineError(file, lines + 1, `damaged gzip (${(cause as Error).message})`, expected, cause)
  }
  return undefined
}
