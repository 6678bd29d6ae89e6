/** ASCEND_RT_VISIBLE_DEVICES: AscendCL shows a process the devices it lists, and counts them from 0. */

export const visibleDevicesVariable = 'ASCEND_RT_VISIBLE_DEVICES'

export type VisibleDevices =
  | { readonly kind: 'all' }
  | { readonly kind: 'some'; readonly ids: readonly number[] }
  /** AscendCL refuses it. */
  | { readonly kind: 'invalid'; readonly value: string }

/** Ids with commas between, ascending, none twice. */
export function visibleDevices(environment: Readonly<NodeJS.ProcessEnv>): VisibleDevices {
  const value = environment[visibleDevicesVariable]
  if (value === undefined) return { kind: 'all' }
  const ids = value.split(',').map(text => (/^\s*\d{1,5}\s*$/.test(text) ? Number(text) : NaN))
  const isAscending = ids.every((id, index) => !Number.isNaN(id) && (index === 0 || id > ids[index - 1]!))
  return isAscending ? { kind: 'some', ids } : { kind: 'invalid', value }
}

/** What AscendCL calls a device in this process; null for one it hides. */
export function visibleId(visible: VisibleDevices, logicId: number | null): number | null {
  if (logicId === null || visible.kind === 'invalid') return null
  if (visible.kind === 'all') return logicId
  const index = visible.ids.indexOf(logicId)
  return index < 0 ? null : index
}
