/** From facts about a machine to lines of `doctor`: a state, what was found, and the command that mends it. */
import { operatorFolderOf } from '../toolchain/operator-package'
import { visibleDevicesVariable } from '../toolchain/visible-devices'
import type { Check } from './check'
import { containerFlags } from './doctor-container'
import { installationInUse, type HostFacts } from './doctor-host'

/** What AscendCL or a model says it is; null where nobody does. */
export interface HostQuestion {
  readonly socName: string | null
}

const usualSetEnv = '/usr/local/Ascend/ascend-toolkit/set_env.sh'

/** `missing` and `failed` mean: this machine looks as if it were to run NPUs, and that hinders it. */
export function hostChecks(facts: HostFacts, { socName }: HostQuestion): readonly Check[] {
  if (isOrdinary(facts)) {
    return [{ name: 'Ascend', state: 'info', found: 'no driver, no CANN and no device nodes' }]
  }
  return [
    cannCheck(facts),
    driverCheck(facts),
    nodesCheck(facts),
    ...containerCheck(facts),
    ...libraryPathCheck(facts),
    ...operatorsCheck(facts, socName),
    ...visibleCheck(facts),
    npuSmiCheck(facts),
    atcCheck(facts),
  ]
}

function isOrdinary({ cann, driver, nodes, npuSmi, atc, visible }: HostFacts): boolean {
  const isCannThere = cann.installations.length > 0 || cann.dead.length > 0
  const isDriverThere = driver !== null || nodes.chips.length > 0
  return !isCannThere && !isDriverThere && npuSmi === null && atc === null && visible.kind !== 'invalid'
}

const isForRunning = ({ driver, nodes }: HostFacts): boolean => driver !== null || nodes.chips.length > 0

function cannCheck(facts: HostFacts): Check {
  const { cann } = facts
  const name = 'CANN'
  const inUse = installationInUse(cann)
  const [dead] = cann.dead
  if (dead !== undefined) {
    const unset = `unset ${cann.dead.map(each => each.name).join(' ')}`
    const source = inUse?.setEnv ?? (inUse === undefined ? usualSetEnv : null)
    return {
      name,
      state: 'failed',
      found: `${dead.name}=${dead.value}, where no CANN is`,
      fix: source === null ? unset : `${unset} && source ${source}`,
    }
  }
  if (inUse === undefined) {
    const found = 'none in /usr/local/Ascend or ~/Ascend, and the environment names none'
    if (!isForRunning(facts)) return { name, state: 'info', found }
    return {
      name,
      state: 'missing',
      found,
      fix: `sh Ascend-cann-toolkit_<version>_linux-$(uname -m).run --install && source ${usualSetEnv}   # of a release that goes with ${driverName(facts)}; Ascend-cann-nnrt is enough where nothing is compiled`,
    }
  }
  const others = cann.installations.slice(1).map(({ folder, version }) => `${version ?? '?'} in ${folder}`)
  const more = others.length === 0 ? '' : `; also ${others.join(', ')}`
  const found = `${inUse.version ?? 'of unknown version'} (${inUse.kind}) in ${inUse.folder}${more}`
  if (inUse.namedBy.length > 0) {
    return { name, state: 'ok', found: `${found} (${inUse.namedBy.join(', ')})` }
  }
  return {
    name,
    state: isForRunning(facts) ? 'missing' : 'info',
    found: `${found}; its environment is not set up`,
    fix: `source ${inUse.setEnv ?? usualSetEnv}   # before node is started: a process cannot do it for itself`,
  }
}

function driverName({ driver }: HostFacts): string {
  return driver?.version === undefined || driver.version === null ? 'the card' : `driver ${driver.version}`
}

function driverCheck(facts: HostFacts): Check {
  const { driver, nodes, container } = facts
  const name = 'driver'
  if (driver?.hasLibraries === true) {
    return { name, state: 'ok', found: `${driver.version ?? 'of unknown version'} in ${driver.folder}` }
  }
  if (driver !== null) {
    return {
      name,
      state: 'failed',
      found: `${driver.folder} without libascend_hal.so in lib64`,
      fix: container === null ? reinstallDriver : containerFlags(nodes),
    }
  }
  if (nodes.chips.length > 0) {
    return {
      name,
      state: 'missing',
      found: 'device nodes, but no driver in /usr/local/Ascend/driver',
      fix: container === null ? reinstallDriver : containerFlags(nodes),
    }
  }
  return {
    name,
    state: 'info',
    found: 'none: cards need one; compiling and the simulator do not',
    fix: container === null ? reinstallDriver : containerFlags(nodes),
  }
}

