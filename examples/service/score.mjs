// One request for a score: read, check, score, windows.
import { Refusal } from './answers.mjs'
import { readUpload } from './upload.mjs'
import { windowScores } from './windows.mjs'

export const shortestHopSeconds = 0.25
export const longestHopSeconds = 3600

/** @param left aborts when the client is gone */
export async function scoreUpload(detector, request, settings, left) {
  const { timeoutSeconds } = settings
  const hopSeconds = hopOf(request.query.hopSeconds)
  const bytes = await readUpload(request, settings)
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(tooSlow(timeoutSeconds)), timeoutSeconds * 1000)
  const signal = AbortSignal.any([left, limit.signal])
  try {
    const result = await detector.score(bytes, { signal })
    const { score, decision, threshold, thresholdSource, logLikelihoodRatio, spoofProbability } = result
    const { durationSeconds, device, warnings } = result
    return {
      score,
      decision,
      threshold,
      thresholdSource,
      logLikelihoodRatio,
      spoofProbability,
      durationSeconds,
      device,
      warnings,
      windows: hopSeconds === null ? null : await windowScores(detector, bytes, { hopSeconds, signal }),
    }
  } finally {
    clearTimeout(timer)
  }
}

const tooSlow = seconds =>
  new Refusal(503, 'TIMEOUT', `no score within ${seconds} s; the service has too much to do, try again later`)

function hopOf(text) {
  if (text === undefined) return null
  const seconds = /^[-+.\deE]+$/.test(text) ? Number(text) : NaN
  if (seconds >= shortestHopSeconds && seconds <= longestHopSeconds) return seconds
  throw new Refusal(
    400,
    'QUERY_INVALID',
    `hopSeconds is "${String(text)}"; expected seconds from ${shortestHopSeconds} to ${longestHopSeconds}`,
  )
}
