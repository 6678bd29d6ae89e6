import { assertUsableScores, type Scores } from './scores'

/**
 * Cost of the log-likelihood ratio in bits (Brümmer and du Preez, "Application-independent evaluation of speaker
 * detection", 2006; ASVspoof 5, track 1): ½·[mean log2(1 + e^−s) over bona fide + mean log2(1 + e^s) over spoof].
 * 0 is perfect, 1 is what scores of constant 0 get. It judges scores as natural-logarithm likelihood ratios.
 *
 * @throws MetricsError `METRICS_INVALID` when a class is empty or a score is NaN or infinite
 */
export function computeCllr(bonafide: Scores, spoof: Scores): number {
  assertUsableScores(bonafide, 'bona fide')
  assertUsableScores(spoof, 'spoof')
  return cllrOfNats(meanOf(natsOfTrials(bonafide, 'bonafide')), meanOf(natsOfTrials(spoof, 'spoof')))
}

/** What each trial costs in nats, and costs again whenever it is drawn again. */
export function natsOfTrials(scores: Scores, key: 'bonafide' | 'spoof'): Float64Array {
  const nats = new Float64Array(scores.length)
  for (let index = 0; index < nats.length; index++) {
    nats[index] = softplus(key === 'bonafide' ? -scores[index]! : scores[index]!)
  }
  return nats
}

/** From the mean cost of each class to bits. */
export function cllrOfNats(bonafideMean: number, spoofMean: number): number {
  return (bonafideMean + spoofMean) / (2 * Math.LN2)
}

function meanOf(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

// ln(1 + e^x) without overflow for large x and without losing e^x beside 1 for small x.
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}
