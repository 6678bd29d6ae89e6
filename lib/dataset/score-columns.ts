/** What stands in the columns of a sample of a score file. */
import { parseDecimal } from './decimal'
import { isBonafideSource, isChallengeAttack, keyOfWord, parseSource } from './score-words'
import type { Trial, TrialKey } from './trial'

/** In how many of the rows a column holds what. */
export interface Column {
  readonly index: number
  /** In the first line; undefined without one, or where it has another number of columns. */
  readonly name: string | undefined
  readonly cells: readonly string[]
  /** NaN for what is none. */
  readonly values: readonly number[]
  /** Numbers, NaN and infinities among them. */
  readonly numbers: number
  readonly hasFractions: boolean
  readonly hasNegatives: boolean
  /** Whole numbers with zeros in front, as in `0014`: no tool writes scores so. */
  readonly hasLeadingZeros: boolean
  /** Nothing but 1, 0 and -1. */
  readonly isLabels: boolean
  readonly keys: number
  readonly spoofKeys: number
  /** Names of attacks such as A07. */
  readonly attacks: number
  readonly bonafideSources: number
  /** Names of clips by their looks: LA_E_1000147, E_0000000000, a.flac. */
  readonly clipNames: number
  /** Numbers with something around them: `tensor(0.53)`, `[0.53]`, `0,53`, `1.85%`. */
  readonly wrappedNumbers: number
  readonly known: number
  readonly distinct: number
}

const notFinite = /^[+-]?(nan|inf|infinity)$/i
const clipName = /^([A-Z]{2}_)?[A-Z]_\d{6,}$|\.(flac|wav)$/i
const leadingZeros = /^[+-]?0\d+$/
const wrappedNumber =
  /^(?:[a-z_][\w.]*[=:([{])?[([{"'=:]*[-+\u2212]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[-+]?\d+)?%?[)\]}"',;]*$/i

export interface TableSource {
  readonly rows: readonly (readonly string[])[]
  readonly names: readonly string[] | undefined
  readonly trialOf: ((name: string) => Trial | undefined) | undefined
}

/** A sample of rows of the same width. */
export class Table {
  readonly columns: readonly Column[]
  readonly rowCount: number
  readonly trialOf: TableSource['trialOf']

  constructor({ rows, names, trialOf }: TableSource) {
    this.rowCount = rows.length
    this.trialOf = trialOf
    const width = rows[0]!.length
    const named = names?.length === width ? names : undefined
    this.columns = Array.from({ length: width }, (_, index) =>
      this.profile(
        rows.map(row => row[index]!),
        index,
        named?.[index],
      ),
    )
  }

  private profile(cells: readonly string[], index: number, name: string | undefined): Column {
    const count = (matches: (cell: string) => boolean): number => cells.filter(matches).length
    const values = cells.map(parseDecimal)
    const numbers = values.filter(number => !Number.isNaN(number))
    return {
      index,
      name,
      cells,
      values,
      numbers: numbers.length + count(cell => notFinite.test(cell)),
      hasFractions: numbers.some(number => !Number.isInteger(number)),
      hasNegatives: numbers.some(number => number < 0),
      hasLeadingZeros: cells.some(cell => leadingZeros.test(cell)),
      isLabels: numbers.every(number => Math.abs(number) <= 1 && Number.isInteger(number)),
      keys: count(cell => keyOfWord(cell) !== undefined),
      spoofKeys: count(cell => keyOfWord(cell) === 'spoof'),
      attacks: count(isChallengeAttack),
      bonafideSources: count(isBonafideSource),
      clipNames: count(cell => clipName.test(cell)),
      wrappedNumbers: cells.filter(
        (cell, row) => Number.isNaN(values[row]) && !notFinite.test(cell) && wrappedNumber.test(cell),
      ).length,
      known: this.trialOf === undefined ? 0 : count(cell => this.trialOf!(cell) !== undefined),
      distinct: new Set(cells).size,
    }
  }

  isMost(count: number): boolean {
    return count > 0 && 2 * count >= this.rowCount
  }

  /** The column with utterances of the protocol. */
  knownUtterances(): Column | undefined {
    const [best] = [...this.columns].sort((a, b) => b.known - a.known)
    return best !== undefined && this.isMost(best.known) ? best : undefined
  }

  utterances(columns: readonly Column[]): Column | undefined {
    const candidates = columns
      .filter(({ distinct }) => this.isMost(distinct))
      .filter(
        ({ attacks, bonafideSources, keys, wrappedNumbers }) =>
          !this.isMost(Math.max(attacks, bonafideSources, keys, wrappedNumbers)),
      )
    const rank = ({ clipNames, numbers }: Column): number =>
      2 * Number(this.isMost(clipNames)) + Number(!this.isMost(numbers))
    // Where there is a speaker, it comes first.
    const place = (column: Column): number =>
      this.columns.length < 5 ? column.index : Math.abs(column.index - 1)
    return candidates.sort((a, b) => rank(b) - rank(a) || b.distinct - a.distinct || place(a) - place(b))[0]
  }
}

/** What a row's trial is known to be, before the row is read. */
export interface ExpectedTrial {
  readonly key: TrialKey
  readonly attack: string | undefined
}

/** By the protocol, else by the key; undefined where neither says it. */
export function expectedTrials(
  table: Table,
  utterance: Column | undefined,
  key: Column | undefined,
): readonly (ExpectedTrial | undefined)[] {
  return Array.from({ length: table.rowCount }, (_, row) => {
    const trial = utterance && table.trialOf?.(utterance.cells[row]!)
    if (trial !== undefined) return trial
    const word = key && keyOfWord(key.cells[row]!)
    return word && { key: word, attack: undefined }
  })
}

/** How far the cells of a column, read as sources, say what trials are expected to be. */
export interface Agreement {
  /** Share of the rows of which something is expected; 0 when there is none. */
  readonly overall: number
  /** Of the class with the smaller share. */
  readonly worst: number
  readonly classes: number
}

/** By class too: in a list of spoofs, nearly, every text says "spoof" nearly always. */
export function agreementOf(column: Column, expected: readonly (ExpectedTrial | undefined)[]): Agreement {
  const told = { bonafide: 0, spoof: 0 }
  const agreeing = { bonafide: 0, spoof: 0 }
  for (const [row, trial] of expected.entries()) {
    if (trial === undefined) continue
    told[trial.key]++
    const { key, attack } = parseSource(column.cells[row]!)
    const isSame =
      key === trial.key && (trial.attack === undefined || attack === parseSource(trial.attack).attack)
    if (isSame) agreeing[key]++
  }
  const keys = (['bonafide', 'spoof'] as const).filter(key => told[key] > 0)
  if (keys.length === 0) return { overall: 0, worst: 0, classes: 0 }
  return {
    overall: (agreeing.bonafide + agreeing.spoof) / (told.bonafide + told.spoof),
    worst: Math.min(...keys.map(key => agreeing[key] / told[key])),
    classes: keys.length,
  }
}