const reinstallDriver =
  'sh Ascend-hdk-<chip>-npu-driver_<version>_linux-$(uname -m).run --full   # as root; then the firmware, a restart, and: npu-smi info'

function nodesCheck(facts: HostFacts): Check {
  const { nodes, driver, container } = facts
  const { chips, managers, missingManagers } = nodes
  const name = 'device nodes'
  if (chips.length === 0) {
    const isExpected = driver !== null
    const where = container === null ? '' : ` in this container (${container})`
    return {
      name,
      state: isExpected ? 'missing' : 'info',
      found: `no /dev/davinci<n>${where}`,
      ...(isExpected && {
        fix:
          container === null
            ? 'lspci -d 19e5:; dmesg | grep -i -e davinci -e devdrv   # is the card there, and what does its driver say? it is loaded by a restart after its installation'
            : containerFlags(nodes),
      }),
    }
  }
  if (missingManagers.length > 0) {
    return {
      name,
      state: 'missing',
      found: `${namesOf(chips)}, without ${missingManagers.join(', ')}`,
      fix: container === null ? 'reboot   # the driver makes them when it is loaded' : containerFlags(nodes),
    }
  }
  const closed = [...chips, ...managers].filter(({ usable }) => !usable)
  const first = closed[0]
  if (first === undefined) return { name, state: 'ok', found: namesOf([...chips, ...managers]) }
  const isHopeless = managers.some(node => !node.usable) || chips.every(node => !node.usable)
  return {
    name,
    state: isHopeless ? 'failed' : 'info',
    found: `you may not use ${closed.map(({ path, group, mode }) => `${path} (group ${group}, mode ${mode})`).join(', ')}`,
    fix:
      container === null
        ? `sudo usermod -aG ${first.group} "$USER"   # then log in again`
        : `docker run --group-add ${first.gid} …   # the group's number: the container may know it under another name`,
  }
}

function namesOf(nodes: readonly { readonly path: string }[]): string {
  return nodes.map(({ path }) => path).join(', ')
}

function containerCheck(facts: HostFacts): Check[] {
  const { container, missingMounts, nodes } = facts
  if (container === null) return []
  const kind = container === 'unknown' ? 'of a kind that does not say' : container
  if (!isForRunning(facts) || missingMounts.length === 0) {
    return [{ name: 'container', state: 'info', found: kind }]
  }
  const found = `${kind}; not mounted: ${missingMounts.join(', ')}`
  return [{ name: 'container', state: 'info', found, fix: containerFlags(nodes) }]
}

/** Takes the stubs out, whatever else is in it. */
const withoutStubs =
  "export LD_LIBRARY_PATH=$(printf %s \"$LD_LIBRARY_PATH\" | tr : '\\n' | grep -vE '/(devlib|stub)(/|$)' | paste -sd:)"

function libraryPathCheck(facts: HostFacts): Check[] {
  const { libraryPath, driver } = facts
  const name = 'LD_LIBRARY_PATH'
  if (libraryPath.stubs.length > 0) {
    const stubs = libraryPath.stubs.map(({ library, folder }) => `${library} in ${folder}`).join(', ')
    return isForRunning(facts)
      ? [
          {
            name,
            state: 'failed',
            found: `stubs for linking come before the libraries: ${stubs}; every call of theirs fails (100039)`,
            fix: withoutStubs,
          },
        ]
      : [{ name, state: 'info', found: `stubs for linking, which atc needs without driver: ${stubs}` }]
  }
  if (driver?.hasLibraries !== true) return []
  if (libraryPath.findsDriver) return [{ name, state: 'ok', found: "finds the driver's libraries" }]
  const { folder } = driver
  return [
    {
      name,
      state: 'missing',
      found: `the linker does not find the driver's libraries in ${folder}/lib64`,
      fix: `export LD_LIBRARY_PATH=${folder}/lib64/driver:${folder}/lib64/common:$LD_LIBRARY_PATH   # before node is started`,
    },
  ]
}

