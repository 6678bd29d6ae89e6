/** A machine as it is looked at: its files, its environment, and who asks. Another root folder is another machine. */
import { constants, type Stats } from 'node:fs'
import { access, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { Environment } from './find-program'

export interface HostView {
  /** Absolute; `/` for this machine. */
  readonly root: string
  readonly environment: Environment
  /** Default: this process's, and then the system itself is asked, which knows more than modes. */
  readonly user?: HostUser
}

export interface HostUser {
  readonly uid: number
  readonly groups: readonly number[]
}

/** No file read here is larger on any machine. */
const mostTextBytes = 1 << 20

export function inHost({ root }: HostView, path: string): string {
  return join(root, path)
}

export async function statIn(host: HostView, path: string): Promise<Stats | null> {
  return stat(inHost(host, path)).catch(() => null)
}

export async function isThere(host: HostView, path: string): Promise<boolean> {
  return (await statIn(host, path)) !== null
}

/** Sorted; none where there is no such folder. */
export async function namesIn(host: HostView, folder: string): Promise<readonly string[]> {
  return (await readdir(inHost(host, folder)).catch((): string[] => [])).sort()
}

/** Empty for what cannot be read. */
export async function textIn(host: HostView, path: string): Promise<string> {
  const found = await statIn(host, path)
  if (!found?.isFile() || found.size > mostTextBytes) return ''
  return readFile(inHost(host, path), 'utf8').catch(() => '')
}

/** Where `path` leads when links are followed, as a path of the host. */
export async function targetOf(host: HostView, path: string): Promise<string> {
  const [real, root] = await Promise.all([
    realpath(inHost(host, path)).catch(() => inHost(host, path)),
    realpath(host.root).catch(() => host.root),
  ])
  const inside = relative(root, real)
  return inside.startsWith('..') ? path : `${sep}${inside}`
}

/** Whether a file may be read and written; for another user than this process's by its mode alone. */
export async function mayUse(host: HostView, path: string, { mode, uid, gid }: Stats): Promise<boolean> {
  const { user } = host
  if (user === undefined) {
    return access(inHost(host, path), constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    )
  }
  if (user.uid === 0) return true
  const shift = user.uid === uid ? 6 : user.groups.includes(gid) ? 3 : 0
  return ((mode >> shift) & 0o6) === 0o6
}

/** The value of `key=value`, as CANN's and the driver's installers write it. */
export function valueIn(text: string, key: string): string | null {
  const line = text.split('\n').find(each => each.trimStart().startsWith(`${key}=`))
  const value = line?.slice(line.indexOf('=') + 1).trim()
  return value === undefined || value === '' ? null : value
}
