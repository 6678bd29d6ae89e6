/** When requests are due. Pure functions. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { seededRandom } from '../metrics/resample'

/** `poisson`: independent of each other, as from many callers; `even`: one every 1 / rate seconds. */
export type ArrivalProcess = 'poisson' | 'even'

/**
 * Milliseconds from the beginning, ascending, each before `seconds`: fixed before the first request is sent, so that no
 * answer can put the next question off (Schroeder et al., "Open Versus Closed: A Cautionary Tale", NSDI 2006).
 * @param perSecond requests a second on average
 */
export function arrivalTimesMs(
  process: ArrivalProcess,
  {
    perSecond,
    seconds,
    seed,
  }: { readonly perSecond: number; readonly seconds: number; readonly seed: number },
): Float64Array {
  const random = seededRandom(seed)
  const endMs = 1000 * seconds
  const meanGapMs = 1000 / perSecond
  const times: number[] = []
  if (process === 'even') {
    for (let index = 0; index * meanGapMs < endMs; index += 1) times.push(index * meanGapMs)
    return Float64Array.from(times)
  }
  // The logarithm of 1 - u, because u can be 0 and is never 1.
  const gap = (): number => -Math.log(1 - uniformFloat64(random)) * meanGapMs
  for (let atMs = gap(); atMs < endMs; atMs += gap()) times.push(atMs)
  return Float64Array.from(times)
}
