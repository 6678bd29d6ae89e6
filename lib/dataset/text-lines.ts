import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { DatasetError, errorCode, type DatasetErrorCode } from '../errors'

/** A line of any file read here is far shorter; one that is not belongs to a binary file or a file of another kind. */
const maxLineLength = 4096

/** What a reader says when a line is wrong; it knows file, line number and code. */
export type LineFailure = (found: string, expected: string) => DatasetError

export interface TextFile {
  readonly path: string
  readonly code: DatasetErrorCode
  /** What the file is, for messages: `protocol`, `score file`. */
  readonly kind: string
}

/**
 * Reads a UTF-8 text file line by line in constant memory, leaving out blank lines, a byte order mark and CR before LF.
 * `onLine` gets the columns of a line (split at spaces and tabs) and a function that makes an error about it.
 *
 * @returns SHA-256 of the file's bytes, in hex
 * @throws DatasetError with the file's code, file and line number
 */
export async function readColumns(
  file: TextFile,
  onLine: (columns: readonly string[], fail: LineFailure) => void,
): Promise<string> {
  const { path, code, kind } = file
  let lineNumber = 0
  const fail: LineFailure = (found, expected) =>
    new DatasetError(code, `${path}:${lineNumber}: ${found}; expected ${expected}`, {
      path,
      line: lineNumber,
    })
  const takeLine = (line: string): void => {
    lineNumber++
    if (line.length > maxLineLength) {
      throw fail(`a line of more than ${maxLineLength} characters`, `a ${kind}; is this another file?`)
    }
    if (line.includes('\0'))
      throw fail('a NUL character', `a ${kind}, which is plain text; is this another file?`)
    const text = line.trim()
    if (text !== '') onLine(text.split(/[ \t]+/), fail)
  }

  const hash = createHash('sha256')
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  const takeText = (text: string): void => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) takeLine(line)
    if (rest.length > maxLineLength) takeLine(rest)
  }
  try {
    // Its stream closes it, also when a line is refused.
    const handle = await openRegularFile(file)
    for await (const chunk of handle.createReadStream() as AsyncIterable<Buffer>) {
      hash.update(chunk)
      takeText(decoder.decode(chunk, { stream: true }))
    }
    takeText(decoder.decode())
    takeLine(rest)
  } catch (error) {
    if (error instanceof DatasetError) throw error
    if (error instanceof TypeError && errorCode(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw new DatasetError(
        code,
        `${path}: not UTF-8 text after line ${lineNumber}; expected a ${kind}: is this another file, or text in ` +
          'UTF-16? Save it as UTF-8',
        { path, line: lineNumber + 1 },
        { cause: error },
      )
    }
    throw unreadable(file, error)
  }
  return hash.digest('hex')
}

/** Pipes and devices are refused: they can have no end. */
async function openRegularFile(file: TextFile): Promise<FileHandle> {
  // Opening a named pipe without O_NONBLOCK would wait for its writer for ever; the check below then refuses it.
  const handle = await open(file.path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = await handle.stat()
    if (stats.isFile()) return handle
    throw notRegular(file, stats.isDirectory() ? 'a folder' : 'a pipe or a device')
  } catch (error) {
    await handle.close()
    throw error
  }
}

function notRegular({ path, code, kind }: TextFile, found: string): DatasetError {
  return new DatasetError(
    code,
    `cannot read the ${kind} ${path}: it is ${found}; give the path of a regular file`,
    { path, systemCode: null },
  )
}

function unreadable({ path, code, kind }: TextFile, error: unknown): DatasetError {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    ENOTDIR: 'there is no such file',
    EACCES: 'reading it is not permitted',
  }
  const systemCode = errorCode(error)
  const reason = (systemCode !== undefined ? reasons[systemCode] : undefined) ?? String(error)
  return new DatasetError(
    code,
    `cannot read the ${kind} ${path}: ${reason}; check the path`,
    { path, systemCode: systemCode ?? null },
    { cause: error },
  )
}
