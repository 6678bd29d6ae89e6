/** Which column of a score file holds the scores. */
import type { Column, ExpectedTrial, Table } from './score-columns'
import { isNamedOtherwise, scoreRank } from './score-header'
import { plainUtterance } from './score-words'

export interface ScoreChoice {
  /** Undefined when no column holds numbers that can be scores. */
  readonly score: Column | undefined
  /** Whether the first line calls it so. */
  readonly isNamed: boolean
}

type Expected = readonly (ExpectedTrial | undefined)[]

/**
 * The column that the first line calls a score; else the only one of numbers; else the one with fractions, when what is
 * whole can only be labels, constants and identities. `columns` are those that are neither known utterances nor keys.
 */
export function chooseScore(
  table: Table,
  columns: readonly Column[],
  expected: Expected,
): ScoreChoice | 'several scores' | 'several numbers' {
  for (const rank of [3, 2, 1]) {
    const named = columns.filter(({ name }) => name !== undefined && scoreRank(name) === rank)
    // "Prediction" and "output" can be labels or words, the others cannot.
    const usable = named.filter(column => table.isMost(column.numbers) && (rank > 1 || !column.isLabels))
    const choice = usable.length > 0 || rank === 1 ? usable : named
    if (choice.length > 1) return 'several scores'
    if (choice.length === 1) return { score: choice[0], isNamed: rank > 1 }
  }
  const numbers = columns.filter(column => canBeScore(column, table))
  if (numbers.length < 2) return { score: numbers[0], isNamed: false }
  const score = withFractions(table, numbers, columns, expected) ?? wholeAmong(table, numbers)
  return score === undefined ? 'several numbers' : { score, isNamed: false }
}

function canBeScore(column: Column, table: Table): boolean {
  const { name, numbers, hasFractions, hasLeadingZeros } = column
  if (name !== undefined && isNamedOtherwise(name)) return false
  return table.isMost(numbers) && (hasFractions || !hasLeadingZeros)
}

function withFractions(
  table: Table,
  numbers: readonly Column[],
  columns: readonly Column[],
  expected: Expected,
): Column | undefined {
  const fractions = numbers.filter(({ hasFractions }) => hasFractions)
  const [score, second] = fractions.length > 1 ? fractions.filter(({ distinct }) => distinct > 1) : fractions
  if (score === undefined || second !== undefined) return undefined
  const texts = columns.filter(column => !table.isMost(column.numbers))
  const utterance = table.knownUtterances() ?? table.utterances(texts)
  const isClear = numbers
    .filter(column => column !== score && !column.hasFractions)
    .every(column => isLabel(column, expected) || isIdentity(column, score, { table, expected, utterance }))
  return isClear ? score : undefined
}

/** Of whole numbers alone, the only ones that are neither labels nor constant. */
function wholeAmong(table: Table, numbers: readonly Column[]): Column | undefined {
  if (numbers.some(({ hasFractions }) => hasFractions)) return undefined
  const scores = numbers.filter(
    ({ isLabels, distinct }) => !isLabels && (distinct > 1 || table.rowCount === 1),
  )
  return scores.length === 1 ? scores[0] : undefined
}

/** Of two values, several times each, or of one; or a number for every attack, and one of its own for bona fide speech. */
function isLabel({ isLabels, distinct, hasNegatives, values }: Column, expected: Expected): boolean {
  if (isLabels || distinct === 1) return true
  if (hasNegatives) return false
  if (distinct === 2) return values.length > 2
  const bonafide = values.filter((_, row) => expected[row]?.key === 'bonafide')
  const isOfSpoof = (value: number, row: number): boolean =>
    expected[row]?.key === 'spoof' && value === bonafide[0]
  return bonafide.length > 1 && new Set(bonafide).size === 1 && !values.some(isOfSpoof)
}

interface IdentityContext {
  readonly table: Table
  readonly expected: Expected
  /** Undefined when no text can be the names of clips. */
  readonly utterance: Column | undefined
}

/** An index, a speaker, or the name of the clip, and not a score beside, say, durations. */
function isIdentity(column: Column, score: Column, { table, expected, utterance }: IdentityContext): boolean {
  const { distinct, hasNegatives, values } = column
  const { rowCount } = table
  if (hasNegatives) return false
  const isUnique = distinct === rowCount
  const isRising = values.every((value, row) => row === 0 || value > values[row - 1]!)
  // Among a hundred whole scores some are the same.
  const isMany = rowCount >= 100
  if (isRising && (isMany || hasOneStep(values))) return true
  if (isUnique && utterance === undefined) return true
  // In front of everything else of a protocol, with the score behind it.
  const [first, last] = [0, table.columns.length - 1]
  if (column.index === first && utterance?.index === 1 && last >= 4 && score.index === last) return true
  const isOfFew = 2 * distinct <= rowCount && rowCount >= fewRows
  const looksSo = isOfFew || (isMany && isUnique)
  return looksSo && separation(column, expected) <= separation(score, expected)
}

/** Whole scores of fewer rows than this can be as few, or stand in any order, by chance. */
const fewRows = 16

