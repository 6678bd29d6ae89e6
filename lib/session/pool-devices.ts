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

/** The CPU once, with all its threads; every NPU once, by its id. */
export function distinctDevices(devices: readonly Device[]): readonly Device[] {
  const total = totalDevice(devices)
  if (total.kind === 'cpu') return [total]
  const npus = devices.flatMap(device => (device.kind === 'npu' ? [device] : []))
  return npus
    .filter(({ id }, index) => npus.findIndex(other => other.id === id) === index)
    .sort((a, b) => a.id - b.id)
}
