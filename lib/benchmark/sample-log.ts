import { StageRecorders, type StageTimes } from '../session/session-stats'

/** Times of one run. */
export type Sample = StageTimes

/** Keeps the times of every run: percentiles from a histogram would be a thousandth off. */
export class SampleLog extends StageRecorders {
  readonly #samples: Sample[] = []

  get samples(): readonly Sample[] {
    return this.#samples
  }

  override record(times: StageTimes): void {
    this.#samples.push(times)
  }

  clear(): void {
    this.#samples.length = 0
  }
}