function hasOneStep(values: readonly number[]): boolean {
  const step = values[1]! - values[0]!
  const isStep = (value: number, row: number): boolean => row === 0 || value - values[row - 1]! === step
  return (step === 1 || values.length >= fewRows) && values.every(isStep)
}

/** How well a column tells the classes apart: from 0, not at all, to 1; 0 too when there is one class. By rank sums. */
function separation({ values }: Column, expected: Expected): number {
  const sorted = values
    .map((value, row) => ({ value, key: expected[row]?.key }))
    .filter(({ value, key }) => key !== undefined && !Number.isNaN(value))
    .sort((a, b) => a.value - b.value)
  let rankSum = 0
  let bonafide = 0
  for (let start = 0; start < sorted.length;) {
    let end = start + 1
    while (end < sorted.length && sorted[end]!.value === sorted[start]!.value) end++
    const equal = sorted.slice(start, end).filter(({ key }) => key === 'bonafide').length
    rankSum += (equal * (start + end + 1)) / 2
    bonafide += equal
    start = end
  }
  const pairs = bonafide * (sorted.length - bonafide)
  return pairs === 0 ? 0 : Math.abs((2 * (rankSum - (bonafide * (bonafide + 1)) / 2)) / pairs - 1)
}

interface ScoreContext {
  /** Columns that are not used. */
  readonly others: readonly Column[]
  readonly score: Column
  readonly utterance: Column
  readonly separator: 'blanks' | 'commas'
}

/** What speaks against a column of scores: another one with what may be the real ones, which do not read as numbers. */
export function findSpoiltScores(
  table: Table,
  { others, score, utterance, separator }: ScoreContext,
): { readonly found: string; readonly expected: string } | undefined {
  const tail = others.find(
    ({ index, hasLeadingZeros }) => hasLeadingZeros && index === score.index + 1 && separator === 'commas',
  )
  if (tail !== undefined && !score.hasFractions) {
    return {
      found: `columns ${score.index + 1} and ${tail.index + 1} like ${JSON.stringify(`${score.cells[0]!},${tail.cells[0]!}`)}, which may be a decimal comma`,
      expected: 'scores with a point, such as -1.5; or the name "score" above their column in a first line',
    }
  }
  const spoilt = others.find(column => {
    if (table.isMost(column.numbers)) return false
    return score.hasFractions
      ? isSpoiltFraction(column, table)
      : isSpoiltNumber(column, table) || isLikeNoName(column, utterance, table)
  })
  if (spoilt === undefined) return undefined
  const example = spoilt.cells.find((_, row) => Number.isNaN(spoilt.values[row]))!
  return {
    found: `column ${spoilt.index + 1}, like ${excerpt(example)}, is no number, and the numbers of column ${score.index + 1} need not be scores`,
    expected: 'scores as plain decimals such as -1.5; or the name "score" above their column in a first line',
  }
}

const varies = ({ distinct }: Column, { rowCount }: Table): boolean => distinct > 1 || rowCount === 1

/** What tools write where a clip has no score; `none` and `NA` stand in columns of codecs too. */
const failure = /^(fail(ed|ure)?|err(or)?|exception|timeout)$/i

function isOfFailures({ cells, values }: Column): boolean {
  return cells.every((cell, row) => !Number.isNaN(values[row]) || failure.test(cell))
}

/** Beside whole numbers, which may be labels or identities. */
function isSpoiltNumber(column: Column, table: Table): boolean {
  const { cells, numbers, hasFractions, wrappedNumbers } = column
  if (isOfFailures(column)) return true
  if (table.isMost(wrappedNumbers) && varies(column, table)) return true
  // Numbers in some rows and words such as FAILED in the others; codecs have numbers and dashes.
  return numbers > 0 && (hasFractions || cells.some(cell => /[a-z]/i.test(cell)))
}

/** Beside other fractions, which may be durations. */
function isSpoiltFraction(column: Column, table: Table): boolean {
  const { cells, numbers, hasFractions, wrappedNumbers, distinct } = column
  if (isOfFailures(column) || (numbers > 0 && hasFractions)) return true
  const isFractional = cells.some(cell => /[.,]\d/.test(cell))
  return table.isMost(wrappedNumbers) && varies(column, table) && table.isMost(distinct) && isFractional
}

/** Digits, hardly ever the same, and neither the name of a speaker (`LA_0014`) nor the clip's in other words. */
function isLikeNoName(column: Column, utterance: Column, table: Table): boolean {
  const { cells, clipNames, distinct } = column
  const count = (matches: (cell: string, row: number) => boolean): number => cells.filter(matches).length
  if (!table.isMost(distinct) || !table.isMost(count(cell => /\d/.test(cell)))) return false
  return !(
    table.isMost(clipNames) ||
    table.isMost(count(cell => /^[a-z][\w./\\-]*$/i.test(cell))) ||
    table.isMost(count((cell, row) => plainUtterance(cell) === plainUtterance(utterance.cells[row]!)))
  )
}

/** A cell in quotes, for a message. */
export function excerpt(cell: string): string {
  return JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell)
}
