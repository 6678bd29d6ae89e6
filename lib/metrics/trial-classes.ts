import { ArgumentTypeError, MetricsError } from '../errors'
import { sortedScores, type Scores, type SortedScores } from './scores'

/** One trial of an evaluation list. `score` is undefined where the clip could not be scored. */
export interface ScoredTrial {
  readonly key: 'bonafide' | 'spoof'
  /** Name of the attack, such as `A07`; undefined for bona fide trials and where the list does not say. */
  readonly attack?: string | undefined
  /** Higher means more bona fide. */
  readonly score: number | undefined
}

/** The scores of an evaluation list by class, in any order. */
export interface ScoresByClass {
  readonly bonafide: Scores
  /** By the name of the attack. */
  readonly attacks: Readonly<Record<string, Scores>>
}

/** Trials, gone through once, or arrays of scores. */
export type TrialsOrScores =
  | { readonly trials: Iterable<ScoredTrial>; readonly scores?: undefined }
  | { readonly scores: ScoresByClass; readonly trials?: undefined }

/** The scores of a list by class, sorted; empty where no trial of a class has a score. */
export interface TrialClasses {
  readonly bonafide: SortedScores
  /** By name, every attack of the list, also those of which no trial has a score. */
  readonly attacks: ReadonlyMap<string, SortedScores>
  /** Spoof trials of no attack. */
  readonly unnamed: SortedScores
  /** All spoof trials that have a score. */
  readonly spoofCount: number
  /** Trials without a score. */
  readonly missing: number
}

/**
 * @throws MetricsError `METRICS_INVALID` when a score is NaN or infinite, or a key is neither of the two
 * @throws ArgumentTypeError `INVALID_ARGUMENT` when there is neither kind of input
 */
export function classesOf({ trials, scores }: TrialsOrScores): TrialClasses {
  if (scores !== undefined) {
    assertByClass(scores)
    const { bonafide, attacks } = scores
    return sortedClasses({ bonafide, attacks: Object.entries(attacks), unnamed: [], missing: 0 })
  }
  assertIterable(trials)
  const bonafide: number[] = []
  const unnamed: number[] = []
  const attacks = new Map<string, number[]>()
  let missing = 0
  for (const { key, attack, score } of trials) {
    let list = bonafide
    if (key !== 'bonafide') {
      assertSpoof(key)
      list = attack === undefined ? unnamed : (attacks.get(attack) ?? newAttack(attacks, attack))
    }
    if (score === undefined) missing++
    else list.push(score)
  }
  return sortedClasses({ bonafide, attacks, unnamed, missing })
}

/** All spoof trials, in parts that are sorted each for itself. */
export function spoofParts({ attacks, unnamed }: TrialClasses): SortedScores[] {
  return [...attacks.values(), unnamed].filter(({ length }) => length > 0)
}

/** Why nothing can be computed, if so. */
export function reasonOfMissingClass({ bonafide, spoofCount }: TrialClasses): string | undefined {
  if (bonafide.length === 0 && spoofCount === 0) return 'no trial has a score'
  if (bonafide.length === 0) return 'no bona fide trial has a score'
  if (spoofCount === 0) return 'no spoof trial has a score'
  return undefined
}

interface UnsortedClasses {
  readonly bonafide: Scores
  readonly attacks: Iterable<readonly [string, Scores]>
  readonly unnamed: Scores
  readonly missing: number
}

function sortedClasses({ bonafide, attacks, unnamed, missing }: UnsortedClasses): TrialClasses {
  const byName = [...attacks].sort(([a], [b]) => (a < b ? -1 : 1))
  const classes = {
    bonafide: sortedOrEmpty(bonafide, 'bona fide'),
    attacks: new Map(byName.map(([attack, scores]) => [attack, sortedOrEmpty(scores, `attack ${attack}`)])),
    unnamed: sortedOrEmpty(unnamed, 'spoof'),
    missing,
  }
  let spoofCount = classes.unnamed.length
  for (const { length } of classes.attacks.values()) spoofCount += length
  return { ...classes, spoofCount }
}

function newAttack(attacks: Map<string, number[]>, attack: string): number[] {
  const scores: number[] = []
  attacks.set(attack, scores)
  return scores
}

function assertIterable(trials: unknown): void {
  if (typeof trials === 'object' && trials !== null && Symbol.iterator in trials) return
  throw new ArgumentTypeError(
    `trials must be something to go through, such as an array, found ${typeof trials}`,
  )
}

function assertByClass(scores: unknown): void {
  const { bonafide, attacks } = (scores ?? {}) as Partial<Record<keyof ScoresByClass, unknown>>
  if (bonafide !== undefined && typeof attacks === 'object' && attacks !== null) return
  throw new ArgumentTypeError('scores must hold those of the bona fide trials and, by name, of the attacks')
}

// JavaScript callers pass any word, and whatever is not bona fide would count as spoof.
function assertSpoof(key: string): void {
  if (key === 'spoof') return
  throw new MetricsError('METRICS_INVALID', `a trial has the key "${key}"; expected bonafide or spoof`, {
    found: key,
  })
}

function sortedOrEmpty(scores: Scores, className: string): SortedScores {
  return scores.length === 0 ? (new Float64Array() as SortedScores) : sortedScores(scores, className)
}