function operatorsCheck({ operators, cann }: HostFacts, socName: string | null): Check[] {
  const inUse = installationInUse(cann)
  if (operators === null || inUse === undefined) return []
  const name = 'operators (OPP)'
  const setEnv = `source ${inUse.setEnv ?? usualSetEnv}`
  const { found: opp, expected, besides } = operators
  if (opp === null) {
    const fix = `${setEnv}   # sets ASCEND_OPP_PATH; where that is right, install the operators of CANN ${inUse.version ?? ''}: before 8.5 they are in the toolkit, from 8.5 on in a package for each chip`
    return [{ name, state: 'missing', found: `none in ${expected}`, fix }]
  }
  const chip = socName === null ? null : operatorFolderOf(socName)
  const described = `${opp.version ?? 'of unknown version'} in ${opp.folder}, for ${opp.chips.join(', ') || 'no chip'}`
  if (chip !== null && !opp.chips.includes(chip)) {
    return [
      {
        name,
        state: 'missing',
        found: `${described}; not for ${chip} (${socName ?? ''})`,
        fix: `sh Ascend-cann-<kernels or ops of ${chip}>_${opp.version ?? '<version>'}_linux-$(uname -m).run --install   # the package of this very release; without it AscendCL answers 500001 or 507008`,
      },
    ]
  }
  if (opp.version !== null && besides !== null && !isSameRelease(opp.version, besides)) {
    const found = `${described}; the rest of ${inUse.folder} is ${besides}`
    return [{ name, state: 'failed', found, fix: `${setEnv}   # in a new shell: two releases are mixed` }]
  }
  const kernels = chip === null ? '' : opp.kernels.includes(chip) ? ', with kernels' : ', without kernels'
  return [{ name, state: 'ok', found: `${described}${kernels}` }]
}

/** Patches of one release differ behind the second number. */
function isSameRelease(a: string, b: string): boolean {
  const [first, second] = [a, b].map(version => version.split('.').slice(0, 2).join('.'))
  return first === second
}

function visibleCheck({ visible }: HostFacts): Check[] {
  const name = visibleDevicesVariable
  if (visible.kind === 'all') return []
  if (visible.kind === 'some') {
    return [{ name, state: 'info', found: `${visible.ids.join(',')}: only these, counted from 0` }]
  }
  return [
    {
      name,
      state: 'failed',
      found: `"${visible.value}" is not a list of device ids, ascending and with commas between`,
      fix: `unset ${name}   # or, for two devices: export ${name}=0,1`,
    },
  ]
}

function npuSmiCheck(facts: HostFacts): Check {
  const { npuSmi, container, nodes } = facts
  const name = 'npu-smi'
  if (npuSmi !== null) {
    return { name, state: 'info', found: `${npuSmi.path}${npuSmi.simulator ? ' (the simulator)' : ''}` }
  }
  const found = 'not on PATH and not in /usr/local/bin'
  if (!isForRunning(facts)) return { name, state: 'info', found }
  return {
    name,
    state: 'info',
    found,
    fix: container === null ? reinstallDriver : containerFlags(nodes),
  }
}

function atcCheck({ atc, cann, python }: HostFacts): Check {
  const name = 'atc'
  const inUse = installationInUse(cann)
  if (atc === null) {
    const found = 'not on PATH: models cannot be compiled here'
    const fix =
      inUse?.kind === 'toolkit'
        ? `source ${inUse.setEnv ?? usualSetEnv}`
        : 'eval "$(npx aasist simulator env)"   # a stand-in; the real one comes with the CANN toolkit'
    return { name, state: 'info', found, fix }
  }
  if (atc.simulator) return { name, state: 'info', found: `${atc.path} (the simulator)` }
  if (python !== null) return { name, state: 'ok', found: atc.path }
  return {
    name,
    state: 'missing',
    found: `${atc.path}, and no python3 on PATH, which it runs on`,
    fix: `apt-get install python3   # or what your system has; then see: atc --help`,
  }
}
