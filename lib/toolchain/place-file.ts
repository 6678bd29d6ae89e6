/** Moves a finished file to where it is wanted, which may be another disk. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, open, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatasetError, errorCode } from '../errors'

/**
 * The name `to` holds all of the file or what it held before, at any moment and across a power cut.
 * @throws DatasetError `OUTPUT_UNWRITABLE`
 */
export async function placeFile(from: string, to: string): Promise<void> {
  const temporary = join(dirname(to), `.aasist-${randomBytes(8).toString('hex')}.tmp`)
  try {
    await copyFile(from, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    // Read-only, as atc may leave the file; it can be flushed all the same.
    const file = await open(temporary, 'r')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, to)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw new DatasetError(
      'OUTPUT_UNWRITABLE',
      `cannot write ${to}: ${String(error)}; choose a folder that exists, has room and may be written to`,
      { path: to, systemCode: errorCode(error) ?? null },
      { cause: error },
    )
  }
}
