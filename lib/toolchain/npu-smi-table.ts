/**
 * The table of `npu-smi info`, in the shapes its releases have had: two rows a chip, of which the first speaks of the
 * card and the second of the chip. What a header says is believed, what does not fit its header is left out.
 */
import {
  isSeparator,
  measureLabels,
  parseMeasures,
  splitCells,
  type Measure,
  type MeasureKind,
  type MeasureLabel,
} from './npu-smi-cells'
import { plainLines } from './text-lines'

/** A chip as the table tells it; null where it does not. */
export interface TableChip {
  readonly npuId: number
  readonly chipId: number | null
  /** What `aclrtSetDevice` takes, before ASCEND_RT_VISIBLE_DEVICES; not every layout has it. */
  readonly deviceId: number | null
  /** As the table has it, such as `310P3`. */
  readonly name: string | null
  readonly health: string | null
  readonly powerW: number | null
  readonly temperatureC: number | null
  /** Of the HBM where the card has some. */
  readonly memoryUsedMb: number | null
  readonly memoryTotalMb: number | null
  readonly busId: string | null
}

export interface NpuSmiTable {
  readonly version: string | null
  readonly chips: readonly TableChip[]
  readonly warnings: readonly string[]
}

interface Row {
  /** `end`: a double line, behind which another card begins. */
  readonly kind: 'npu' | 'chip' | 'end'
  readonly cells: string[]
}

interface Header {
  readonly ids: readonly string[]
  /** Index of the cell that tells the kinds of rows apart: Health, Bus-Id. */
  readonly mark: number
  readonly cells: readonly string[]
}

const busAddress = /^[0-9A-Fa-f]{1,8}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,2}\.[0-9A-Fa-f]$/
const unknownWords = /^(|-+|NA|N\/A)$/i

export function parseNpuSmiTable(text: string): NpuSmiTable {
  const reader = new TableReader()
  for (const line of plainLines(text)) if (reader.take(line) === 'through') break
  return reader.result()
}

class TableReader {
  #version: string | null = null
  readonly #warnings: string[] = []
  readonly #rows: Row[] = []
  #npuHeader: Header | undefined
  #chipHeader: Header | undefined
  #open: Row | undefined

  take(line: string): 'more' | 'through' {
    this.#version ??= /npu-smi\s+v?(\d[\w.]*)/i.exec(line)?.[1] ?? null
    if (isSeparator(line)) {
      this.#open = undefined
      if (/[=═]/.test(line)) this.#rows.push({ kind: 'end', cells: [] })
      return 'more'
    }
    const cells = splitCells(line)
    if (cells === undefined) return 'more'
    if (cells.some(cell => /\bprocess\s*id\b/i.test(cell) || /no running process/i.test(cell))) {
      return this.#rows.some(({ kind }) => kind !== 'end') ? 'through' : 'more'
    }
    if (cells.length < 2 || this.#takeHeader(cells)) return 'more'
    this.#takeRow(cells)
    return 'more'
  }

  #takeHeader(cells: readonly string[]): boolean {
    const first = cells[0] ?? ''
    const mark = (pattern: RegExp): number => cells.findIndex(cell => pattern.test(cell))
    if (/\bNPU\b.*\bName\b/i.test(first) && mark(/^health$/i) > 0) {
      this.#npuHeader = { ids: first.split(' '), mark: mark(/^health$/i), cells }
      return true
    }
    if (/^Chip\b/i.test(first) && mark(/^bus[-\s]?id$/i) > 0) {
      this.#chipHeader = { ids: first.split(' '), mark: mark(/^bus[-\s]?id$/i), cells }
      return true
    }
    return false
  }

  #takeRow(cells: string[]): void {
    const [npuHeader, chipHeader] = [this.#npuHeader, this.#chipHeader]
    if (npuHeader === undefined || chipHeader === undefined) return
    // Either kind of row has something in its second column; what a long name leaves for the line below has not.
    const isMarked = [npuHeader.mark, chipHeader.mark].some(mark => (cells[mark] ?? '') !== '')
    if (!isMarked || !/^\d/.test(cells[0] ?? '')) {
      this.#continueRow(cells)
      return
    }
    const kind = this.#kindOf(cells, npuHeader, chipHeader)
    this.#open = { kind, cells }
    this.#rows.push(this.#open)
  }

