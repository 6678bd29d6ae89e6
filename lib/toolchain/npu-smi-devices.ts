/** One list of chips out of the several that npu-smi prints. */
import { ToolError, errorMessage } from '../errors'
import { parseKeyValues, parseNpuSmiList, parseNpuSmiMap, type MappedChip } from './npu-smi-lists'
import { parseNpuSmiTable, type TableChip } from './npu-smi-table'
import type { NpuSmiQuery } from './npu-smi'
import { socVersionOf, socVersionOfBoard } from './soc'

/** A chip as far as npu-smi knows it; `deviceId` is before ASCEND_RT_VISIBLE_DEVICES. */
export interface NpuSmiChip extends TableChip {
  readonly socVersion: string | null
}

export interface NpuSmiChips {
  readonly version: string | null
  readonly chips: readonly NpuSmiChip[]
  readonly warnings: readonly string[]
}

/**
 * `info` and `info -m`; what neither tells is asked for chip by chip (`-t …`).
 *
 * @throws ToolError `TOOL_FAILED` when npu-smi answers neither; the signal's reason
 */
export async function readNpuSmi(query: NpuSmiQuery, signal?: AbortSignal): Promise<NpuSmiChips> {
  const warnings: string[] = []
  const ask = async (...args: string[]): Promise<string | undefined> => {
    signal?.throwIfAborted()
    // Who has hung once would hang again, for each of a dozen questions.
    if (failures.some(hasTimedOut)) return undefined
    try {
      return await query(args)
    } catch (error) {
      signal?.throwIfAborted()
      failures.push(error)
      return undefined
    }
  }
  const failures: unknown[] = []
  const tableText = await ask('info')
  const table = tableText === undefined ? undefined : parseNpuSmiTable(tableText)
  const mapText = await ask('info', '-m')
  const map = mapText === undefined ? [] : parseNpuSmiMap(mapText)
  if (tableText === undefined && mapText === undefined) throw failures[0]
  warnings.push(...(table?.warnings ?? []), ...failures.map(errorMessage))
  const listed = table?.chips.length ? withLogicIds(table.chips, map, warnings) : chipsOf(map)
  const chips = listed.length > 0 ? withDistinctIds(listed, warnings) : await listedCards(ask)
  const completed: NpuSmiChip[] = []
  for (const chip of chips) completed.push(await complete(chip, table?.chips.length ? 'table' : 'none', ask))
  return { version: table?.version ?? null, chips: completed, warnings }
}

type Ask = (...args: string[]) => Promise<string | undefined>

/** A chip of which nobody tells anything. */
export const unknownChip: Omit<TableChip, 'npuId'> = {
  chipId: null,
  deviceId: null,
  name: null,
  health: null,
  powerW: null,
  temperatureC: null,
  memoryUsedMb: null,
  memoryTotalMb: null,
  busId: null,
}

function chipsOf(map: readonly MappedChip[]): readonly TableChip[] {
  // Outputs that were captured twice say everything twice.
  const rows = new Map(map.map(chip => [[chip.npuId, chip.chipId, chip.logicId].join(), chip]))
  return [...rows.values()].map(({ npuId, chipId, logicId, name }) => ({
    ...unknownChip,
    npuId,
    chipId,
    deviceId: logicId,
    name,
  }))
}

async function listedCards(ask: Ask): Promise<readonly TableChip[]> {
  const text = await ask('info', '-l')
  return parseNpuSmiList(text ?? '').flatMap(({ npuId, chips }) =>
    chips === null
      ? [{ ...unknownChip, npuId }]
      : Array.from({ length: Math.min(chips, 16) }, (_, chipId) => ({ ...unknownChip, npuId, chipId })),
  )
}

