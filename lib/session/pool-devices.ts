/** What the sessions of a pool compute on, taken together. */
import type { Device } from './session'

/** All threads on the CPU, and the reason for it where the machine decided; of several NPUs the first. */
export function totalDevice(devices: readonly Device[], reason?: string): Device {
  const first = devices[0]!
  if (first.kind === 'npu') return first
  return {
    kind: 'cpu',
    threads: devices.reduce((sum, device) => sum + (device.kind === 'cpu' ? device.threads : 0), 0),
    ...(reason !== undefined && { reason }),
  }
}

/** Every NPU once, by its id; behind them the CPU once, with all its threads. */
export function distinctDevices(devices: readonly Device[]): readonly Device[] {
  const cpus = devices.filter(({ kind }) => kind === 'cpu')
  const npus = devices.flatMap(device => (device.kind === 'npu' ? [device] : []))
  const once = npus
    .filter(({ id }, index) => npus.findIndex(other => other.id === id) === index)
    .sort((a, b) => a.id - b.id)
  return cpus.length === 0 ? once : [...once, totalDevice(cpus)]
}
