/** Code that threads and child processes are started with: where it is, and the Node flags it needs to be loaded. */
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'

/**
 * The path of a module beside the caller, whose `__filename` it takes. Not `require.resolve`: a bundler would put a number
 * of its own in that one's place.
 */
export function fileBeside(caller: string, name: string): string {
  return join(dirname(caller), `${name}${extname(caller)}`)
}

/** Flags for running the sources themselves through tsx, whose hooks a new thread does not inherit; compiled code needs none. */
export const sourceFlags: readonly string[] =
  extname(__filename) === '.ts' ? ['--require', createRequire(__filename).resolve('tsx/cjs')] : []