/** The map is the authority on logic ids; the table's own column, where it has one, must agree. */
function withLogicIds(
  chips: readonly TableChip[],
  map: readonly MappedChip[],
  warnings: string[],
): readonly TableChip[] {
  const missing: number[] = []
  const known = chips.map(chip => {
    const mapped = map.find(({ npuId, chipId }) => npuId === chip.npuId && chipId === chip.chipId)
    if (mapped === undefined) {
      if (chip.deviceId === null) missing.push(chip.npuId)
      return chip
    }
    if (chip.deviceId !== null && chip.deviceId !== mapped.logicId) {
      warnings.push(
        `NPU ${chip.npuId} chip ${mapped.chipId} is device ${chip.deviceId} in npu-smi info and ` +
          `${mapped.logicId} in npu-smi info -m; its device id was left out`,
      )
      return { ...chip, deviceId: null }
    }
    return { ...chip, deviceId: mapped.logicId, name: chip.name ?? mapped.name }
  })
  if (missing.length > 0) {
    warnings.push(
      `npu-smi does not tell the device id of NPU ${[...new Set(missing)].join(', ')}; device ids are not NPU ids`,
    )
  }
  return known
}

/** Of two chips under one device id nobody knows which it is. */
function withDistinctIds(chips: readonly TableChip[], warnings: string[]): readonly TableChip[] {
  const seen = new Set<number>()
  const twice = new Set<number>()
  for (const { deviceId } of chips) {
    if (deviceId === null) continue
    if (seen.has(deviceId)) twice.add(deviceId)
    seen.add(deviceId)
  }
  if (twice.size === 0) return chips
  warnings.push(`npu-smi gives device id ${[...twice].join(', ')} to more than one chip; it was left out`)
  return chips.map(chip =>
    chip.deviceId !== null && twice.has(chip.deviceId) ? { ...chip, deviceId: null } : chip,
  )
}

/** The table has said all it knows; a chip without one is asked about item by item. */
async function complete(chip: TableChip, from: 'table' | 'none', ask: Ask): Promise<NpuSmiChip> {
  const about = async (item: string): Promise<ReadonlyMap<string, string>> => {
    const one = chip.chipId === null ? [] : ['-c', String(chip.chipId)]
    return parseKeyValues((await ask('info', '-t', item, '-i', String(chip.npuId), ...one)) ?? '')
  }
  const ofName = socVersionOf(chip.name)
  if (from === 'table' && ofName !== null) return { ...chip, socVersion: ofName }
  const board = await about('board')
  const socVersion = ofName ?? socVersionOfBoard(board)
  if (from === 'table') return { ...chip, socVersion }
  const power = await about('power')
  const temperature = await about('temp')
  const health = await about('health')
  const usages = await about('usages')
  return {
    ...chip,
    socVersion,
    name: chip.name ?? board.get('chip name') ?? null,
    powerW: numberIn(power, /^power dissipation/),
    temperatureC: numberIn(temperature, /^(npu )?temperature/),
    health: valueIn(health, /^health( status)?$/),
    ...memoryIn(usages),
    busId: chip.chipId === null ? null : valueIn(board, /^pcie bus info$/),
  }
}

function valueIn(values: ReadonlyMap<string, string>, key: RegExp): string | null {
  const fitting = [...values].filter(([name]) => key.test(name))
  const value = fitting.length === 1 ? fitting[0]![1] : ''
  return /^(|-|NA|N\/A)$/i.test(value) ? null : value
}

function numberIn(values: ReadonlyMap<string, string>, key: RegExp): number | null {
  const value = valueIn(values, key)
  return value !== null && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null
}

/** Of memory in use only a rate in whole percent is told, which is no number of megabytes. */
function memoryIn(usages: ReadonlyMap<string, string>): { memoryUsedMb: null; memoryTotalMb: number | null } {
  const hbm = numberIn(usages, /^hbm capacity\s?\(mb\)$/)
  const ddr = numberIn(usages, /^(ddr|memory) capacity\s?\(mb\)$/)
  return { memoryUsedMb: null, memoryTotalMb: [hbm, ddr].find(total => (total ?? 0) > 0) ?? null }
}

function hasTimedOut(error: unknown): boolean {
  return error instanceof ToolError && error.detail['timedOut'] === true
}
