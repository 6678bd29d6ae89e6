/** Which columns of a score file say what a trial is: keys and sources. */
import type { DatasetError } from '../errors'
import { agreementOf, expectedTrials, type Column, type ExpectedTrial, type Table } from './score-columns'
import { keyRank } from './score-header'
import { keyOfWord } from './score-words'

export interface KeyChoice {
  readonly key: Column | undefined
  /** Columns that say the same in every row of the sample, while nothing tells which of them is the key. */
  readonly alike: readonly Column[]
}

type Failure = (found: string, expected: string) => DatasetError

export const oneKey =
  'one column of keys: leave out the others (predictions?), name the right one "key" in a first line, or give the protocol (--protocol)'

/**
 * Of several columns of keys, the one that is named so, that says what the protocol says, or what the sources do: the
 * others may be predictions.
 *
 * @throws the failure when nothing tells it and they differ
 */
export function chooseKey(table: Table, utterance: Column | undefined, fail: Failure): KeyChoice {
  const candidates = table.columns
    .filter(column => column !== utterance && isOfKeys(column, table))
    .filter(({ name }) => keyRank(name ?? '') >= 0)
    // In a list of bona fide speech the sources can look like keys; keys stand behind them.
    .sort((a, b) => b.keys - a.keys || b.index - a.index)
  const [likeliest, ...others] = candidates
  if (likeliest === undefined || others.length === 0) return { key: likeliest, alike: [] }

  const named = onlyBest(candidates, ({ name }) => keyRank(name ?? ''), 1)
  if (named !== undefined) return { key: named, alike: [] }
  const differing = candidates.filter(column => differs(column, likeliest))
  if (table.trialOf !== undefined) {
    const expected = expectedTrials(table, utterance, undefined)
    const share = (column: Column): number =>
      expected.filter((trial, row) => trial && trial.key === keyOfWord(column.cells[row]!)).length
    const best = onlyBest(candidates, share, 1)
    if (best !== undefined) return { key: best, alike: [] }
    // The protocol says the keys; of two columns that can differ further down, one would contradict it.
    return { key: candidates.some(({ spoofKeys }) => spoofKeys > 0) ? undefined : likeliest, alike: [] }
  }
  const bySource = chooseBySources(table, candidates)
  if (bySource !== undefined) return { key: bySource, alike: [] }
  if (differing.length === 0) return { key: likeliest, alike: others }
  const alike = [...differing, likeliest].map(({ index }) => index + 1).sort((a, b) => a - b)
  const columns = `${alike.slice(0, -1).join(', ')} and ${alike.at(-1)!}`
  throw fail(`columns ${columns} look alike: they hold keys and differ`, oneKey)
}

/** The only one with the highest value, if that is high enough. */
function onlyBest(
  columns: readonly Column[],
  value: (column: Column) => number,
  least: number,
): Column | undefined {
  const values = columns.map(value)
  const highest = Math.max(...values)
  const best = columns.filter((_, index) => values[index] === highest)
  return highest >= least && best.length === 1 ? best[0] : undefined
}

function isOfKeys({ keys, attacks }: Column, table: Table): boolean {
  return table.isMost(keys) && attacks === 0
}

function differs(a: Column, b: Column): boolean {
  return a.cells.some((cell, row) => {
    const [one, other] = [keyOfWord(cell), keyOfWord(b.cells[row]!)]
    return one !== undefined && other !== undefined && one !== other
  })
}

/** The column of keys that says what a column of sources does, if there is one. */
function chooseBySources(table: Table, candidates: readonly Column[]): Column | undefined {
  const sources = table.columns.filter(column => !table.isMost(column.numbers) && !isOfKeys(column, table))
  const choices = candidates.flatMap(key => {
    const expected = expectedTrials(table, undefined, key)
    return sources.flatMap(source => {
      const { overall, worst, classes } = agreementOf(source, expected)
      const tells = isOfAttacks(source, table) || (classes > 1 && worst > 0.5)
      return tells && overall > 0.9 ? [{ key, overall, distance: distance(source, key) }] : []
    })
  })
  return choices.sort((a, b) => b.overall - a.overall || a.distance - b.distance)[0]?.key
}

/** Attacks such as A07 and words for bona fide speech, nothing else. */
function isOfAttacks({ attacks, bonafideSources }: Column, table: Table): boolean {
  return attacks > 0 && attacks + bonafideSources === table.rowCount
}

/** The column that says the same of a trial as the protocol or the key does, or that names attacks by their looks. */
export function chooseSource(
  table: Table,
  columns: readonly Column[],
  key: Column | undefined,
  expected: readonly (ExpectedTrial | undefined)[],
): Column | undefined {
  const usual = ({ index }: Column): boolean => index === { 4: 1, 6: 3 }[table.columns.length]
  return (
    columns
      .filter(column => !table.isMost(column.numbers))
      // Words for both classes are keys or predictions of them, and name no attack.
      .filter(
        column => !(isOfKeys(column, table) && (column.spoofKeys > 0 || keyRank(column.name ?? '') < 0)),
      )
      .map(column => ({ column, ...agreementOf(column, expected) }))
      .filter(({ column, overall, worst, classes }) => {
        if (isOfAttacks(column, table)) return true
        // Among spoofs alone, a column of speakers says as much as one of attacks.
        const tells = column.bonafideSources > 0 || classes > 1 || usual(column)
        return tells && overall > 0.9 && worst > 0.5
      })
      .sort(
        (a, b) =>
          b.overall - a.overall ||
          b.column.attacks - a.column.attacks ||
          distance(a.column, key) - distance(b.column, key),
      )[0]?.column
  )
}

/** Sources stand directly before the key. */
function distance(source: Column, key: Column | undefined): number {
  if (key === undefined) return 0
  return source.index < key.index ? key.index - source.index : 100 + source.index - key.index
}
