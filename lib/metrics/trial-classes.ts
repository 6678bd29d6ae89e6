import { MetricsError } from '../errors'
import { sortedScores, type Scores, type SortedScores } from './scores'

/** One trial of an evaluation list. `score` is undefined where the clip could not be scored. */
export interface ScoredTrial {
  readonly key: 'bonafide' | 'spoof'
  /** Name of the attack, such as `A07`; undefined for bona fide trials and where the list does not say. */
  readonly attack?: string | undefined
  /** Higher means more bona fide. */
  readonly score: number | undefined
}

/** The scores of a list by class, sorted; empty where no trial of a class has a score. */
export interface TrialClasses {
  readonly bonafide: SortedScores
  readonly spoof: SortedScores
  /** By name, every attack of the list, also those of which no trial has a score. */
  readonly attacks: ReadonlyMap<string, SortedScores>
  /** Scored spoof trials of no attack. */
  readonly unnamedSpoof: number
  /** Trials without a score. */
  readonly missing: number
}

/** @throws MetricsError `METRICS_INVALID` when a score is NaN or infinite, or a key is neither of the two */
export function classesOf(trials: Iterable<ScoredTrial>): TrialClasses {
  const bonafide: number[] = []
  const unnamed: number[] = []
  const attacks = new Map<string, number[]>()
  let missing = 0
  for (const { key, attack, score } of trials) {
    let scores = bonafide
    if (key !== 'bonafide') {
      assertSpoof(key)
      scores = attack === undefined ? unnamed : (attacks.get(attack) ?? newAttack(attacks, attack))
    }
    if (score === undefined) missing++
    else scores.push(score)
  }
  const byName = [...attacks].sort(([a], [b]) => (a < b ? -1 : 1))
  const sortedAttacks = byName.map(
    ([attack, scores]) => [attack, sortedOrEmpty(scores, `attack ${attack}`)] as const,
  )
  return {
    bonafide: sortedOrEmpty(bonafide, 'bona fide'),
    spoof: sortedOrEmpty(joined([unnamed, ...attacks.values()]), 'spoof'),
    attacks: new Map(sortedAttacks),
    unnamedSpoof: unnamed.length,
    missing,
  }
}

function newAttack(attacks: Map<string, number[]>, attack: string): number[] {
  const scores: number[] = []
  attacks.set(attack, scores)
  return scores
}

function joined(parts: readonly (readonly number[])[]): Float64Array {
  const whole = new Float64Array(parts.reduce((total, part) => total + part.length, 0))
  let start = 0
  for (const part of parts) {
    whole.set(part, start)
    start += part.length
  }
  return whole
}

/** Why nothing can be computed from two classes, if so. */
export function reasonOfMissingClass({
  bonafide,
  spoof,
}: Pick<TrialClasses, 'bonafide' | 'spoof'>): string | undefined {
  if (bonafide.length === 0 && spoof.length === 0) return 'no trial has a score'
  if (bonafide.length === 0) return 'no bona fide trial has a score'
  if (spoof.length === 0) return 'no spoof trial has a score'
  return undefined
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
