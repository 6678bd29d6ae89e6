/** A straight line from scores to log-likelihood ratios, found by logistic regression. */
import { MetricsError } from '../errors'
import type { SortedScores } from './scores'

/** log-likelihood ratio = slope · score + offset */
export interface Line {
  readonly slope: number
  readonly offset: number
}

/** Newton's method needs about eight; 71,237 scores take 3 ms each. */
const mostSteps = 100
/** Of the gradient, for scores in units of their own spread, and of the last step. */
const accuracy = 1e-13
/** Near the end a step changes the cost in digits that the sums do not have: it is judged by its length then. */
const rounding = 1e-14

/**
 * The line whose ratios have the lowest Cllr: logistic regression in which both classes weigh the same, so that what
 * comes out holds for any prior (Brümmer and du Preez, "Application-independent evaluation of speaker detection", 2006,
 * section 8; Brümmer and de Villiers, BOSARIS toolkit).
 *
 * @throws MetricsError `METRICS_INVALID` where no line is best: every bona fide score is at or above every spoof score, or the
 *   scores fall where they should rise
 */
export function fitLine(bonafide: SortedScores, spoof: SortedScores): Line {
  const { mean, spread } = spreadOf(bonafide, spoof)
  if (spread === 0) {
    throw new MetricsError('METRICS_INVALID', 'all scores are the same: they say nothing about the classes', {
      score: bonafide[0],
    })
  }
  if (!Number.isFinite(spread)) {
    throw new MetricsError('METRICS_INVALID', 'the scores are so large that their variance is none', { mean })
  }
  if (bonafide[0]! >= spoof.at(-1)!) {
    throw new MetricsError(
      'METRICS_INVALID',
      'every bona fide score is at or above every spoof score, so that no slope is steep enough: logistic calibration needs ' +
        'classes that overlap; take more trials, or the method pav',
      { lowestBonafide: bonafide[0], highestSpoof: spoof.at(-1) },
    )
  }
  const line = newton([signed(bonafide, mean, spread, 1), signed(spoof, mean, spread, -1)])
  if (!(line.slope > 0)) {
    throw new MetricsError(
      'METRICS_INVALID',
      'the scores of bona fide trials are no higher than those of spoofs: are the signs inverted? Higher must mean more ' +
        'bona fide',
      { slope: line.slope / spread },
    )
  }
  const slope = line.slope / spread
  return { slope, offset: line.offset - slope * mean }
}

interface SignedClass {
  readonly scores: Float64Array
  /** 1 for bona fide, −1 for spoofs. */
  readonly sign: 1 | -1
}

function spreadOf(bonafide: SortedScores, spoof: SortedScores): { mean: number; spread: number } {
  const classes = [bonafide, spoof]
  const mean = classes.reduce((sum, scores) => sum + meanOf(scores, x => x), 0) / 2
  const variance = classes.reduce((sum, scores) => sum + meanOf(scores, x => (x - mean) ** 2), 0) / 2
  return { mean, spread: Math.sqrt(variance) }
}

function meanOf(scores: Float64Array, of: (score: number) => number): number {
  let sum = 0
  for (const score of scores) sum += of(score)
  return sum / scores.length
}

const signed = (scores: SortedScores, mean: number, spread: number, sign: 1 | -1): SignedClass => ({
  scores: scores.map(score => (score - mean) / spread),
  sign,
})

/** The cost is convex: a step that does not lower it is halved until it does, and there is only one end. */
function newton(classes: readonly SignedClass[]): Line {
  let line: Line = { slope: 1, offset: 0 }
  let cost = costOf(classes, line)
  for (let step = 0; step < mostSteps; step++) {
    const { slope, offset } = derivativesOf(classes, line)
    if (Math.hypot(slope.first, offset.first) < accuracy) return line
    const cross = slope.cross
    const determinant = slope.second * offset.second - cross * cross
    // Where the curve is flat to a double's last digits, down its slope is as good.
    const isCurved = determinant > 0
    const along = {
      slope: isCurved ? (offset.second * slope.first - cross * offset.first) / determinant : slope.first,
      offset: isCurved ? (slope.second * offset.first - cross * slope.first) / determinant : offset.first,
    }
    let share = 1
    let next = stepped(line, along, share)
    let nextCost = costOf(classes, next)
    while (!(nextCost <= cost + rounding) && share > 1e-10) {
      share /= 2
      next = stepped(line, along, share)
      nextCost = costOf(classes, next)
    }
    if (!(nextCost <= cost + rounding)) return line
    const moved = Math.hypot(next.slope - line.slope, next.offset - line.offset)
    line = next
    cost = nextCost
    if (moved < accuracy * Math.hypot(line.slope, line.offset)) return line
  }
  return line
}

const stepped = (line: Line, along: Line, share: number): Line => ({
  slope: line.slope - share * along.slope,
  offset: line.offset - share * along.offset,
})

/** Mean of ln(1 + e^−margin) of both classes. */
function costOf(classes: readonly SignedClass[], { slope, offset }: Line): number {
  let total = 0
  for (const { scores, sign } of classes) {
    total += meanOf(scores, score => {
      const margin = sign * (slope * score + offset)
      return Math.max(-margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)))
    })
  }
  return total
}

interface Derivatives {
  readonly slope: { readonly first: number; readonly second: number; readonly cross: number }
  readonly offset: { readonly first: number; readonly second: number }
}

function derivativesOf(classes: readonly SignedClass[], { slope, offset }: Line): Derivatives {
  const sums = { slope: 0, offset: 0, slope2: 0, offset2: 0, cross: 0 }
  for (const { scores, sign } of classes) {
    const weight = 1 / scores.length
    for (const score of scores) {
      const wrong = 1 / (1 + Math.exp(sign * (slope * score + offset)))
      const curve = wrong * (1 - wrong) * weight
      sums.slope -= sign * wrong * score * weight
      sums.offset -= sign * wrong * weight
      sums.slope2 += curve * score * score
      sums.offset2 += curve
      sums.cross += curve * score
    }
  }
  return {
    slope: { first: sums.slope, second: sums.slope2, cross: sums.cross },
    offset: { first: sums.offset, second: sums.offset2 },
  }
}
