import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode } from '../errors'

/**
 * A folder and those above it; one that is there already is as good. Not with Node's `recursive`: that says ENOENT of a
 * read-only file system, and never returns where nothing can be made, as in /proc (measured with Node 20.20).
 *
 * @throws the system's error
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeOne(path)
  } catch (error) {
    const parent = dirname(path)
    if (errorCode(error) !== 'ENOENT' || parent === path) throw error
    // Another process may have made it by now, which is as good.
    await makeFolder(parent)
    await makeOne(path)
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    // A link to nowhere is there as well, and nothing stands behind it.
    const found = errorCode(error) === 'EEXIST' ? await stat(path).catch(() => undefined) : undefined
    if (found?.isDirectory() !== true) throw error
  }
}
