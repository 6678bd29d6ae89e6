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
  let bonafideNats = 0
  for (const score of bonafide) bonafideNats += softplus(-score)
  let spoofNats = 0
  for (const score of spoof) spoofNats += softplus(score)
  return (bonafideNats / bonafide.length + spoofNats / spoof.length) / (2 * Math.LN2)
}

// ln(1 + e^x) without overflow for large x and without losing e^x beside 1 for small x.
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}
