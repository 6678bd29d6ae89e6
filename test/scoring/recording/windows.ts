import type { WindowScore } from '../../../lib/scoring'

const judged = {
  threshold: 0,
  thresholdSource: 'option',
  logLikelihoodRatio: null,
  spoofProbability: null,
  expectedErrors: null,
  device: { kind: 'cpu', threads: 1 },
} as const

/** A window of 4 s that begins there; without a score there is silence. */
export function window(at: number, score: number | null, channel: number | null = null): WindowScore {
  const place = { channel, startSeconds: at, endSeconds: at + 4 }
  if (score === null) return { ...place, silent: true, score, decision: null }
  return { ...place, silent: false, score, decision: score >= 0 ? 'bonafide' : 'spoof', ...judged }
}
