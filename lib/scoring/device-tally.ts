/** Which devices computed how many scores. */
import type { Device } from '../session'
import { cpuClass } from './versions'

const nameOf = (device: Device): string => (device.kind === 'cpu' ? 'cpu' : `npu ${device.id}`)

export class DeviceTally {
  readonly #byName = new Map<string, { readonly device: Device; scored: number }>()

  add(device: Device): void {
    const name = nameOf(device)
    const known = this.#byName.get(name)
    if (known === undefined) this.#byName.set(name, { device, scored: 1 })
    else known.scored += 1
  }

  /** The CPU first, NPUs by their ids: which was the first to compute is chance. */
  counts(): (Device & { readonly scored: number })[] {
    const order = (device: Device): number => (device.kind === 'cpu' ? -1 : device.id)
    return [...this.#byName.values()]
      .map(({ device, scored }) => ({ ...device, scored }))
      .sort((a, b) => order(a) - order(b))
  }
}

/** `cpu (2 threads, …)`, `npu 0, 1 (Ascend310P3)`. */
export function deviceText(devices: readonly Device[]): string {
  const cpus = devices.flatMap(device => (device.kind === 'cpu' ? [device] : []))
  const npus = devices.flatMap(device => (device.kind === 'npu' ? [device] : []))
  const socs = [...new Set(npus.map(({ socName }) => socName))].join(', ')
  return [
    ...cpus.map(({ threads }) => `cpu (${threads} threads, ${cpuClass()})`),
    ...(npus.length === 0 ? [] : [`npu ${npus.map(({ id }) => id).join(', ')} (${socs})`]),
  ].join('; ')
}