  /** A cell too long for its column goes on below. */
  #continueRow(cells: readonly string[]): void {
    const open = this.#open
    if (open === undefined || cells.length !== open.cells.length) {
      if (cells.some(cell => cell !== '')) this.#warn(`a row was not understood: ${cells.join(' | ')}`)
      return
    }
    for (const [index, cell] of cells.entries()) {
      if (cell !== '') open.cells[index] = `${open.cells[index] ?? ''} ${cell}`.trim()
    }
  }

  #kindOf(cells: readonly string[], npuHeader: Header, chipHeader: Header): Row['kind'] {
    if (/[0-9A-Fa-f]{2}:/.test(cells[chipHeader.mark] ?? '')) return 'chip'
    const health = cells[npuHeader.mark] ?? ''
    if (/^[A-Za-z]/.test(health) && !unknownWords.test(health)) return 'npu'
    return this.#rows.at(-1)?.kind === 'npu' ? 'chip' : 'npu'
  }

  result(): NpuSmiTable {
    const chips = new Map<string, TableChip>()
    let npu: { readonly row: Row; used: boolean } | undefined
    const rows: readonly Row[] = [...this.#rows, { kind: 'end', cells: [] }]
    for (const row of rows) {
      if (row.kind !== 'chip') {
        if (npu?.used === false)
          this.#warn(`a card without a chip was left out: ${npu.row.cells.join(' | ')}`)
        npu = row.kind === 'npu' ? { row, used: false } : undefined
        continue
      }
      if (npu === undefined) {
        this.#warn(`a chip without a card in front of it was left out: ${row.cells.join(' | ')}`)
        continue
      }
      const chip = this.#chip(npu.row, row, npu.used ? 'further' : 'first')
      npu.used = true
      if (chip === undefined) continue
      const key = `${chip.npuId} ${chip.chipId ?? `row ${chips.size}`}`
      if (chips.has(key)) this.#warn(`NPU ${chip.npuId} is listed twice; the last one counts`)
      chips.set(key, chip)
    }
    if (chips.size === 0) this.#warn('no table of NPUs was recognised in the output of npu-smi info')
    return { version: this.#version, chips: [...chips.values()], warnings: this.#warnings }
  }

  /** Power and temperature belong to the card: of several chips behind one card row the first has them. */
  #chip(npuRow: Row, chipRow: Row, place: 'first' | 'further'): TableChip | undefined {
    const [npuHeader, chipHeader] = [this.#npuHeader!, this.#chipHeader!]
    const [idText = '', ...nameWords] = (npuRow.cells[0] ?? '').split(' ')
    if (!/^\d{1,9}$/.test(idText)) {
      this.#warn(`an NPU without a number was left out: ${npuRow.cells.join(' | ')}`)
      return undefined
    }
    const where = `NPU ${idText}`
    const card = this.#measures(npuHeader, npuRow, where)
    const chip = this.#measures(chipHeader, chipRow, where)
    const ids = this.#chipIds(chipHeader, chipRow, where)
    const ofCard = (kind: MeasureKind): number | null =>
      (place === 'first' ? card.get(kind)?.value : null) ?? chip.get(kind)?.value ?? null
    const memory = [chip.get('hbm'), chip.get('memory')].find(usage => (usage?.total ?? 0) > 0)
    return {
      npuId: Number(idText),
      ...ids,
      name: nameOf(nameWords.join(' ')),
      health: wordOf(npuRow.cells[npuHeader.mark]),
      powerW: ofCard('power'),
      temperatureC: ofCard('temperature'),
      memoryUsedMb: memory?.value ?? null,
      memoryTotalMb: memory?.total ?? null,
      busId: busIdOf(chipRow.cells[chipHeader.mark]),
    }
  }

  #chipIds(header: Header, row: Row, where: string): { chipId: number | null; deviceId: number | null } {
    const values = (row.cells[0] ?? '').split(' ')
    if (values.length !== header.ids.length) {
      this.#warn(`${where}: "${row.cells[0] ?? ''}" does not fit its header "${header.ids.join(' ')}"`)
      return { chipId: null, deviceId: null }
    }
    const idOf = (pattern: RegExp): number | null => {
      const value = values[header.ids.findIndex(label => pattern.test(label))]
      return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : null
    }
    // Phy-ID is not what AscendCL counts by.
    return { chipId: idOf(/^chip$/i), deviceId: idOf(/^(device|logic-?id)$/i) }
  }

  #measures(header: Header, row: Row, where: string): Map<MeasureKind, Measure> {
    const found = new Map<MeasureKind, Measure>()
    for (const [index, heading] of header.cells.entries()) {
      if (index === 0 || index === header.mark) continue
      const labels = measureLabels(heading)
      const cell = row.cells[index] ?? ''
      const isUnclear = labels.some(({ kind, scale }) => kind !== 'other' && scale === null)
      if (isUnclear || (labels.length === 0 && /power|temp|usage/i.test(heading))) {
        this.#warn(
          `"${heading}" has no unit that is known for each of its values; what has none was left out`,
        )
      }
      if (labels.length === 0) continue
      const values = parseMeasures(labels, cell)
      if (values === undefined) {
        this.#warn(`${where}: "${cell}" does not fit its header "${heading}"; it was left out`)
        continue
      }
      for (const [place, label] of labels.entries()) {
        const measure = this.#scaled(label, values[place]!, where)
        if (measure !== undefined) found.set(label.kind, measure)
      }
    }
    return found
  }

  #scaled(label: MeasureLabel, { value, total }: Measure, where: string): Measure | undefined {
    const { kind, scale } = label
    if (scale === null) return undefined
    if ((kind === 'memory' || kind === 'hbm') && value !== null && total !== null && value > total) {
      this.#warn(`${where}: ${value} of ${total} MB in use cannot be; it was left out`)
      return undefined
    }
    const scaled = (amount: number | null): number | null => (amount === null ? null : amount * scale)
    return { value: scaled(value), total: scaled(total) }
  }

  #warn(warning: string): void {
    if (!this.#warnings.includes(warning)) this.#warnings.push(warning)
  }
}

function wordOf(cell: string | undefined): string | null {
  return cell === undefined || unknownWords.test(cell) ? null : cell
}

/** Without the vendor's word in front: `Ascend 310P3` and `310P3` are one name, `Ascend910` is another kind of name. */
export function nameOf(text: string): string | null {
  const name = text.trim().replace(/^Ascend\s+/i, '')
  return unknownWords.test(name) ? null : name
}

/** As it is printed, but for what wrapping put into it. */
function busIdOf(cell: string | undefined): string | null {
  const text = (cell ?? '').replaceAll(' ', '')
  return busAddress.test(text) ? text : null
}
