/** Both npm versions that people have, whichever one is installed here. */
import { delimiter } from 'node:path'
import { succeed } from './programs'

export type NpmMajor = 10 | 11

/** A folder with that npm and its npx, to be looked into before the rest of PATH. */
export function npmFolder(major: NpmMajor, folder: string): string {
  const { stdout } = succeed(
    'npx',
    ['--yes', '--package', `npm@${major}`, '--', process.execPath, '--print', 'process.env.PATH'],
    { folder },
  )
  return stdout.trim().split(delimiter)[0]!
}
