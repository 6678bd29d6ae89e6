/** Which of two models takes less time: interleaved, because two runs one after the other are two machines. */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { ArgumentTypeError, assertKnownOptions } from '../errors'
import { percentile } from '../metrics/percentile'
import { drawCounts, seededRandom } from '../metrics/resample'
import type { Device, Feeds } from '../session'
import { checkCount } from '../session/arguments'
import { openTimedSession, type TimedSession } from './timed-session'
import { madeUpRequest } from './made-up-data'
import { checkBenchmarkOptions, isOffline, type BenchmarkOptions } from './options'
import { batchOf, chooseShapes } from './shapes'
import { figuresOf, median, type TimeFigures } from './statistics'

export interface CompareOptions extends Pick<
  BenchmarkOptions,
  'threads' | 'shape' | 'pureData' | 'libraryPath' | 'signal'
> {
  /** Two models for the same kind of device, `.om` or `.onnx`. */
  readonly models: readonly [first: string, second: string]
  /** NPU; default 0 for offline models. */
  readonly device?: number
  /** Rounds, in each of which both models have a block of runs, in random order; default 40, at least 10. */
  readonly rounds?: number
  /** Runs in a block; default 10. */
  readonly runsPerBlock?: number
  /** Of the order and of the interval; default 1. */
  readonly seed?: number
  readonly onProgress?: (progress: { readonly done: number; readonly of: number }) => void
}

