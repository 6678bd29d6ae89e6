/** What a benchmark computes, run by run. */
import type { Feeds } from '../session'

/** One run's inputs. */
export interface Request {
  readonly index: number
  readonly feeds: Feeds
  /**
   * The files in it, those of all inputs for each sample; fewer than `samplesPerRequest` where the last ones were filled
   * up. Empty for made-up data.
   */
  readonly samples: readonly (readonly string[])[]
}

export interface RequestSource {
  readonly count: number
  readonly samplesPerRequest: number
  /** For files, how they are put together. */
  readonly filesPerRun?: {
    readonly fileBytes: number
    readonly inputBytes: number
    readonly filesPerRun: number
  }
  /** The batch of each request, where they differ. */
  readonly batches?: readonly number[]
  /** Whether several devices can share them; made-up data is the same for each. */
  readonly isDivisible: boolean
  /** @throws DatasetError `DATASET_INVALID`; SessionError `INPUT_SHAPE` */
  readonly at: (index: number) => Promise<Request>
}
