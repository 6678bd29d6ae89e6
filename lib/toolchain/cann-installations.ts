/** Which CANN is installed where, and whether the environment names it. */
import { dirname, isAbsolute, join } from 'node:path'
import { versionIn } from './driver-files'
import { inHost, isThere, namesIn, statIn, targetOf, textIn, valueIn, type HostView } from './host-view'

export interface CannInstallation {
  readonly folder: string
  /** `toolkit` has everything; the others run models and have no atc. */
  readonly kind: 'toolkit' | 'nnrt' | 'nnae'
  /** Such as `8.5.0`; null where no file tells. */
  readonly version: string | null
  /** The script that sets its environment up. */
  readonly setEnv: string | null
  /** Variables of the environment that name it. */
  readonly namedBy: readonly string[]
}

export interface CannSearch {
  /** What the environment names comes first, then the newest layout. */
  readonly installations: readonly CannInstallation[]
  /** Variables that name what is no installation. */
  readonly dead: readonly { readonly name: string; readonly value: string }[]
}

const variables = ['ASCEND_HOME_PATH', 'ASCEND_TOOLKIT_HOME'] as const
const installInfo = /^ascend_\w+_install\.info$/
const versionFiles = ['version.cfg', 'version.info', 'runtime/version.info', 'compiler/version.info']

/** From 8.5 on `cann`, before that `ascend-toolkit`; `nnrt` and `nnae` are packages for running only. */
export async function findCann(host: HostView): Promise<CannSearch> {
  const named = new Map<string, { readonly folder: string; readonly by: string[] }>()
  const dead: { name: string; value: string }[] = []
  for (const name of variables) {
    const value = host.environment[name] ?? ''
    if (value === '') continue
    if (!isAbsolute(value) || !(await isInstallation(host, value))) {
      dead.push({ name, value })
      continue
    }
    const target = await targetOf(host, value)
    const { folder, by } = named.get(target) ?? { folder: value, by: [] }
    named.set(target, { folder, by: [...by, name] })
  }
  const found = new Map<string, CannInstallation>()
  const places = [...[...named.values()].map(({ folder }) => folder), ...(await usualFolders(host))]
  for (const folder of places) {
    const target = await targetOf(host, folder)
    if (found.has(target) || !(await isInstallation(host, folder))) continue
    found.set(target, {
      folder,
      kind: kindOf(folder),
      version: await versionOf(host, folder),
      setEnv: await setEnvOf(host, folder),
      namedBy: named.get(target)?.by ?? [],
    })
  }
  return { installations: [...found.values()], dead }
}

function kindOf(folder: string): CannInstallation['kind'] {
  if (/\/nnrt(\/|$)/.test(folder)) return 'nnrt'
  return /\/nnae(\/|$)/.test(folder) ? 'nnae' : 'toolkit'
}

async function usualFolders(host: HostView): Promise<readonly string[]> {
  const home = host.environment['HOME'] ?? ''
  const roots = ['/usr/local/Ascend', ...(isAbsolute(home) ? [join(home, 'Ascend')] : [])]
  const folders = await Promise.all(
    roots.map(async root => [
      join(root, 'cann'),
      ...['ascend-toolkit', 'nnrt', 'nnae'].map(name => join(root, name, 'latest')),
      ...(await namesIn(host, root)).filter(name => /^cann-\d/.test(name)).map(name => join(root, name)),
      ...(await namesIn(host, join(root, 'ascend-toolkit')))
        .filter(name => /^\d/.test(name))
        .map(name => join(root, 'ascend-toolkit', name)),
    ]),
  )
  return folders.flat()
}

async function isInstallation(host: HostView, folder: string): Promise<boolean> {
  const marks = ['lib64', 'opp', 'bin']
  const found = await Promise.all(marks.map(mark => statIn(host, join(folder, mark))))
  return found.some(each => each?.isDirectory() === true)
}

async function versionOf(host: HostView, folder: string): Promise<string | null> {
  const places = [folder, ...(await systemFolders(host, folder))]
  for (const place of places) {
    for (const name of (await namesIn(host, place)).filter(each => installInfo.test(each))) {
      const version = valueIn(await textIn(host, join(place, name)), 'version')
      if (version !== null) return version
    }
  }
  for (const name of versionFiles) {
    const version = await versionIn(inHost(host, join(folder, name)))
    if (version !== null) return version
  }
  return null
}

/** `aarch64-linux`, `x86_64-linux`. */
async function systemFolders(host: HostView, folder: string): Promise<readonly string[]> {
  return (await namesIn(host, folder)).filter(name => name.endsWith('-linux')).map(name => join(folder, name))
}

async function setEnvOf(host: HostView, folder: string): Promise<string | null> {
  for (const place of [folder, dirname(folder)]) {
    const script = join(place, 'set_env.sh')
    if (await isThere(host, script)) return script
  }
  return null
}
