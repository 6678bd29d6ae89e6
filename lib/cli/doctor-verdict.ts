/** Whether the device that was asked for can work, and what `--device auto` would take. */
import type { Check } from './check'

export type AskedDevice = 'auto' | 'cpu' | 'npu'

/** What is wrong with a machine that works all the same. */
export function softened(checks: readonly Check[]): readonly Check[] {
  return checks.map(check => (isWrong(check) ? { ...check, state: 'info' } : check))
}

const isWrong = ({ state }: Check): boolean => state === 'failed' || state === 'missing'

interface Verdict {
  readonly cpu: readonly Check[]
  /** What AscendCL answered. */
  readonly npu: Check
  /** Everything about NPUs, {@link npu} among it. */
  readonly npus: readonly Check[]
  readonly asked: AskedDevice | undefined
  /** What is wrong with NPUs is nothing that `auto` turns to the CPU for. */
  readonly stopsAuto: boolean
  /** The model that was named is an offline one; without one it is taken to be at hand in both forms. */
  readonly onlyForNpus: boolean
}

const noOfflineModels: Check = {
  name: 'model',
  state: 'failed',
  found: 'CPUs run no offline models',
  fix: 'name the checkpoint or the ONNX model instead',
}

export function deviceCheck({ cpu, npu, npus, asked, stopsAuto, onlyForNpus }: Verdict): Check {
  const name = `device ${asked ?? 'auto'}`
  const cpuFault = onlyForNpus ? noOfflineModels : cpu.find(isWrong)
  const model = npus.find(check => check.name === 'model' && isWrong(check))
  const npuFault = npu.state === 'ok' ? model : npu
  const npuReason = npuFault === undefined ? null : `${npuFault.name}: ${npuFault.found}`
  if (asked !== 'cpu' && npuReason === null) return { name, state: 'ok', found: 'an NPU' }
  if (asked === 'npu') {
    const fix = npuFault?.fix
    return { name, state: 'failed', found: `no NPU: ${npuReason ?? ''}`, ...(fix !== undefined && { fix }) }
  }
  if (asked !== 'cpu' && stopsAuto && cpuFault === undefined) {
    return {
      name,
      state: 'failed',
      found: `none: auto does not turn to the CPU for this: ${npuReason ?? ''}`,
      fix: `${npuFault?.fix ?? 'npu-smi info   # see what it says'}; until then: --device cpu`,
    }
  }
  const reason = asked === 'cpu' ? '' : `, not an NPU: ${npuReason ?? ''}`
  if (cpuFault === undefined) return { name, state: 'ok', found: `the CPU${reason}` }
  return {
    name,
    state: 'failed',
    found: `none: ${cpuFault.name}: ${cpuFault.found}${reason}`,
    ...(cpuFault.fix !== undefined && { fix: cpuFault.fix }),
  }
}

interface Groups {
  readonly cpu: readonly Check[]
  readonly npus: readonly Check[]
  readonly verdict: Check
}

/** With a device: whether that can work. Without one: whether all works that should. */
export function isInOrder(asked: AskedDevice | undefined, { cpu, npus, verdict }: Groups): boolean {
  if (asked !== undefined) return !isWrong(verdict)
  return ![...cpu, ...npus].some(isWrong)
}
