import { assertUsableScores, type Scores } from './scores'

type TrialKey = 'bonafide' | 'spoof'

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
  return cllrOfParts(bonafide, [spoof])
}

/** {@link computeCllr} where the spoof trials come in parts. */
export function cllrOfParts(bonafide: Scores, spoof: readonly Scores[]): number {
  let spoofNats = 0
  let spoofCount = 0
  for (const part of spoof) {
    spoofNats += natsOf(part, 'spoof')
    spoofCount += part.length
  }
  return cllrOfNats(natsOf(bonafide, 'bonafide') / bonafide.length, spoofNats / spoofCount)
}

/** What each trial costs in nats, and costs again whenever it is drawn again. */
export function natsOfTrials(parts: readonly Scores[], key: TrialKey): Float64Array {
  const nats = parts.flatMap(part => Array.from(part, score => natsOf([score], key)))
  return Float64Array.from(nats)
}

/** From the mean cost of each class to bits. */
export function cllrOfNats(bonafideMean: number, spoofMean: number): number {
  return (bonafideMean + spoofMean) / (2 * Math.LN2)
}

/** Sum of ln(1 + e^−s) of bona fide or ln(1 + e^s) of spoof trials, each as max(x, 0) + ln(1 + e^−|x|). */
function natsOf(scores: Scores, key: TrialKey): number {
  let sum = 0
  // One logarithm of a product takes half the time of many; the product less 1, not to lose small powers beside 1.
  let product = 0
  for (let trial = 0; trial < scores.length; trial++) {
    const score = scores[trial]!
    const power = Math.exp(-Math.abs(score))
    sum += Math.max(key === 'bonafide' ? -score : score, 0)
    product += power + power * product
    if (product > 1e300) {
      sum += Math.log1p(product)
      product = 0
    }
  }
  return sum + Math.log1p(product)
}
