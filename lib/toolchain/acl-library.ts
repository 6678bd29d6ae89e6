/** What a library of AscendCL says about itself beside its functions: which CANN it belongs to, or that it is the stand-in. */
import { readFile, readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { defaultCannRelease } from './simulator'

export interface AclLibrary {
  /** Whether it is the stand-in for CANN of docs/simulator.md, which computes on the CPU. */
  readonly simulator: boolean
  /** Release of CANN, such as `8.5.0`; of the simulator the release it behaves as. Null where nothing tells. */
  readonly cannVersion: string | null
}

/** A setting that only the simulator reads, so its name is among its constants wherever the file was copied. */
const simulatorMark = 'ACL_SIM_EXEC_US'
/** Real ones have one to three megabytes. */
const largestLibraryBytes = 2 ** 26

const installInfo = /^ascend_\w+_install\.info$/

/** Never rejects: what cannot be read tells nothing. */
export async function describeAclLibrary(path: string): Promise<AclLibrary> {
  const file = await realpath(path).catch(() => path)
  if (await holds(file, simulatorMark)) {
    const release = process.env['ACL_SIM_CANN']
    return {
      simulator: true,
      cannVersion: release === undefined || release === '' ? defaultCannRelease : release,
    }
  }
  return { simulator: false, cannVersion: await installedVersion(dirname(file)) }
}

async function holds(file: string, text: string): Promise<boolean> {
  try {
    return (await stat(file)).size <= largestLibraryBytes && (await readFile(file)).includes(text)
  } catch {
    return false
  }
}

/** Toolkit and run time each leave a file with a line `version=8.5.0` above their library folder. */
async function installedVersion(libraryFolder: string): Promise<string | null> {
  for (const folder of [dirname(libraryFolder), libraryFolder]) {
    const names = await readdir(folder).catch((): string[] => [])
    for (const name of names.filter(each => installInfo.test(each)).sort()) {
      const text = await readFile(join(folder, name), 'utf8').catch(() => '')
      const version = /^version=(.+)$/m.exec(text)?.[1]?.trim()
      if (version !== undefined) return version
    }
  }
  return null
}
