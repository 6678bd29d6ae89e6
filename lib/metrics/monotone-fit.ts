/** Steps from scores to log-likelihood ratios, found by pooling adjacent violators. */
import type { SortedScores } from './scores'

/** Neighbouring scores that are taken together, and how many trials of each class have them; infinite at an added end. */
export interface Step {
  readonly lowest: number
  readonly highest: number
  readonly bonafide: number
  readonly spoof: number
}

/** What is counted beside the trials at both ends. */
export type EndTrials = 'none' | 'one of each class'

/**
 * The rising steps that fit the shares of bona fide trials best (isotonic regression by pooling adjacent violators; Zadrozny
 * and Elkan 2002; Brümmer and du Preez 2006, section 8). Equal scores are one step.
 *
 * With `one of each class` a trial of either class is added below all scores and above them, by which no step is of one class
 * alone (Laplace's rule of succession, as the BOSARIS toolkit's `opt_loglr` does): a score above all that were seen is
 * then strong evidence, not certainty.
 */
export function fitSteps(bonafide: SortedScores, spoof: SortedScores, ends: EndTrials): readonly Step[] {
  const steps: Step[] = []
  const add = (step: Step): void => {
    let pooled = step
    for (let last = steps.at(-1); last !== undefined && !rises(last, pooled); last = steps.at(-1)) {
      steps.pop()
      pooled = {
        lowest: last.lowest,
        highest: pooled.highest,
        bonafide: last.bonafide + pooled.bonafide,
        spoof: last.spoof + pooled.spoof,
      }
    }
    steps.push(pooled)
  }
  const addEnd = (score: number): void => {
    if (ends !== 'none') add({ lowest: score, highest: score, bonafide: 1, spoof: 1 })
  }
  addEnd(-Infinity)
  for (const group of groupsOf(bonafide, spoof)) add(group)
  addEnd(Infinity)
  return steps
}

/** Whether the share of bona fide trials is higher in the second: products, because either share may be all or nothing. */
const rises = (first: Step, second: Step): boolean =>
  second.bonafide * first.spoof > first.bonafide * second.spoof

function groupsOf(bonafide: SortedScores, spoof: SortedScores): Step[] {
  const groups: Step[] = []
  let [atBonafide, atSpoof] = [0, 0]
  while (atBonafide < bonafide.length || atSpoof < spoof.length) {
    const score = Math.min(bonafide[atBonafide] ?? Infinity, spoof[atSpoof] ?? Infinity)
    const [fromBonafide, fromSpoof] = [atBonafide, atSpoof]
    while (bonafide[atBonafide] === score) atBonafide++
    while (spoof[atSpoof] === score) atSpoof++
    groups.push({
      lowest: score,
      highest: score,
      bonafide: atBonafide - fromBonafide,
      spoof: atSpoof - fromSpoof,
    })
  }
  return groups
}

/** ln of how many times likelier bona fide trials fall into this step than spoofs; infinite where only one class does. */
export function ratioOf(step: Step, bonafideCount: number, spoofCount: number): number {
  return Math.log(step.bonafide / bonafideCount) - Math.log(step.spoof / spoofCount)
}

/** The lowest Cllr that any rising function of the scores can have, in bits: how well they tell the classes apart. */
export function minCllrOf(bonafide: SortedScores, spoof: SortedScores): number {
  let nats = 0
  for (const step of fitSteps(bonafide, spoof, 'none')) {
    const [ofBonafide, ofSpoof] = [step.bonafide / bonafide.length, step.spoof / spoof.length]
    if (ofBonafide > 0) nats += ofBonafide * Math.log1p(ofSpoof / ofBonafide)
    if (ofSpoof > 0) nats += ofSpoof * Math.log1p(ofBonafide / ofSpoof)
  }
  return nats / (2 * Math.LN2)
}
