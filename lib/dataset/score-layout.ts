/** Finds out what the columns of a score file hold, by what stands in them. */
import type { DatasetError } from '../errors'
import { parseDecimal } from './decimal'
import { isBonafideSource, isChallengeAttack, keyOfWord, parseSource } from './score-words'
import { splitAtBlanks } from './text-lines'
import type { Trial, TrialKey } from './trial'

/** `other` columns are not used: speakers, constants, labels in numbers. */
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

/** Enough to tell columns apart, and looked at in a few milliseconds. */
const mostRows = 512
/** Beyond what any tool writes; a line has room for two thousand, which would take seconds to look at. */
const mostColumns = 64

/**
 * The layout that fits most of the sample; single rows that do not fit it are refused when they are read. Where the
 * content leaves it open, as in a file of a few rows, columns are where the AASIST tools (`utterance source key score`)
 * and the organisers (`speaker utterance - source key score`) have them.
 *
 * @throws DatasetError of `fail` when columns cannot be told apart, or nothing says which trials are bona fide
 */
export function detectLayout({ lines, trialOf, fail }: LayoutSample): ScoreLayout {
  const separator = separatorOf(lines)
  const names = headerOf(splitLine(lines[0]!, separator))
  if (names !== undefined && lines.length === 1) return { columns: [], separator, header: true }
  const body = spread(names === undefined ? lines : lines.slice(1), mostRows)
  const rows = regularRows(body.map(line => splitLine(line, separator)))
  const width = rows[0]!.length
  if (width > mostColumns) {
    throw fail(`${width} columns`, `at most ${mostColumns}, one with scores: is this another file?`)
  }
  const table = new Table(rows, trialOf)
  const { columns } = table

  const known = table.knownUtterances()
  const key = table.keys(known)
  const rest = columns.filter(column => column !== known && column !== key)
  const numbers = rest.filter(column => 2 * column.numbers >= rows.length)
  let score = scoreAmong(numbers, names)
  if (score === undefined && numbers.length > 1) {
    const expected = 'one column of scores: leave out the others, or name it "score" in a first line'
    throw fail(`several columns of numbers: ${describe(columns)}`, expected)
  }
  const utterance = known ?? table.utterances(rest.filter(column => column !== score))
  if (utterance === undefined) {
    const expected = 'a column with the name of every clip, and one with its score, between blanks or commas'
    throw fail(`no column of utterances: ${describe(columns)}`, expected)
  }
  const source = table.sources(
    rest.filter(column => column !== utterance && column !== score),
    utterance,
    key,
  )
  // A column of scores of which none is a number, as in a file of one bad row.
  score ??= columns.slice(-1).find(column => ![utterance, key, source].includes(column))
  if (score === undefined) throw fail(`no column of numbers: ${describe(columns)}`, 'one with the scores')
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
    columns: columns.map(column => roles.get(column) ?? 'other'),
    separator,
    header: names !== undefined,
  }
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

const headerWords = new Set(
  (
    'score scores cmscore cmscores llr logit logits prob probability prediction output ' +
    'filename file fileid utterance utt uttid utteranceid trial trialid path wav audio flacfilename'
  ).split(' '),
)
const scoreWords = new Set(['score', 'scores', 'cmscore', 'cmscores'])

/** The names of the columns, in small letters without marks; undefined when the line is one of scores. */
function headerOf(cells: readonly string[]): readonly string[] | undefined {
  const names = cells.map(cell => cell.toLowerCase().replace(/[^a-z0-9]/g, ''))
  const holdsData = cells.some(cell => !Number.isNaN(parseDecimal(cell)) || keyOfWord(cell) !== undefined)
  return !holdsData && names.some(name => headerWords.has(name)) ? names : undefined
}

/** At most so many, evenly spread: files may be sorted by class. */
function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items
  return Array.from({ length: most }, (_, index) => items[Math.floor((index * items.length) / most)]!)
}

/** The rows with as many columns as most have. */
function regularRows(rows: readonly string[][]): readonly string[][] {
  const counts = new Map<number, number>()
  for (const { length } of rows) counts.set(length, (counts.get(length) ?? 0) + 1)
  const [width] = [...counts].reduce((best, next) => (next[1] > best[1] ? next : best), [0, 0])
  return rows.filter(({ length }) => length === width)
}

/** What stands in a column: in how many of the rows. */
interface Column {
  readonly index: number
  readonly example: string
  /** Numbers, NaN and infinities among them. */
  readonly numbers: number
  readonly hasFractions: boolean
  /** Nothing but 1, 0 and -1. */
  readonly isLabels: boolean
  readonly keys: number
  /** Names of attacks such as A07. */
  readonly attacks: number
  readonly bonafideSources: number
  /** Names of clips by their looks: LA_E_1000147, E_0000000000, a.flac. */
  readonly clipNames: number
  readonly known: number
  readonly distinct: number
}

const notFinite = /^[+-]?(nan|inf|infinity)$/i
const clipName = /^([A-Z]{2}_)?[A-Z]_\d{6,}$|\.(flac|wav)$/i

class Table {
  readonly columns: readonly Column[]
  private readonly rows: readonly string[][]
  private readonly trialOf: LayoutSample['trialOf']

  constructor(rows: readonly string[][], trialOf: LayoutSample['trialOf']) {
    this.rows = rows
    this.trialOf = trialOf
    this.columns = rows[0]!.map((_, index) => this.profile(index))
  }

