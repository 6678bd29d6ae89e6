/** Machines that are not there: a folder with the files that make one, and the environment of a shell on it. */
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { HostView } from '../../lib/toolchain/host-view'

export interface FakeHost {
  /** Path → content; a path that ends with `/` is a folder. */
  readonly files?: Readonly<Record<string, string>>
  /** Path → where it leads, relative to the link. */
  readonly links?: Readonly<Record<string, string>>
  /** Path → mode; they are files here, since only root makes devices. */
  readonly nodes?: Readonly<Record<string, number>>
  /** Path → content of programs. */
  readonly programs?: Readonly<Record<string, string>>
  readonly environment?: NodeJS.ProcessEnv
}

export const groupFile = 'root:x:0:\nHwHiAiUser:x:1000:\nusers:x:100:\n'
/** In no group of the NPUs. */
export const stranger = { uid: 4711, groups: [] }

const nodePaths = ['/dev/davinci0', '/dev/davinci_manager', '/dev/devmm_svm', '/dev/hisi_hdc']
export const allNodes = Object.fromEntries(nodePaths.map(path => [path, 0o660]))

export const driver = {
  '/etc/ascend_install.info': 'UserName=HwHiAiUser\nDriver_Install_Path_Param=/usr/local/Ascend\n',
  '/usr/local/Ascend/driver/version.info': 'Version=24.1.rc1\nascendhal_version=7.35.19\n',
  '/usr/local/Ascend/driver/lib64/driver/libascend_hal.so': '',
  '/etc/ld.so.conf.d/ascend_driver_so.conf':
    '/usr/local/Ascend/driver/lib64\n/usr/local/Ascend/driver/lib64/driver\n',
}

const home = '/usr/local/Ascend/ascend-toolkit/8.1.RC1'
const tbe = `${home}/opp/built-in/op_impl/ai_core/tbe`
export const toolkit = {
  '/usr/local/Ascend/ascend-toolkit/set_env.sh': '',
  [`${home}/lib64/libascendcl.so`]: '',
  [`${home}/x86_64-linux/ascend_toolkit_install.info`]:
    'package_name=Ascend-cann-toolkit\nversion=8.1.RC1\narch=x86_64\n',
  [`${home}/x86_64-linux/devlib/libascend_hal.so`]: '',
  [`${home}/x86_64-linux/devlib/libascendcl.so`]: '',
  [`${home}/opp/version.info`]: 'Version=8.1.0.1.100\n',
  [`${tbe}/config/ascend310p/aic-ascend310p-ops-info.json`]: '{}',
  [`${tbe}/kernel/ascend310p/`]: '',
}
export const latest = { '/usr/local/Ascend/ascend-toolkit/latest': '8.1.RC1' }
const latestHome = '/usr/local/Ascend/ascend-toolkit/latest'
/** As set_env.sh leaves it. */
export const sourced = {
  ASCEND_TOOLKIT_HOME: latestHome,
  ASCEND_HOME_PATH: latestHome,
  ASCEND_OPP_PATH: `${latestHome}/opp`,
  LD_LIBRARY_PATH: `${latestHome}/lib64:${latestHome}/lib64/plugin/opskernel`,
  PATH: `${latestHome}/bin:/usr/bin:/bin`,
}

export function buildHost(root: string, host: FakeHost): HostView {
  const place = (path: string): string => {
    const real = join(root, path)
    mkdirSync(path.endsWith('/') ? real : dirname(real), { recursive: true })
    return real
  }
  for (const [path, content] of Object.entries(host.files ?? {})) {
    const real = place(path)
    if (!path.endsWith('/')) writeFileSync(real, content)
  }
  for (const [path, target] of Object.entries(host.links ?? {})) symlinkSync(target, place(path))
  for (const [path, mode] of Object.entries(host.nodes ?? {})) {
    const real = place(path)
    writeFileSync(real, '')
    chmodSync(real, mode)
    // Elsewhere they belong to who runs the tests, whose group the cases then take.
    if (process.getuid?.() === 0) chownSync(real, 0, 1000)
  }
  for (const [path, content] of Object.entries(host.programs ?? {})) {
    writeFileSync(place(path), content)
    chmodSync(join(root, path), 0o755)
  }
  return { root, environment: host.environment ?? {} }
}
