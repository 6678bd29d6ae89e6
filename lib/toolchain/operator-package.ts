/** CANN's operators (OPP): atc compiles with them, and a chip they do not know cannot be used. */
import { isAbsolute, join } from 'node:path'
import type { CannInstallation } from './cann-installations'
import { versionIn } from './driver-files'
import { inHost, isThere, namesIn, type HostView } from './host-view'

export interface OperatorPackage {
  readonly folder: string
  readonly version: string | null
  /** Folder names of the chips it describes operators for, such as `ascend310p`. */
  readonly chips: readonly string[]
  /** Those that it has kernels for, compiled beforehand. */
  readonly kernels: readonly string[]
}

export interface OperatorSearch {
  /** Where it is expected: ASCEND_OPP_PATH, else in the installation. */
  readonly expected: string
  readonly found: OperatorPackage | null
  /** Version of the installation's compiler or runtime, which are numbered as operators are, and not as CANN is. */
  readonly besides: string | null
}

const operators = 'built-in/op_impl/ai_core/tbe'

export async function findOperators(host: HostView, cann: CannInstallation): Promise<OperatorSearch> {
  const named = host.environment['ASCEND_OPP_PATH'] ?? ''
  const expected = isAbsolute(named) ? named : join(cann.folder, 'opp')
  if (!(await isThere(host, join(expected, operators)))) return { expected, found: null, besides: null }
  const chipsIn = async (folder: string): Promise<readonly string[]> =>
    (await namesIn(host, join(expected, operators, folder))).filter(name => name.startsWith('ascend'))
  return {
    expected,
    found: {
      folder: expected,
      version: await versionIn(inHost(host, join(expected, 'version.info'))),
      chips: await chipsIn('config'),
      kernels: await chipsIn('kernel'),
    },
    besides: await componentVersion(host, cann),
  }
}

async function componentVersion(host: HostView, { folder }: CannInstallation): Promise<string | null> {
  for (const component of ['compiler', 'runtime']) {
    const version = await versionIn(inHost(host, join(folder, component, 'version.info')))
    if (version !== null) return version
  }
  return null
}

/** `Ascend310P3` → `ascend310p`; null for a name of another build. */
export function operatorFolderOf(soc: string): string | null {
  const name = /^Ascend(310[PB]?|910_93|910B|910|950)/.exec(soc)?.[1]
  return name === undefined ? null : `ascend${name.toLowerCase()}`
}
