/** What `doctor` knows of a machine without asking CANN: files, device nodes and environment, and what they mean. */
import { join } from 'node:path'
import {
  findContainer,
  findDeviceNodes,
  findDriver,
  type AscendDriver,
  type Container,
  type DeviceNodes,
} from '../toolchain/ascend-driver'
import { findAtcTool, findNpuSmi, findPython, type AscendTool } from '../toolchain/ascend-tools'
import { findCann, type CannInstallation, type CannSearch } from '../toolchain/cann-installations'
import { isThere, type HostView } from '../toolchain/host-view'
import { lookAtLibraryPath, type LibraryPath } from '../toolchain/library-path'
import { findOperators, type OperatorSearch } from '../toolchain/operator-package'
import { visibleDevices, type VisibleDevices } from '../toolchain/visible-devices'

export interface HostFacts {
  readonly container: Container | null
  /** The first is the one in use. */
  readonly cann: CannSearch
  readonly driver: AscendDriver | null
  readonly nodes: DeviceNodes
  readonly libraryPath: LibraryPath
  /** Of the installation in use; null without one. */
  readonly operators: OperatorSearch | null
  readonly npuSmi: AscendTool | null
  readonly atc: AscendTool | null
  readonly python: string | null
  /** Files a container needs from the host beside driver and nodes, and has not. */
  readonly missingMounts: readonly string[]
  readonly visible: VisibleDevices
}

const mounts = ['/usr/local/dcmi', '/usr/local/bin/npu-smi', '/etc/ascend_install.info']

/** Nothing is started, and nothing but files and the environment is looked at. */
export async function lookAtHost(host: HostView): Promise<HostFacts> {
  const [container, cann, driver, nodes, npuSmi, atc, python] = await Promise.all([
    findContainer(host),
    findCann(host),
    findDriver(host),
    findDeviceNodes(host),
    findNpuSmi(host),
    findAtcTool(host),
    findPython(host),
  ])
  const inUse = installationInUse(cann)
  const wanted = [...mounts, join(driver?.folder ?? '/usr/local/Ascend/driver', 'version.info')]
  const present = await Promise.all(wanted.map(path => isThere(host, path)))
  return {
    container,
    cann,
    driver,
    nodes,
    libraryPath: await lookAtLibraryPath(host, driver),
    operators: inUse === undefined ? null : await findOperators(host, inUse),
    npuSmi,
    atc,
    python,
    missingMounts: container === null ? [] : wanted.filter((_, index) => present[index] === false),
    visible: visibleDevices(host.environment),
  }
}

export function installationInUse({ installations }: CannSearch): CannInstallation | undefined {
  return installations[0]
}
