/** A file that is not there may be one that is, mistyped. */
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errorCode } from '../errors'
import { nearestTo } from './near-miss'

/** Comparing a name with more takes longer than anybody waits for a hint. */
const mostNames = 10_000

/** The file beside `path` that is named nearly like it. */
export function nearestFile(path: string): string | undefined {
  let names: readonly string[]
  try {
    names = readdirSync(dirname(path))
  } catch {
    return undefined
  }
  if (names.length > mostNames || names.includes(basename(path))) return undefined
  const nearest = nearestTo(basename(path), names)
  return nearest === undefined ? undefined : join(dirname(path), nearest)
}

/** The path that the system did not find, where that is why something failed. */
export function missingPath(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    // Programs that are not there have their name where files have their path.
    const isProgram = 'syscall' in at && String(at.syscall).startsWith('spawn')
    if (errorCode(at) !== 'ENOENT' || isProgram) continue
    if ('path' in at && typeof at.path === 'string') return at.path
  }
  return undefined
}
