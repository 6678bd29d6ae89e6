/** Cells of `npu-smi info`: several values in one, told apart by what the header says about them. */

export type MeasureKind = 'power' | 'temperature' | 'memory' | 'hbm' | 'other'

export interface MeasureLabel {
  readonly kind: MeasureKind
  /** `1074 / 21534` rather than `15.8`. */
  readonly form: 'single' | 'usage'
  /** Multiplier to watts, degrees Celsius or megabytes; null where the unit is none of the kind's. */
  readonly scale: number | null
}

export interface Measure {
  /** Null where the table says NA or `-`. */
  readonly value: number | null
  /** The right one of a usage. */
  readonly total: number | null
}

const megabytes: Readonly<Record<string, number>> = { mb: 1, mib: 1, m: 1, gb: 1024, gib: 1024, g: 1024 }
const scales: Readonly<Record<MeasureKind, Readonly<Record<string, number>>>> = {
  power: { w: 1 },
  temperature: { c: 1, '°c': 1, '℃': 1 },
  memory: megabytes,
  hbm: megabytes,
  other: {},
}

const kinds: readonly [MeasureKind, RegExp][] = [
  ['power', /^power/i],
  ['temperature', /^temp/i],
  ['hbm', /^hbm[-\s]?usage/i],
  ['memory', /^(ddr|memory)[-\s]?usage/i],
]

/** `Power(W)     Temp(C)           Hugepages-Usage(page)`: every label ends with its unit. */
export function measureLabels(cell: string): readonly MeasureLabel[] {
  // A name begins behind a parenthesis: looking for one at each of its letters takes seconds of a long line.
  return [...cell.matchAll(/(?<![^()])([^()]+)\(([^()]*)\)/g)].map(([, name = '', unit = '']) => {
    const kind = kinds.find(([, pattern]) => pattern.test(name.trim()))?.[0] ?? 'other'
    const isUsage = /usage/i.test(name) && unit.trim() !== '%'
    return {
      kind,
      form: isUsage ? 'usage' : 'single',
      scale: scales[kind][unit.trim().toLowerCase()] ?? null,
    }
  })
}

const token = /N\/A|NA|-(?![\d.])|-?\d+(?:\.\d+)?(?:\s?(?:MiB|MB|W|C|%))?|\//giy

/**
 * The values of a cell in the order of its labels; undefined when they cannot be told apart. A slash may stick to the
 * numbers around it.
 */
export function parseMeasures(labels: readonly MeasureLabel[], cell: string): readonly Measure[] | undefined {
  const tokens = tokensOf(cell)
  if (tokens === undefined) return undefined
  const found: Measure[] = []
  let next = 0
  for (const { form } of labels) {
    const [first, slash, second] = tokens.slice(next, next + 3)
    if (first === undefined || first === '/') return undefined
    if (form === 'usage' && slash === '/' && second !== undefined && second !== '/') {
      found.push({ value: numberOf(first), total: numberOf(second) })
      next += 3
    } else if (slash !== '/' && (form === 'single' || numberOf(first) === null)) {
      found.push({ value: numberOf(first), total: null })
      next += 1
    } else return undefined
  }
  return next === tokens.length ? found : undefined
}

function tokensOf(cell: string): string[] | undefined {
  const text = cell.trim()
  const tokens: string[] = []
  let index = 0
  while (index < text.length) {
    if (/\s/.test(text[index]!)) {
      index += 1
      continue
    }
    token.lastIndex = index
    const found = token.exec(text)?.[0]
    if (found === undefined) return undefined
    tokens.push(found)
    index += found.length
  }
  return tokens
}

function numberOf(text: string): number | null {
  const value = Number.parseFloat(text)
  return Number.isFinite(value) ? value : null
}

/** Vertical bars of any drawing, the outer ones not always there. */
export function splitCells(line: string): string[] | undefined {
  const text = line.replace(/[│┃║¦]/g, '|').trim()
  if (!text.includes('|')) return undefined
  const cells = text.split('|').map(cell => cell.replace(/\s+/g, ' ').trim())
  if (text.startsWith('|')) cells.shift()
  if (text.endsWith('|')) cells.pop()
  return cells
}

export function isSeparator(line: string): boolean {
  const text = line.trim()
  return text !== '' && /^[-+=|:\s─━═┼╪╬├┤╞╡╠╣┌┐└┘╔╗╚╝┬┴╤╧╦╩]+$/.test(text) && /[-=─━═]{3}/.test(text)
}