/** Time of the second model by that of the first, with its 95 % interval. */
export interface Ratio {
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface Comparison {
  readonly models: readonly [first: string, second: string]
  readonly device: Device
  readonly rounds: number
  readonly runsPerBlock: number
  readonly seed: number
  readonly computeMs: readonly [first: TimeFigures, second: TimeFigures]
  /** Median over the rounds of the ratio of the blocks' medians. */
  readonly ratioOfMedians: Ratio
  /** Ratio of the sums of all times. */
  readonly ratioOfMeans: Ratio
  /** By the interval of `ratioOfMedians`: `no difference shown` where 1 lies in it. */
  readonly verdict: 'second is faster' | 'second is slower' | 'no difference shown'
  /** False when its signal stopped it: of the rounds until then, of which there were enough. */
  readonly complete: boolean
}

const optionNames = [
  ...['models', 'device', 'threads', 'shape', 'pureData', 'libraryPath', 'signal'],
  ...['rounds', 'runsPerBlock', 'seed', 'onProgress'],
]
const [leastRounds, mostRounds] = [10, 10_000]
/** All times are kept until the end. */
const mostTimes = 10_000_000
const warmUpBlocks = 2

/**
 * Runs two models in turns on one device and compares their times. What else the machine does falls on both, and which of
 * them comes first in a round is drawn. The interval is that of a percentile bootstrap over the rounds. Stopped by its
 * signal it compares what there is, when that is at least ten rounds.
 *
 * @throws as `benchmark()`; the signal's reason
 * @example
 * ```ts
 * const { ratioOfMedians, verdict } = await compareModels({ models: ['old.om', 'new.om'] })
 * ```
 */
export async function compareModels(options: CompareOptions): Promise<Comparison> {
  assertKnownOptions(options, optionNames, 'compareModels()')
  const { rounds = 40, runsPerBlock = 10, seed = 1, shape, pureData = 'zero', signal, onProgress } = options
  const models = checkModels(options)
  checkCount('rounds', rounds, { least: leastRounds, most: mostRounds })
  checkCount('runsPerBlock', runsPerBlock, { least: 1, most: Math.floor(mostTimes / rounds) })
  checkCount('seed', seed, { least: 0, most: 2 ** 31 - 2 })
  const device = isOffline(models[0]) ? (options.device ?? 0) : 'cpu'
  const timed: TimedSession[] = []
  const batches: number[] = []
  try {
    const sides: {
      readonly lane: TimedSession
      readonly feeds: Feeds
      readonly blocks: (readonly number[])[]
    }[] = []
    for (const model of models) {
      const { threads, libraryPath } = options
      const lane = await openTimedSession(device, { model, ...loading({ threads, libraryPath, signal }) }, {})
      timed.push(lane)
      const choice = shape ?? { kind: 'as the model says' }
      const shapes = chooseShapes(lane.session.inputMetadata, choice)
      batches.push(batchOf(shapes, choice))
      const own = await madeUpRequest(shapes, pureData).at(0)
      // The same data for both, where they take the same: zeros and noise need not cost the same.
      const shared =
        sides[0] !== undefined && sameShapes(sides[0].feeds, own.feeds) ? sides[0].feeds : own.feeds
      sides.push({ lane, feeds: shared, blocks: [] })
    }
    if (batches[0] !== batches[1]) {
      throw new ArgumentTypeError(
        `a run of the first model counts for ${batches[0]!} inputs, and one of the second for ${batches[1]!}: compare two of one batch`,
        { option: 'models' },
      )
    }
    const random = seededRandom(seed)
    let done = 0
    try {
      for (let round = -warmUpBlocks; round < rounds; round += 1) {
        const order = uniformInt(random, 0, 1) === 0 ? sides : [...sides].reverse()
        for (const { lane, feeds, blocks } of order) {
          lane.log.clear()
          for (let run = 0; run < runsPerBlock; run += 1) {
            await lane.session.run(feeds, undefined, signal && { signal })
          }
          if (round >= 0) blocks.push(lane.log.samples.map(({ executeMs }) => executeMs))
        }
        done = Math.max(0, round + 1)
        if (round >= 0) onProgress?.({ done, of: rounds })
      }
    } catch (error) {
      if (signal?.aborted !== true || done < leastRounds) throw error
    }
    const complete = done === rounds
    const [first, second] = sides.map(({ blocks }) => blocks.slice(0, done))
    const compared = await compareTimes(first!, second!, { seed })
    const { device: computedOn } = timed[0]!.session
    return { models, device: computedOn, rounds: done, runsPerBlock, seed, ...compared, complete }
  } finally {
    await Promise.all(timed.map(({ session }) => session.release()))
  }
}

const sameShapes = (one: Feeds, other: Feeds): boolean =>
  isDeepStrictEqual(interfaceOf(one), interfaceOf(other))

const interfaceOf = (feeds: Feeds): object =>
  Object.entries(feeds).map(([name, { type, dims }]) => [name, type, dims])

type Given = Pick<BenchmarkOptions, 'threads' | 'libraryPath' | 'signal'>

function loading(given: { [Name in keyof Given]-?: Given[Name] | undefined }): Given {
  const { threads, libraryPath, signal } = given
  return {
    ...(threads !== undefined && { threads }),
    ...(libraryPath !== undefined && { libraryPath }),
    ...(signal && { signal }),
  }
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` */
function checkModels({ models, device, threads, pureData }: CompareOptions): readonly [string, string] {
  if (!Array.isArray(models) || (models as readonly unknown[]).length !== 2) {
    throw new ArgumentTypeError('models must be two paths: what is compared, and with what', {
      option: 'models',
    })
  }
  for (const model of models as readonly string[]) {
    checkBenchmarkOptions({
      model,
      ...(device !== undefined && { devices: [device] }),
      ...(threads !== undefined && { threads }),
      ...(pureData && { pureData }),
    })
  }
  const [first, second] = models as readonly [string, string]
  if (isOffline(first) === isOffline(second)) return [first, second]
  throw new ArgumentTypeError(
    'an offline model and an ONNX model run on different devices, and their times depend on both: compare two of a kind',
    { option: 'models' },
  )
}

/** Times by round and run. */
export type Blocks = readonly (readonly number[])[]

const replicates = 2000

/** The event loop is the caller's. */
const longestTurnMs = 5

/** The comparison of times that were measured in pairs of blocks. */
export async function compareTimes(
  first: Blocks,
  second: Blocks,
  { seed }: { readonly seed: number },
): Promise<Pick<Comparison, 'computeMs' | 'ratioOfMedians' | 'ratioOfMeans' | 'verdict'>> {
  const medians = Float64Array.from(first, (block, round) => median(second[round]!) / median(block))
  const sums = [first, second].map(blocks =>
    Float64Array.from(blocks, block => block.reduce((sum, time) => sum + time, 0)),
  ) as [Float64Array, Float64Array]
  const all = new Uint32Array(first.length).fill(1)
  const ofMedians = (counts: Uint32Array): number => median(drawn(medians, counts))
  const ofMeans = (counts: Uint32Array): number => weighted(sums[1], counts) / weighted(sums[0], counts)
  const [medianEnds, meanEnds] = [new Float64Array(replicates), new Float64Array(replicates)]
  // Other numbers than those that chose the order.
  const random = seededRandom(seed + 1)
  const counts = new Uint32Array(first.length)
  let turnEndsAtMs = performance.now() + longestTurnMs
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    if (performance.now() > turnEndsAtMs) {
      await turnOfTheLoop()
      turnEndsAtMs = performance.now() + longestTurnMs
    }
    drawCounts(counts, random)
    medianEnds[replicate] = ofMedians(counts)
    meanEnds[replicate] = ofMeans(counts)
  }
  const ratioOfMedians = { value: ofMedians(all), ...endsOf(medianEnds) }
  return {
    computeMs: [figuresOf(first.flat()), figuresOf(second.flat())],
    ratioOfMedians,
    ratioOfMeans: { value: ofMeans(all), ...endsOf(meanEnds) },
    verdict:
      ratioOfMedians.high < 1
        ? 'second is faster'
        : ratioOfMedians.low > 1
          ? 'second is slower'
          : 'no difference shown',
  }
}

function endsOf(values: Float64Array): Pick<Ratio, 'low' | 'high'> {
  const sorted = values.sort()
  return { low: percentile(sorted, 0.025), high: percentile(sorted, 0.975) }
}

const drawn = (values: Float64Array, counts: Uint32Array): number[] =>
  [...values].flatMap((value, index) => Array<number>(counts[index]!).fill(value))

const weighted = (values: Float64Array, counts: Uint32Array): number =>
  values.reduce((sum, value, index) => sum + counts[index]! * value, 0)
