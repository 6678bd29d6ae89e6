import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'
import type { SortedScores } from './scores'

/** The same numbers for the same seed on every machine. */
export function seededRandom(seed: number): RandomGenerator {
  const random = xoroshiro128plus(seed)
  // Its first state is the seed beside constants; the jump leaves no trace of that.
  random.jump()
  return random
}

/** Draws as many trials as there are, with replacement: fills in how often each was drawn. */
export function drawCounts(counts: Uint32Array, random: RandomGenerator): void {
  const last = counts.length - 1
  counts.fill(0)
  for (let draw = 0; draw <= last; draw++) counts[uniformInt(random, 0, last)]!++
}

/** Scores of which each comes as often as it was drawn, again and again in the same room. */
export class DrawnScores {
  readonly #scores: SortedScores
  readonly #counts: Uint32Array
  #room = new Float64Array()

  /** @param counts how often each score is drawn, read anew each time */
  constructor(scores: SortedScores, counts: Uint32Array) {
    this.#scores = scores
    this.#counts = counts
  }

  /** What was drawn, ascending; its memory is used again the next time. */
  take(): SortedScores {
    const scores = this.#scores
    const counts = this.#counts
    let drawn = 0
    for (let trial = 0; trial < counts.length; trial++) drawn += counts[trial]!
    if (this.#room.length < drawn + 2) this.#room = new Float64Array(2 * drawn + 2)
    const room = this.#room
    let length = 0
    // Most counts are 0, 1 or 2 without any order: writing two places always is half the time of asking how many.
    for (let trial = 0; trial < scores.length; trial++) {
      const score = scores[trial]!
      const end = length + counts[trial]!
      room[length] = score
      room[length + 1] = score
      for (let place = length + 2; place < end; place++) room[place] = score
      length = end
    }
    return room.subarray(0, drawn) as SortedScores
  }
}

/** Mean over the trials drawn of what each costs. */
export function meanOfDrawn(costs: Float64Array, counts: Uint32Array): number {
  let sum = 0
  for (let trial = 0; trial < costs.length; trial++) sum += counts[trial]! * costs[trial]!
  return sum / costs.length
}
