/** What windows say in a row: the stretches of a recording that are alike. */
import type { WindowScore } from './window-score'

/** Windows of one channel that follow each other and say the same. */
export interface RecordingSegment {
  readonly channel: number | null
  /** From the first window's beginning to the last one's end; neighbours overlap where their windows do. */
  readonly startSeconds: number
  readonly endSeconds: number
  /** `silence`: nothing to be heard. Null: scored, and without a threshold nothing is decided. */
  readonly decision: 'bonafide' | 'spoof' | 'silence' | null
  readonly windows: number
  /** Of the scores; null in silence. */
  readonly lowestScore: number | null
  readonly meanScore: number | null
  readonly highestScore: number | null
}

/** Gathers windows into segments as they come, in the order of {@link WindowScore}s. */
export class Segmenter {
  readonly #open = new Map<number | null, Gathered>()
  readonly #closed: RecordingSegment[] = []

  add(window: WindowScore): void {
    const { channel, startSeconds, endSeconds, score } = window
    const decision = window.silent ? 'silence' : window.decision
    const open = this.#open.get(channel)
    if (open !== undefined && open.decision === decision) {
      open.endSeconds = endSeconds
      open.windows += 1
      if (score !== null) {
        open.sum += score
        open.lowest = Math.min(open.lowest, score)
        open.highest = Math.max(open.highest, score)
      }
      return
    }
    if (open !== undefined) this.#closed.push(segmentOf(channel, open))
    this.#open.set(channel, {
      decision,
      startSeconds,
      endSeconds,
      windows: 1,
      sum: score ?? 0,
      lowest: score ?? Infinity,
      highest: score ?? -Infinity,
    })
  }

  /** Ordered by where they begin, then by channel. */
  segments(): readonly RecordingSegment[] {
    const open = [...this.#open].map(([channel, gathered]) => segmentOf(channel, gathered))
    return [...this.#closed, ...open].sort(
      (a, b) => a.startSeconds - b.startSeconds || (a.channel ?? 0) - (b.channel ?? 0),
    )
  }
}

interface Gathered {
  readonly decision: RecordingSegment['decision']
  readonly startSeconds: number
  endSeconds: number
  windows: number
  sum: number
  lowest: number
  highest: number
}

function segmentOf(channel: number | null, gathered: Gathered): RecordingSegment {
  const { decision, startSeconds, endSeconds, windows, sum, lowest, highest } = gathered
  const scores =
    decision === 'silence'
      ? { lowestScore: null, meanScore: null, highestScore: null }
      : { lowestScore: lowest, meanScore: sum / windows, highestScore: highest }
  return { channel, startSeconds, endSeconds, decision, windows, ...scores }
}
