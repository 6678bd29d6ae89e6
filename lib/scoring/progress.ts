/** How far a long run is. */
export interface Progress {
  readonly done: number
  readonly total: number
  readonly failed: number
  readonly elapsedSeconds: number
  /** Since the start. */
  readonly clipsPerSecond: number
  /** At that rate; null before the first clip. */
  readonly remainingSeconds: number | null
}

/** A clock for {@link Progress}; `now` in milliseconds, monotonic. */
export function startProgress(total: number, now: () => number = () => performance.now()) {
  const start = now()
  return (done: number, failed: number): Progress => {
    const elapsedSeconds = (now() - start) / 1000
    const clipsPerSecond = elapsedSeconds > 0 ? done / elapsedSeconds : 0
    const remainingSeconds = clipsPerSecond > 0 ? (total - done) / clipsPerSecond : null
    return { done, total, failed, elapsedSeconds, clipsPerSecond, remainingSeconds }
  }
}
