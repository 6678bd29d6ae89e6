import { assertUsableScores, type Scores, type SortedScores } from './scores'

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
  return cllrOfNats(meanNats(bonafide, 'bonafide'), meanNats(spoof, 'spoof'))
}

/** What each trial costs in nats, and costs again whenever it is drawn again. */
export function natsOfTrials(scores: SortedScores, key: TrialKey): Float64Array {
  return scores.map(score => nats(score, key))
}

/** From the mean cost of each class to bits. */
export function cllrOfNats(bonafideMean: number, spoofMean: number): number {
  return (bonafideMean + spoofMean) / (2 * Math.LN2)
}

function meanNats(scores: Scores, key: TrialKey): number {
  let sum = 0
  for (let index = 0; index < scores.length; index++) sum += nats(scores[index]!, key)
  return sum / scores.length
}

// ln(1 + e^−s) or ln(1 + e^s), without overflow for a large power and without losing a small one beside 1.
function nats(score: number, key: TrialKey): number {
  return Math.max(key === 'bonafide' ? -score : score, 0) + Math.log1p(Math.exp(-Math.abs(score)))
}
