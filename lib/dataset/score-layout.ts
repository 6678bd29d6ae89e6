/** Finds out what the columns of a score file hold, by what stands in them. */
import type { DatasetError } from '../errors'
import { expectedTrials, Table, type Column } from './score-columns'
import { headerOf } from './score-header'
import { chooseKey, chooseSource } from './score-keys'
import { chooseScore, excerpt, findSpoiltScores } from './score-numbers'
import { splitAtBlanks } from './text-lines'
import type { Trial } from './trial'

/** `other` columns are not used: speakers, constants, labels in numbers, predictions. */
export type ScoreColumn = 'utterance' | 'source' | 'key' | 'score' | 'other'

export interface ScoreLayout {
  /** What the columns hold, from left to right. */
  readonly columns: readonly ScoreColumn[]
  readonly separator: 'blanks' | 'commas'
  /** Whether the first line names the columns. */
  readonly header: boolean
}

export interface LayoutSample {
  /** Lines from the start of the file, none of them blank. */
  readonly lines: readonly string[]
  /** What the protocol says of a name as it stands in the file; undefined without a protocol. */
  readonly trialOf: ((name: string) => Trial | undefined) | undefined
  /** Makes an error about the first line. */
  readonly fail: (found: string, expected: string) => DatasetError
}

export interface DetectedLayout {
  readonly layout: ScoreLayout
  /** Places of columns that say the same as the key in the whole sample, while nothing tells which is the key. */
  readonly keysAlike: readonly number[]
}

/** Enough to tell columns apart, and looked at in a few milliseconds. */
const mostRows = 512
/** Beyond what any tool writes; a line has room for two thousand, which would take seconds to look at. */
const mostColumns = 64

/**
 * The layout that fits most of the sample, by at most 512 rows spread over it; single rows that do not fit it are
 * refused when they are read. Where the content leaves it open, as in a file of a few rows, columns are where the AASIST
 * tools (`utterance source key score`) and the organisers (`speaker utterance - source key score`) have them.
 *
 * @throws DatasetError of `fail` when columns cannot be told apart, or nothing says which trials are bona fide
 */
export function detectLayout({ lines, trialOf, fail }: LayoutSample): DetectedLayout {
  const separator = separatorOf(lines)
  const names = headerOf(splitLine(lines[0]!, separator))
  if (names !== undefined && lines.length === 1) {
    return { layout: { columns: [], separator, header: true }, keysAlike: [] }
  }
  const table = tableOf({ lines, trialOf, fail }, separator, names)
  const { columns } = table

  const known = table.knownUtterances()
  const { key, alike } = chooseKey(table, known, fail)
  const rest = columns.filter(column => column !== known && column !== key)
  const choice = chooseScore(table, rest, expectedTrials(table, known, key))
  if (choice === 'several scores') {
    throw fail(`several columns of scores: ${describe(columns)}`, 'one of them: leave out the others')
  }
  if (choice === 'several numbers') {
    const expected = 'one column of scores: leave out the others, or name it "score" in a first line'
    throw fail(`several columns of numbers: ${describe(columns)}`, expected)
  }
  const utterance = known ?? table.utterances(rest.filter(column => column !== choice.score))
  if (utterance === undefined) {
    const expected = 'a column with the name of every clip, and one with its score, between blanks or commas'
    throw fail(`no column of utterances: ${describe(columns)}`, expected)
  }
  const source = chooseSource(
    table,
    rest.filter(column => column !== utterance && column !== choice.score),
    key,
    expectedTrials(table, utterance, key),
  )
  const others = columns.filter(column => ![utterance, key, source, choice.score].includes(column))
  // A column of scores of which none is a number, as in a file of one bad row.
  const score =
    choice.score ?? others.find(({ index, numbers }) => index === columns.length - 1 && numbers === 0)
  if (score === undefined) {
    const found = columns.some(column => column !== utterance && column.numbers > 0) ? 'scores' : 'numbers'
    throw fail(`no column of ${found}: ${describe(columns)}`, 'one with the scores')
  }
  if (!choice.isNamed) {
    const spoilt = findSpoiltScores(table, { others, score, utterance, separator })
    if (spoilt !== undefined) throw fail(spoilt.found, spoilt.expected)
  }
  if (key === undefined && source === undefined && trialOf === undefined) {
    const expected =
      'a column of bonafide and spoof, or of "-" and attacks such as A07; or give the protocol that says it (--protocol)'
    throw fail(`nothing that says which utterances are bona fide: ${describe(columns)}`, expected)
  }
  const roles = new Map<Column, ScoreColumn>([[utterance, 'utterance']])
  roles.set(score, 'score')
  if (key !== undefined) roles.set(key, 'key')
  if (source !== undefined) roles.set(source, 'source')
  return {
    layout: {
      columns: columns.map(column => roles.get(column) ?? 'other'),
      separator,
      header: names !== undefined,
    },
    keysAlike: alike.filter(column => !roles.has(column)).map(({ index }) => index),
  }
}

/** Of rows with as many columns as most have. */
function tableOf(
  { lines, trialOf, fail }: LayoutSample,
  separator: ScoreLayout['separator'],
  names: readonly string[] | undefined,
): Table {
  const body = spread(names === undefined ? lines : lines.slice(1), mostRows)
  const rows = regularRows(body.map(line => splitLine(line, separator)))
  const width = rows[0]!.length
  if (width > mostColumns) {
    throw fail(`${width} columns`, `at most ${mostColumns}, one with scores: is this another file?`)
  }
  return new Table({ rows, names, trialOf })
}

/** The cells of a line; `into` as for {@link splitAtBlanks}. */
export function splitLine(line: string, separator: ScoreLayout['separator'], into?: string[]): string[] {
  return separator === 'blanks' ? splitAtBlanks(line, into) : line.split(',').map(unquoted)
}

function unquoted(cell: string): string {
  const text = cell.trim()
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}

/** Commas, unless there are blanks inside of what they separate: in `LA_E_1000147 1,5` the comma is a decimal one. */
function separatorOf(lines: readonly string[]): ScoreLayout['separator'] {
  const first = spread(lines, mostRows)
  const withCommas = first.filter(line => {
    const cells = line.split(',')
    return cells.length > 1 && !cells.some(cell => /[ \t]/.test(cell.trim()))
  })
  return 2 * withCommas.length > first.length ? 'commas' : 'blanks'
}

/**
 * At most so many, spread over all: files may be sorted by class. Not at equal distances, which in a file that goes from
 * class to class in turns would meet one class alone; by the golden ratio, the places within the distances are all over.
 */
function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items
  const distance = items.length / most
  return Array.from(
    { length: most },
    (_, index) => items[Math.floor((index + ((index * 0.618034) % 1)) * distance)]!,
  )
}

/** The rows with as many columns as most have. */
function regularRows(rows: readonly string[][]): readonly string[][] {
  const counts = new Map<number, number>()
  for (const { length } of rows) counts.set(length, (counts.get(length) ?? 0) + 1)
  const [width] = [...counts].reduce((best, next) => (next[1] > best[1] ? next : best), [0, 0])
  return rows.filter(({ length }) => length === width)
}

const mostDescribed = 12

/** `column 1 like "LA_E_1000147", column 2 of numbers like "0.5"`. */
function describe(columns: readonly Column[]): string {
  const shown = columns.slice(0, mostDescribed).map(({ index, cells, numbers, keys }) => {
    const kind = numbers > 0 ? ' of numbers' : keys > 0 ? ' of keys' : ''
    return `column ${index + 1}${kind} like ${excerpt(cells[0]!)}`
  })
  const more = columns.length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')
}
