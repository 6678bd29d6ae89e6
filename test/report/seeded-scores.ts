/** Scores around a mean with a deviation of about 1.4: the sum of 24 draws of a linear congruential generator. */
export function seededScores(seed: number): (mean: number) => number {
  let state = seed >>> 0
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  return mean => {
    let sum = 0
    for (let draw = 0; draw < 24; draw++) sum += uniform() - 0.5
    return mean + sum
  }
}
