/** What a benchmark ran on: figures without it cannot be compared. */
import { cpus, release, totalmem } from 'node:os'
import { cpuClass, npuRuntime, versions, type NpuRuntime, type Versions } from '../scoring'
import type { Device } from '../session'
import { note } from './terminal'

export interface Machine {
  readonly machine: {
    readonly cpu: string
    readonly cpus: number
    readonly memoryBytes: number
    /** Of the operating system. */
    readonly kernel: string
    readonly npus: readonly string[]
    readonly clock: string
  }
  readonly versions: Versions & { readonly npu: NpuRuntime | null }
}

/** Of `clock_gettime`; what the add-on and Node's `hrtime` read. */
const clock = 'CLOCK_MONOTONIC, nanoseconds'

function describeMachine(devices: readonly Device[], npu: NpuRuntime | null): Machine {
  const npus = devices.flatMap(device => (device.kind === 'npu' ? [`${device.id}: ${device.socName}`] : []))
  return {
    machine: {
      cpu: cpuClass(),
      cpus: cpus().length,
      memoryBytes: totalmem(),
      kernel: `${process.platform} ${release()}`,
      npus: [...new Set(npus)],
      clock,
    },
    versions: { ...versions(), npu },
  }
}

/** Asks AscendCL where an NPU computed, and says so when that was the simulator. */
export async function machineOf(devices: readonly Device[]): Promise<Machine> {
  const npu = devices.some(({ kind }) => kind === 'npu') ? await npuRuntime() : null
  if (npu?.simulator === true)
    note('simulator: its times are made up by settings or by the CPU, and no NPU was measured')
  return describeMachine(devices, npu)
}

export function machineLines({ machine, versions: found }: Machine): readonly string[] {
  const { cpu, cpus: count, memoryBytes, kernel, npus } = machine
  const { npu, onnxruntime, node } = found
  const release = npu?.cannVersion ?? 'of unknown version'
  const runtime =
    npu === null
      ? `onnxruntime ${onnxruntime ?? 'none'}`
      : `${npu.simulator ? `simulator of CANN ${release}` : `CANN ${release}`}, AscendCL ${npu.aclVersion}`
  return [
    `machine: ${count} x ${cpu}, ${Math.round(memoryBytes / 2 ** 30)} GiB, ${kernel}`,
    ...(npus.length === 0 ? [] : [`devices: ${npus.join(', ')}`]),
    `versions: aasist-ascend ${found['aasist-ascend']}, Node ${node}, ${runtime}`,
    `clock: ${machine.clock}`,
  ]
}
