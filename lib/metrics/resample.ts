import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'
import { countBelow, type SortedScores } from './scores'

/** The same numbers for the same seed on every machine. */
export function seededRandom(seed: number): RandomGenerator {
  const random = xoroshiro128plus(seed)
  // Its first state is the seed beside constants; the jump leaves no trace of that.
  random.jump()
  return random
}

/** Trials of which each may be drawn several times or not at all, again and again in the same room. */
export class Resample {
  readonly #trials: SortedScores
  readonly #counts: Uint32Array
  #room: Float64Array
  /** What was drawn last, ascending; its memory is used again by the next draw. */
  scores: SortedScores

  constructor(trials: SortedScores) {
    this.scores = trials
    this.#trials = trials
    this.#counts = new Uint32Array(trials.length)
    this.#room = new Float64Array(trials.length + 2)
  }

  /** Draws as many trials as there are, with replacement. */
  draw(random: RandomGenerator): void {
    const counts = this.#counts
    const last = counts.length - 1
    counts.fill(0)
    for (let draw = 0; draw <= last; draw++) counts[uniformInt(random, 0, last)]!++
    this.#repeatDrawn(counts.length)
  }

  /** Takes over how often a larger class drew these trials, which stand at `places` in it. */
  follow(larger: Resample, places: Uint32Array): void {
    let drawn = 0
    for (let trial = 0; trial < places.length; trial++) {
      const count = larger.#counts[places[trial]!]!
      this.#counts[trial] = count
      drawn += count
    }
    this.#repeatDrawn(drawn)
  }

  /** Mean over the trials drawn of what each costs. */
  meanOf(costs: Float64Array): number {
    let sum = 0
    for (let trial = 0; trial < costs.length; trial++) sum += this.#counts[trial]! * costs[trial]!
    return sum / costs.length
  }

  #repeatDrawn(drawn: number): void {
    if (drawn + 2 > this.#room.length) this.#room = new Float64Array(2 * drawn + 2)
    const room = this.#room
    const trials = this.#trials
    const counts = this.#counts
    let length = 0
    // Most counts are 0, 1 or 2 without any order: writing two places always is half the time of asking how many.
    for (let trial = 0; trial < trials.length; trial++) {
      const score = trials[trial]!
      const end = length + counts[trial]!
      room[length] = score
      room[length + 1] = score
      for (let place = length + 2; place < end; place++) room[place] = score
      length = end
    }
    this.scores = room.subarray(0, drawn) as SortedScores
  }
}

/** Where the trials of each part stand in the whole that they make up; among equal scores any order is as good. */
export function placesOf(parts: readonly SortedScores[], whole: SortedScores): Uint32Array[] {
  const taken = new Uint32Array(whole.length)
  return parts.map(part =>
    Uint32Array.from(part, score => {
      const first = countBelow(whole, score)
      return first + taken[first]!++
    }),
  )
}
