import { randomBytes } from 'node:crypto'
import { open, rename, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatasetError, errorCode, errorMessage } from '../errors'

const flushLength = 1 << 16

/**
 * Writes a file so that its name holds either everything or what it held before, even across a power cut: a temporary
 * file in the same folder, flushed to disk, then renamed. The folder must exist. Pieces are written as they come, so an
 * iterable of any length takes constant memory.
 *
 * @throws DatasetError `OUTPUT_UNWRITABLE` when the file cannot be written; what the iterable throws passes unchanged.
 *   In both cases no temporary file stays behind.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array | Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  const temporaryPath = join(dirname(path), `.aasist-${randomBytes(8).toString('hex')}.tmp`)
  const file = await written(path, open(temporaryPath, 'wx'))
  try {
    try {
      await writeContent(path, file, content)
      await written(path, file.sync())
    } finally {
      await written(path, file.close())
    }
    await written(path, rename(temporaryPath, path))
  } catch (error) {
    await unlink(temporaryPath).catch(() => undefined)
    throw error
  }
  await syncFolder(dirname(path))
}

async function writeContent(
  path: string,
  file: FileHandle,
  content: string | Uint8Array | Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  if (typeof content === 'string' || content instanceof Uint8Array) {
    await written(path, file.writeFile(content))
    return
  }
  let pending = ''
  for await (const piece of content) {
    pending += piece
    if (pending.length >= flushLength) {
      await written(path, file.writeFile(pending))
      pending = ''
    }
  }
  await written(path, file.writeFile(pending))
}

async function written<T>(path: string, step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (error) {
    throw new DatasetError(
      'OUTPUT_UNWRITABLE',
      `cannot write ${path}: ${systemReason(error)}; ${writingAdvice(error)}`,
      { path, systemCode: errorCode(error) ?? null },
      { cause: error },
    )
  }
}

/** `ENOENT: no such file or directory`: the call and its paths, temporary names above all, say nothing to a user. */
export function systemReason(error: unknown): string {
  const message = errorMessage(error)
  return /^[A-Z][A-Z0-9]+: [^,]+/.exec(message)?.[0] ?? message
}

/** What helps, by what the system had against it. */
export function writingAdvice(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'free some room and start again'
    case 'EEXIST':
    case 'ENOTDIR':
    case 'EISDIR':
      return 'a file or folder of that name is in the way: choose another folder'
    default:
      return 'choose a folder that exists and may be written to'
  }
}

// Makes the rename itself durable. Some file systems refuse to open or flush a folder; the file is whole all the same.
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}
