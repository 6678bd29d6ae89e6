/** The vendor's two programs: where they are, and whether they are the simulator's. */
import { basename, dirname, join, relative, sep } from 'node:path'
import { readFile, stat } from 'node:fs/promises'
import { findProgram, pathFolders } from './find-program'
import { inHost, type HostView } from './host-view'

export interface AscendTool {
  readonly path: string
  /** Whether it is the stand-in of docs/simulator.md. */
  readonly simulator: boolean
}

/** The driver's installer puts npu-smi where a service's PATH may not lead. */
const usualFolders = ['/usr/local/bin', '/usr/local/sbin', '/usr/bin', '/usr/sbin']
/** The stand-ins' settings begin so, and nothing of the vendor's does. */
const simulatorMark = 'ACL_SIM_'
/** Both are below a megabyte. */
const largestProgramBytes = 2 ** 26

export async function findNpuSmi(host: HostView): Promise<AscendTool | null> {
  return findTool(host, 'npu-smi', [...pathFolders(host.environment), ...usualFolders])
}

/** On PATH, else in the toolkit that the environment names, as `aasist compile` looks for it. */
export async function findAtcTool(host: HostView): Promise<AscendTool | null> {
  const { environment } = host
  const toolkits = ['ASCEND_TOOLKIT_HOME', 'ASCEND_HOME_PATH'].flatMap(name => environment[name] ?? [])
  return findTool(host, 'atc', [...pathFolders(environment), ...toolkits.map(folder => join(folder, 'bin'))])
}

/** atc and its operators are run by it. */
export async function findPython(host: HostView): Promise<string | null> {
  return (await findTool(host, 'python3', pathFolders(host.environment)))?.path ?? null
}

async function findTool(
  host: HostView,
  name: string,
  folders: readonly string[],
): Promise<AscendTool | null> {
  const found = await findProgram(
    name,
    folders.map(folder => inHost(host, folder)),
  )
  if (found === undefined) return null
  const path = join(sep, relative(host.root, dirname(found)), basename(found))
  return { path, simulator: await isSimulator(found) }
}

async function isSimulator(path: string): Promise<boolean> {
  try {
    return (await stat(path)).size <= largestProgramBytes && (await readFile(path)).includes(simulatorMark)
  } catch {
    return false
  }
}
