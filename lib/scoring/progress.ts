/** How far a long run is. */
export interface Progress {
  readonly done: number
  readonly total: number
  readonly failed: number
  readonly elapsedSeconds: number
  /** Since the start, over the clips that have a file: an utterance without one takes no time. */
  readonly clipsPerSecond: number
  /** At that rate; null before the first clip. */
  readonly remainingSeconds: number | null
}

export interface Counts {
  readonly done: number
  readonly failed: number
  /** Of those done, how many had a file. */
  readonly files: number
}

/** A clock for {@link Progress}; `now` in milliseconds, monotonic. */
export function startProgress(
  totals: { readonly utterances: number; readonly files: number },
  now: () => number = () => performance.now(),
): (counts: Counts) => Progress {
  const start = now()
  return ({ done, failed, files }) => {
    const elapsedSeconds = (now() - start) / 1000
    const clipsPerSecond = elapsedSeconds > 0 ? files / elapsedSeconds : 0
    const remainingSeconds = clipsPerSecond > 0 ? (totals.files - files) / clipsPerSecond : null
    return { done, total: totals.utterances, failed, elapsedSeconds, clipsPerSecond, remainingSeconds }
  }
}
