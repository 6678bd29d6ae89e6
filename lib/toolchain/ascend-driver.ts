/** The driver as far as files show it: its folder, its device nodes, and the container that may lack them. */
import { isAbsolute, join } from 'node:path'
import { davinciNodes, versionIn } from './driver-files'
import { inHost, isThere, mayUse, statIn, textIn, valueIn, type HostView } from './host-view'

export interface AscendDriver {
  readonly folder: string
  readonly version: string | null
  /** Whether `libascend_hal.so`, which CANN calls, is there. */
  readonly hasLibraries: boolean
}

export interface DeviceNode {
  readonly path: string
  /** As `ls -l` shows them: owner's id, group's name or id, and the mode in octal digits. */
  readonly uid: number
  readonly group: string
  readonly gid: number
  readonly mode: string
  /** Whether the user may read and write it. */
  readonly usable: boolean
}

export interface DeviceNodes {
  /** `/dev/davinci<n>`, one a chip. */
  readonly chips: readonly DeviceNode[]
  /** The three that every process needs beside its chip. */
  readonly managers: readonly DeviceNode[]
  readonly missingManagers: readonly string[]
}

/** Under which one is run; `unknown` where there is one that does not say. */
export type Container = 'docker' | 'podman' | 'kubernetes' | 'lxc' | 'unknown'

const usualRoot = '/usr/local/Ascend'
const managerNodes = ['/dev/davinci_manager', '/dev/devmm_svm', '/dev/hisi_hdc']
/** Inside the driver's folder. */
export const driverLibraryFolders = ['lib64/driver', 'lib64/common', 'lib64']

export async function findDriver(host: HostView): Promise<AscendDriver | null> {
  const told = valueIn(await textIn(host, '/etc/ascend_install.info'), 'Driver_Install_Path_Param')
  const roots = [...new Set([...(told !== null && isAbsolute(told) ? [told] : []), usualRoot])]
  for (const root of roots) {
    const folder = join(root, 'driver')
    const version = await versionIn(inHost(host, join(folder, 'version.info')))
    const libraries = await Promise.all(
      driverLibraryFolders.map(each => isThere(host, join(folder, each, 'libascend_hal.so'))),
    )
    const hasLibraries = libraries.includes(true)
    if (version !== null || hasLibraries) return { folder, version, hasLibraries }
  }
  return null
}

export async function findDeviceNodes(host: HostView): Promise<DeviceNodes> {
  const groups = await groupNames(host)
  const look = async (path: string): Promise<DeviceNode | null> => {
    const found = await statIn(host, path)
    if (found === null) return null
    const { uid, gid, mode } = found
    const group = groups.get(gid) ?? String(gid)
    const usable = await mayUse(host, path, found)
    return { path, uid, group, gid, mode: (mode & 0o777).toString(8), usable }
  }
  const isFound = (node: DeviceNode | null): node is DeviceNode => node !== null
  const numbers = await davinciNodes(inHost(host, '/dev'))
  const chips = (await Promise.all(numbers.map(number => look(`/dev/davinci${number}`)))).filter(isFound)
  const managers = (await Promise.all(managerNodes.map(look))).filter(isFound)
  const missingManagers = managerNodes.filter(path => !managers.some(node => node.path === path))
  return { chips, managers, missingManagers }
}

async function groupNames(host: HostView): Promise<ReadonlyMap<number, string>> {
  const lines = (await textIn(host, '/etc/group')).split('\n').map(line => line.split(':'))
  return new Map(lines.flatMap(([name = '', , gid = '']) => (gid === '' ? [] : [[Number(gid), name]])))
}

export async function findContainer(host: HostView): Promise<Container | null> {
  if ((host.environment['KUBERNETES_SERVICE_HOST'] ?? '') !== '') return 'kubernetes'
  if (await isThere(host, '/.dockerenv')) return 'docker'
  if (await isThere(host, '/run/.containerenv')) return 'podman'
  const groups = await textIn(host, '/proc/1/cgroup')
  if (groups.includes('kubepods')) return 'kubernetes'
  if (groups.includes('docker')) return 'docker'
  if (/\/lxc[/.]/.test(groups)) return 'lxc'
  return /containerd|libpod/.test(groups) || (host.environment['container'] ?? '') !== '' ? 'unknown' : null
}
