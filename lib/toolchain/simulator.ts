/** The stand-in for CANN (docs/simulator.md): where it is, and the environment that makes programs use it. */
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { SessionError } from '../errors'

export interface Simulator {
  /** Absolute; holds `libascendcl.so`. */
  readonly libraryFolder: string
  /** Absolute; holds `atc`. */
  readonly programFolder: string
  /** Absolute; holds `include`, `lib` and `bin`. */
  readonly home: string
  /** Absolute path of onnxruntime's CPU library; undefined when it is not installed, and then only latency mode works. */
  readonly ortLibrary: string | undefined
}

export interface SimulatorSetting {
  readonly name: string
  readonly meaning: string
}

/** What `ACL_SIM_CANN` is without being set. */
export const defaultCannRelease = '8.5'

/** Every variable the simulator reads, in the order of docs/simulator.md. */
export const simulatorSettings: readonly SimulatorSetting[] = [
  { name: 'ACL_SIM_DEVICES', meaning: 'number of devices, 0 to 64 (default 1)' },
  { name: 'ACL_SIM_SOC', meaning: 'their name (default Ascend310P3); models of another are refused' },
  { name: 'ACL_SIM_MEMORY_MB', meaning: 'memory of a device (default 21525)' },
  { name: 'ACL_SIM_MEMORY_RESERVE_MB', meaning: 'allocations that leave less than this fail (default 0)' },
  { name: 'ACL_SIM_PINNED_MB', meaning: 'host memory that aclrtMallocHost can give (default: all there is)' },
  {
    name: 'ACL_SIM_EXEC_US',
    meaning:
      'compute nothing and take so long: 6080, 1:6080,8:47360 or lognormal:6080:0.1:1 (median, sigma, seed)',
  },
  {
    name: 'ACL_SIM_COPY_GBPS',
    meaning: 'speed of copies in gigabytes a second (default: as fast as it goes)',
  },
  {
    name: 'ACL_SIM_FAULTS',
    meaning: 'call:action@uses, separated by commas; action is an error code, hang, or a delay such as 20ms',
  },
  { name: 'ACL_SIM_PRECISION', meaning: 'origin: atc keeps weights as they are whatever its options say' },
  { name: 'ACL_SIM_MISSING', meaning: 'functions that dlsym does not find, separated by commas' },
  { name: 'ACL_SIM_SIGNALS', meaning: "cann: CANN's signal handlers (default: none)" },
  { name: 'ACL_SIM_LOG', meaning: 'file (or stderr) for one line a call' },
  {
    name: 'ACL_SIM_REPORT',
    meaning: 'file (or stderr) for what was left behind, at aclFinalize and at exit',
  },
  {
    name: 'ACL_SIM_CANN',
    meaning: `release whose behaviour is shown where they differ, 6.0 to 9.9 (default ${defaultCannRelease})`,
  },
  {
    name: 'ACL_SIM_ORT_LIBRARY',
    meaning: 'libonnxruntime.so.1, which computes; "aasist simulator env" sets it',
  },
  { name: 'ACL_SIM_ORT_THREADS', meaning: 'threads for one model (default 1)' },
  {
    name: 'ACL_SIM_NPU_IDS',
    meaning: 'NPU ids that npu-smi shows, one for each device: 4,5 (default 0,1,…)',
  },
  {
    name: 'ACL_SIM_NPU_SMI',
    meaning: "npu-smi's table: 310, 310P, 910B, 910C or 910C-merged (default: that of ACL_SIM_SOC)",
  },
]

const packageFolder = resolve(__dirname, '..', '..')

/** A build of this checkout comes before what the package was shipped with. */
function candidates(): readonly string[] {
  return [
    join(packageFolder, 'build', 'simulator'),
    join(packageFolder, 'prebuilds', `${process.platform}-${process.arch}`, 'simulator'),
  ]
}

/** onnxruntime-node keeps its library in a folder named after the Node-API version it was built for. */
function findOrtLibrary(): string | undefined {
  let bin: string
  try {
    bin = join(dirname(createRequire(__filename).resolve('onnxruntime-node/package.json')), 'bin')
  } catch {
    return undefined
  }
  if (!existsSync(bin)) return undefined
  return readdirSync(bin)
    .map(version => join(bin, version, process.platform, process.arch, 'libonnxruntime.so.1'))
    .find(path => existsSync(path))
}

/**
 * @throws SessionError `UNSUPPORTED_PLATFORM` outside Linux, `ACL_LIBRARY_NOT_FOUND` when it is not built
 */
export function findSimulator(): Simulator {
  if (process.platform !== 'linux') {
    throw new SessionError(
      'UNSUPPORTED_PLATFORM',
      `the simulator runs on Linux only, this is ${process.platform}; use a container or a virtual machine`,
      { platform: process.platform },
    )
  }
  const tried = candidates()
  const folder = tried.find(path => existsSync(join(path, 'lib', 'libascendcl.so')))
  if (folder === undefined) {
    throw new SessionError(
      'ACL_LIBRARY_NOT_FOUND',
      `the simulator is not built: no lib/libascendcl.so in ${tried.join(' or ')}; run "npm run build" in a checkout`,
      { tried },
    )
  }
  // Both variables it goes into are lists with colons between.
  if (folder.includes(':')) {
    throw new SessionError(
      'ACL_LIBRARY_NOT_FOUND',
      `the simulator is in ${folder}, and a folder with a colon cannot be in LD_LIBRARY_PATH; move the package`,
      { folder },
    )
  }
  return {
    home: folder,
    libraryFolder: join(folder, 'lib'),
    programFolder: join(folder, 'bin'),
    ortLibrary: findOrtLibrary(),
  }
}

/** A copy of `environment` in which programs find the simulator before anything else. */
export function simulatorEnvironment(
  simulator: Simulator,
  environment: Readonly<NodeJS.ProcessEnv> = process.env,
): NodeJS.ProcessEnv {
  const before = (folder: string, list: string | undefined): string =>
    list === undefined || list === '' ? folder : `${folder}:${list}`
  return {
    ...environment,
    ...(simulator.ortLibrary !== undefined && { ACL_SIM_ORT_LIBRARY: simulator.ortLibrary }),
    LD_LIBRARY_PATH: before(simulator.libraryFolder, environment['LD_LIBRARY_PATH']),
    PATH: before(simulator.programFolder, environment['PATH']),
  }
}
