/** Lists of `npu-smi info`: the map of numbers (`-m`), the cards (`-l`), and `key : value` lines (`-t …`). */
import { nameOf } from './npu-smi-table'
import { plainLines } from './text-lines'

/** A row of `npu-smi info -m` that is a chip to compute on. */
export interface MappedChip {
  readonly npuId: number
  readonly chipId: number
  /** What `aclrtSetDevice` takes, before ASCEND_RT_VISIBLE_DEVICES. */
  readonly logicId: number
  readonly name: string | null
}

const columnName = /NPU\s?-?ID|Chip\s?-?ID|Chip\s?-?(?:Logic|Phy)\s?-?ID|Chip\s?-?Name/gi

function columnsOf(line: string): readonly string[] {
  return [...line.matchAll(columnName)].map(([name]) => name.toLowerCase().replace(/[\s-]/g, ''))
}

/** Chips without a logic id (`-`) are controllers, not for computing. Empty when there is no such list in `text`. */
export function parseNpuSmiMap(text: string): readonly MappedChip[] {
  let columns: readonly string[] = []
  const chips: MappedChip[] = []
  for (const raw of plainLines(text)) {
    const line = raw.replaceAll('|', ' ').trim()
    const heading = columnsOf(line)
    if (heading.includes('npuid') && heading.includes('chiplogicid')) {
      columns = heading
      continue
    }
    const chip = columns.length === 0 ? undefined : mappedChip(columns, line.split(/\s+/))
    if (chip !== undefined) chips.push(chip)
  }
  return chips
}

/** All columns are one word but the name, which has what the others leave. */
function mappedChip(columns: readonly string[], words: readonly string[]): MappedChip | undefined {
  const nameAt = columns.indexOf('chipname')
  const nameWords = nameAt < 0 ? 0 : words.length - (columns.length - 1)
  if (nameWords < 0 || (nameAt < 0 && words.length !== columns.length)) return undefined
  const valueOf = (column: string): number | undefined => {
    const at = columns.indexOf(column)
    const word = at < 0 ? undefined : words[nameAt >= 0 && at > nameAt ? at + nameWords - 1 : at]
    return word !== undefined && /^\d{1,9}$/.test(word) ? Number(word) : undefined
  }
  const [npuId, chipId, logicId] = [valueOf('npuid'), valueOf('chipid'), valueOf('chiplogicid')]
  if (npuId === undefined || chipId === undefined || logicId === undefined) return undefined
  return {
    npuId,
    chipId,
    logicId,
    name: nameAt < 0 ? null : nameOf(words.slice(nameAt, nameAt + nameWords).join(' ')),
  }
}

/** The cards of `npu-smi info -l`, with the number of chips on each where that is told. */
export function parseNpuSmiList(
  text: string,
): readonly { readonly npuId: number; readonly chips: number | null }[] {
  const cards: { npuId: number; chips: number | null }[] = []
  for (const [key, value] of keyValueLines(text)) {
    if (!/^\d{1,9}$/.test(value)) continue
    if (key === 'npu id') cards.push({ npuId: Number(value), chips: null })
    const last = cards.at(-1)
    if (key === 'chip count' && last !== undefined) last.chips = Number(value)
  }
  return cards
}

/**
 * The values of `npu-smi info -t …` by their names in small letters. A name that comes twice with different values, as
 * for each of two chips, says nothing about either and is left out.
 */
export function parseKeyValues(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const ambiguous = new Set<string>()
  for (const [key, value] of keyValueLines(text)) {
    if (found.has(key) && found.get(key) !== value) ambiguous.add(key)
    found.set(key, value)
  }
  for (const key of ambiguous) found.delete(key)
  return found
}

function keyValueLines(text: string): (readonly [key: string, value: string])[] {
  return plainLines(text).flatMap(line => {
    // An expression that allows for blanks around both takes 6 s of a line of blanks.
    const colon = line.indexOf(':')
    const key = line.slice(0, Math.max(colon, 0)).trim()
    if (key === '' || key.includes('|')) return []
    return [[key.replace(/\s+/g, ' ').toLowerCase(), line.slice(colon + 1).trim()] as const]
  })
}
