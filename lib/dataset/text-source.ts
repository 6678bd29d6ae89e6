import { createHash, type Hash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { DatasetError, errorCode, type DatasetErrorCode } from '../errors'

/** A file to be read as text, and what is said when it cannot be. */
export interface TextFile {
  readonly path: string
  readonly code: DatasetErrorCode
  /** What the file is, for messages: `protocol`, `score file`. */
  readonly kind: string
}

/** What the file turned out to be. */
export interface TextSource {
  /** Of the file's bytes as they are on disk, in hex. */
  readonly sha256: string
  readonly isGzip: boolean
}

/** A chunk of this size is a few milliseconds of a reader's work: an event loop is held no longer than that. */
const chunkLength = 1 << 16

/**
 * Hands over the bytes of a text file in order, decompressed where the file starts as gzip does, in constant memory.
 * Pipes and devices are refused: they can have no end; so is, in the end, a file that is written to meanwhile. What the
 * consumer throws passes unchanged.
 *
 * @throws DatasetError with the file's code when it cannot be read; other errors of gzip pass as they are
 */
export async function readBytes(
  file: TextFile,
  consume: (chunks: AsyncIterable<Buffer>) => Promise<void>,
): Promise<TextSource> {
  const hash = createHash('sha256')
  const { handle, stats } = await openRegularFile(file)
  try {
    const isGzip = await startsLikeGzip(handle)
    // The handle is closed below: also when the stream was never read.
    const bytes = handle.createReadStream({ start: 0, highWaterMark: chunkLength, autoClose: false })
    const hashed = (chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> => hashing(chunks, hash)
    await (isGzip
      ? pipeline(bytes, hashed, createGunzip({ chunkSize: chunkLength }), consume)
      : pipeline(bytes, hashed, consume))
    if (hasChanged(stats, await handle.stat())) throw changing(file)
    return { sha256: hash.digest('hex'), isGzip }
  } catch (error) {
    throw error instanceof DatasetError || !isSystemError(error) ? error : unreadable(file, error)
  } finally {
    await handle.close()
  }
}

/** True when a file has been written to between two looks at it, as far as the clock of its file system shows it. */
export function hasChanged(before: Stats, after: Stats): boolean {
  return before.size !== after.size || before.mtimeMs !== after.mtimeMs
}

async function* hashing(chunks: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
}

// RFC 1952, section 2.3.1: ID1 and ID2.
async function startsLikeGzip(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0)
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
}

async function openRegularFile(
  file: TextFile,
): Promise<{ readonly handle: FileHandle; readonly stats: Stats }> {
  try {
    // Opening a named pipe without O_NONBLOCK would wait for its writer for ever; the check below then refuses it.
    const handle = await open(file.path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = await handle.stat()
      if (stats.isFile()) return { handle, stats }
      throw notRegular(file, stats.isDirectory() ? 'a folder' : 'a pipe or a device')
    } catch (error) {
      await handle.close()
      throw error
    }
  } catch (error) {
    throw error instanceof DatasetError ? error : unreadable(file, error)
  }
}

const isSystemError = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'syscall' in error

function notRegular({ path, code, kind }: TextFile, found: string): DatasetError {
  return new DatasetError(
    code,
    `cannot read the ${kind} ${path}: it is ${found}; give the path of a regular file`,
    { path, systemCode: null },
  )
}

function changing({ path, code, kind }: TextFile): DatasetError {
  return new DatasetError(
    code,
    `the ${kind} ${path} was written to while it was read; try again when its writer is done`,
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