  private profile(index: number): Column {
    const cells = this.rows.map(row => row[index]!)
    const count = (matches: (cell: string) => boolean): number => cells.filter(matches).length
    const numbers = cells.map(parseDecimal).filter(number => !Number.isNaN(number))
    return {
      index,
      example: cells[0]!,
      numbers: numbers.length + count(cell => notFinite.test(cell)),
      hasFractions: numbers.some(number => !Number.isInteger(number)),
      isLabels: numbers.every(number => Math.abs(number) <= 1 && Number.isInteger(number)),
      keys: count(cell => keyOfWord(cell) !== undefined),
      attacks: count(isChallengeAttack),
      bonafideSources: count(isBonafideSource),
      clipNames: count(cell => clipName.test(cell)),
      known: this.trialOf === undefined ? 0 : count(cell => this.trialOf!(cell) !== undefined),
      distinct: new Set(cells).size,
    }
  }

  private isMost(count: number): boolean {
    return count > 0 && 2 * count >= this.rows.length
  }

  /** The column with utterances of the protocol. */
  knownUtterances(): Column | undefined {
    const [best] = [...this.columns].sort((a, b) => b.known - a.known)
    return best !== undefined && this.isMost(best.known) ? best : undefined
  }

  /** In a list of bona fide speech the sources can look like keys; keys stand behind them. */
  keys(utterance: Column | undefined): Column | undefined {
    return this.columns
      .filter(column => column !== utterance && this.isMost(column.keys))
      .filter(({ attacks }) => attacks === 0)
      .sort((a, b) => b.keys - a.keys || b.index - a.index)[0]
  }

  utterances(columns: readonly Column[]): Column | undefined {
    const candidates = columns
      .filter(({ distinct }) => this.isMost(distinct))
      .filter(({ attacks, bonafideSources, keys }) => !this.isMost(Math.max(attacks, bonafideSources, keys)))
    const rank = ({ clipNames, numbers }: Column): number =>
      2 * Number(this.isMost(clipNames)) + Number(!this.isMost(numbers))
    // Where there is a speaker, it comes first.
    const place = (column: Column): number =>
      this.columns.length < 5 ? column.index : Math.abs(column.index - 1)
    return candidates.sort((a, b) => rank(b) - rank(a) || b.distinct - a.distinct || place(a) - place(b))[0]
  }

  /** The column that says the same of a trial as the protocol or the key does, or that names attacks by their looks. */
  sources(columns: readonly Column[], utterance: Column, key: Column | undefined): Column | undefined {
    const expected = this.rows.map(row => this.expectedSource(row, utterance, key))
    const classes = new Set(expected.map(trial => trial?.key))
    const agreement = (column: Column): number => {
      const told = this.rows.filter((_, index) => expected[index] !== undefined)
      const agreeing = this.rows.filter((row, index) => agrees(row[column.index]!, expected[index]))
      return told.length === 0 ? 0 : agreeing.length / told.length
    }
    const usual = (column: Column): boolean => column.index === { 4: 1, 6: 3 }[this.columns.length]
    return columns
      .filter(column => !this.isMost(column.numbers))
      .map(column => ({ column, agreement: agreement(column) }))
      .filter(({ column, agreement }) => {
        const { attacks, bonafideSources } = column
        if (attacks > 0 && attacks + bonafideSources === this.rows.length) return true
        // Among spoofs alone, a column of speakers says as much as one of attacks.
        return agreement > 0.9 && (bonafideSources > 0 || classes.size > 1 || usual(column))
      })
      .sort(
        (a, b) =>
          b.agreement - a.agreement ||
          b.column.attacks - a.column.attacks ||
          distance(a.column, key) - distance(b.column, key),
      )[0]?.column
  }

  private expectedSource(
    row: readonly string[],
    utterance: Column,
    key: Column | undefined,
  ): { readonly key: TrialKey; readonly attack: string | undefined } | undefined {
    const trial = this.trialOf?.(row[utterance.index]!)
    if (trial !== undefined) return trial
    const word = key === undefined ? undefined : keyOfWord(row[key.index]!)
    return word === undefined ? undefined : { key: word, attack: undefined }
  }
}

function agrees(
  cell: string,
  expected: { readonly key: TrialKey; readonly attack: string | undefined } | undefined,
): boolean {
  if (expected === undefined) return false
  const { key, attack } = parseSource(cell)
  return (
    key === expected.key && (expected.attack === undefined || attack === parseSource(expected.attack).attack)
  )
}

/** Sources stand directly before the key. */
function distance(source: Column, key: Column | undefined): number {
  if (key === undefined) return 0
  return source.index < key.index ? key.index - source.index : 100 + source.index - key.index
}

/** Of several columns of numbers, the one with fractions, or the one named so; labels and identities are whole. */
function scoreAmong(columns: readonly Column[], names: readonly string[] | undefined): Column | undefined {
  if (columns.length < 2) return columns[0]
  const only = (candidates: readonly Column[]): Column | undefined =>
    candidates.length === 1 ? candidates[0] : undefined
  return (
    only(columns.filter(({ index }) => scoreWords.has(names?.[index] ?? ''))) ??
    only(columns.filter(({ hasFractions }) => hasFractions)) ??
    only(
      columns
        .filter(({ isLabels, hasFractions }) => !isLabels && !hasFractions)
        .filter(() => noFractions(columns)),
    )
  )
}

const noFractions = (columns: readonly Column[]): boolean =>
  columns.every(({ hasFractions }) => !hasFractions)

const mostDescribed = 12

/** `column 1 like "LA_E_1000147", column 2 of numbers like "0.5"`. */
function describe(columns: readonly Column[]): string {
  const shown = columns.slice(0, mostDescribed).map(({ index, example, numbers, keys }) => {
    const kind = numbers > 0 ? ' of numbers' : keys > 0 ? ' of keys' : ''
    const text = example.length > 40 ? `${example.slice(0, 40)}…` : example
    return `column ${index + 1}${kind} like ${JSON.stringify(text)}`
  })
  const more = columns.length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')
}
