/** How many clips one run of a graph takes. */
import { ArgumentRangeError } from '../errors'

const largestBatch = 1024

/** @throws ArgumentRangeError INVALID_ARGUMENT */
export function assertBatch(batch: number): void {
  if (!Number.isInteger(batch) || batch < 1 || batch > largestBatch) {
    throw new ArgumentRangeError(`batch is ${batch}; it must be a whole number from 1 to ${largestBatch}`)
  }
}
