/** Reads files that a user named, without trusting that they are files. */
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { hasChanged } from '../dataset'
import { errorCode } from '../errors'

/** Why a file was not read; each reader makes its own typed error of it. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile'
  readonly problem: 'missing' | 'not a file' | 'too large' | 'changing' | 'unreadable'
  /** Node's, such as `EACCES`; null where the system had no objection. */
  readonly systemCode: string | null

  constructor(problem: UnreadableFile['problem'], message: string, cause?: unknown) {
    super(message, { cause })
    this.problem = problem
    this.systemCode = errorCode(cause) ?? null
  }
}

/**
 * All of a regular file of at most `largestBytes`. Pipes and devices are refused: they can have no end; so is a file that
 * is written to meanwhile: half of it would be taken for the whole.
 * @throws UnreadableFile with a message that names the path
 */
export async function readInputFile(path: string, largestBytes: number): Promise<Buffer> {
  let file: FileHandle | undefined
  try {
    // Opening a named pipe without O_NONBLOCK would wait for its writer for ever; the check below then refuses it.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await file.stat()
    if (!stats.isFile()) {
      const found = stats.isDirectory() ? 'a folder' : 'a pipe or a device'
      throw new UnreadableFile('not a file', `${path} is ${found}, not a file`)
    }
    if (stats.size > largestBytes) {
      throw new UnreadableFile(
        'too large',
        `${path} has ${stats.size} bytes; at most ${largestBytes} are read`,
      )
    }
    const bytes = await file.readFile()
    if (hasChanged(stats, await file.stat())) {
      throw new UnreadableFile(
        'changing',
        `${path} was written to while it was read; try again when its writer is done`,
      )
    }
    return bytes
  } catch (cause) {
    if (cause instanceof UnreadableFile) throw cause
    const isMissing = errorCode(cause) === 'ENOENT' || errorCode(cause) === 'ENOTDIR'
    if (isMissing) throw new UnreadableFile('missing', `there is no file ${path}`, cause)
    throw new UnreadableFile('unreadable', `${path} cannot be read: ${String(cause)}`, cause)
  } finally {
    await file?.close()
  }
}
