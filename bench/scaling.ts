/**
 * Clips a second with 1, 2, 4 and 8 simulated devices, from windows and from FLAC files, against what a small model
 * says: the least of what devices, processors, decoding threads, the event loop and the link can do. Times a clip come
 * from the rounds with one device, and all processors are taken to be free: on a busy machine measured rates are lower.
 * `tsx bench/scaling.ts`; ACL_SIM_EXEC_US and ACL_SIM_COPY_GBPS make other devices.
 */
import './no-telemetry'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createPool, Detector } from '../lib'
import type { SessionPool } from '../lib'
import { loadClip } from '../lib/audio'
import { describeMachine, median } from './alternate'
import { clipPaths } from './clips'
import { Scratch, library, samples } from './npu-model'
import { machineMs, threadTimes, timesPerClip } from './thread-times'
import type { ThreadTimes } from './thread-times'

const executeUs = Number((process.env['ACL_SIM_EXEC_US'] ??= '6080'))
const linkBytesPerSecond = Number(process.env['ACL_SIM_COPY_GBPS'] ?? Infinity) * 1e9
const deviceCounts = [1, 2, 4, 8]
const rounds = 5
const secondsPerMeasurement = 2.5

/** lib/scoring/preparer.ts starts as many threads as there are sessions or CPUs, and no more than these. */
const mostDecodingThreads = 8

interface Measured {
  /** Clips a second. */
  readonly rate: number
  readonly times: ThreadTimes
  /** Processors that other work on the machine had. */
  readonly otherWork: number
}

/** Takes clips until the time is up; the first one only starts the clock. */
async function measure(clips: AsyncGenerator, seconds: number): Promise<Measured> {
  await clips.next()
  const before = { times: threadTimes(), machineMs: machineMs(), own: process.cpuUsage() }
  const startedAtMs = performance.now()
  let count = 0
  let elapsedMs = 0
  while (elapsedMs < 1000 * seconds) {
    await clips.next()
    count += 1
    elapsedMs = performance.now() - startedAtMs
  }
  const times = timesPerClip(before.times, threadTimes(), count)
  const { user, system } = process.cpuUsage(before.own)
  const otherMs = machineMs() - before.machineMs - (user + system) / 1000
  await clips.return(undefined)
  return { rate: (1000 * count) / elapsedMs, times, otherWork: otherMs / elapsedMs }
}

function* endlessly<T>(items: readonly T[]): Generator<T> {
  for (;;) yield* items
}

/** Six runs open for each device: some on it or sent ahead, the others where they can be taken from at once. */
async function* fromWindows(pool: SessionPool, windows: readonly Float32Array[]): AsyncGenerator {
  const open: Promise<unknown>[] = []
  try {
    for (const data of endlessly(windows)) {
      open.push(pool.run({ input: { type: 'float32', dims: [1, samples], data } }))
      if (open.length >= 6 * pool.devices.length) yield await open.shift()
    }
  } finally {
    await Promise.all(open)
  }
}

async function* fromFiles(detector: Detector): AsyncGenerator {
  for await (const { file, error } of detector.scoreFiles(endlessly(clipPaths))) {
    if (error !== undefined) throw new Error(`${file} has no score`, { cause: error })
    yield file
  }
}

type Part = 'devices' | 'processors' | 'decoding threads' | 'event loop' | 'link'

/**
 * Clips a second that each part could do if nothing else held it up. The threads of the devices take no processor from
 * the others: most of their time the simulator spins, and it lets everybody else go first.
 */
function limits(
  { loopMs, copyMs, otherMs }: ThreadTimes,
  { source, devices, bytesPerClip }: Contender,
): readonly (readonly [Part, number])[] {
  const decodingThreads =
    source === 'FLAC files'
      ? Math.min(Math.max(devices, availableParallelism()), mostDecodingThreads)
      : Infinity
  return [
    ['devices', (devices * 1e6) / executeUs],
    ['processors', (1000 * availableParallelism()) / (loopMs + copyMs + otherMs)],
    ['decoding threads', (1000 * decodingThreads) / otherMs],
    ['event loop', 1000 / loopMs],
    ['link', (devices * linkBytesPerSecond) / bytesPerClip],
  ]
}

interface Contender {
  readonly source: 'decoded windows' | 'FLAC files'
  readonly devices: number
  /** To a device and back. */
  readonly bytesPerClip: number
  readonly clips: () => AsyncGenerator
  readonly measured: Measured[]
}

function medianTimes(measured: readonly Measured[]): ThreadTimes {
  const middle = (name: keyof ThreadTimes): number => median(measured.map(({ times }) => times[name]))
  return {
    loopMs: middle('loopMs'),
    copyMs: middle('copyMs'),
    deviceMs: middle('deviceMs'),
    otherMs: middle('otherMs'),
  }
}

/** All of one source, the one with one device first. */
function report(contenders: readonly Contender[]): void {
  const { source, measured: withOne, bytesPerClip } = contenders[0]!
  const terms = medianTimes(withOne)
  const hostMs = terms.loopMs + terms.copyMs + terms.otherMs
  console.log(
    `${source}, a clip with one device: event loop ${terms.loopMs.toFixed(3)} ms, copies ${terms.copyMs.toFixed(3)} ms, ` +
      `decoding and the rest ${terms.otherMs.toFixed(3)} ms, together ${(hostMs / 3.6).toFixed(2)} processor hours ` +
      `per million clips; ${bytesPerClip} bytes over the link`,
  )
  for (const contender of contenders) {
    const { devices, measured } = contender
    const [part, predicted] = limits(terms, contender).reduce((a, b) => (b[1] < a[1] ? b : a))
    const rates = measured.map(({ rate }) => rate).sort((a, b) => a - b)
    const rate = median(rates)
    const { loopMs } = medianTimes(measured)
    console.log(
      `  devices ${devices}: predicted ${predicted.toFixed(1)} clips/s (${part}), measured ${rate.toFixed(1)} ` +
        `(${rates[0]!.toFixed(1)} to ${rates.at(-1)!.toFixed(1)}), ratio ${(rate / predicted).toFixed(3)}; ` +
        `event loop ${loopMs.toFixed(3)} ms a clip, ${((rate * loopMs) / 10).toFixed(0)} % busy; ` +
        `other work ${median(measured.map(({ otherWork }) => otherWork)).toFixed(2)} CPUs`,
    )
  }
}

async function main(): Promise<void> {
  process.env['ACL_SIM_DEVICES'] = String(Math.max(...deviceCounts))
  process.env['AASIST_ACL_LIBRARY'] = library
  const scratch = new Scratch()
  const [pools, detectors]: [SessionPool[], Detector[]] = [[], []]
  try {
    const model = scratch.compileAasist()
    const windows = await Promise.all(
      clipPaths.map(async path => (await loadClip(readFileSync(path), { windowSamples: samples })).samples),
    )
    for (const devices of deviceCounts) {
      const device = Array.from({ length: devices }, (_, id) => id)
      pools.push(await createPool(model, { device }))
      detectors.push(await Detector.load({ model, device }))
    }
    const bytesPerClip = bytesPerRun(pools[0]!)
    const contendersOf = (
      source: Contender['source'],
      clips: (index: number) => AsyncGenerator,
    ): readonly Contender[] =>
      deviceCounts.map((devices, index) => ({
        source,
        devices,
        bytesPerClip,
        clips: () => clips(index),
        measured: [],
      }))
    const sources = [
      contendersOf('decoded windows', index => fromWindows(pools[index]!, windows)),
      contendersOf('FLAC files', index => fromFiles(detectors[index]!)),
    ]
    const contenders = sources.flat()
    // The first seconds run JavaScript that is not compiled yet.
    for (const { clips } of contenders) await measure(clips(), 1)
    for (let round = 0; round < rounds; round++) {
      for (const { clips, measured } of contenders)
        measured.push(await measure(clips(), secondsPerMeasurement))
    }
    console.log(`${describeMachine()}; ${executeUs} us an execution`)
    for (const source of sources) report(source)
  } finally {
    await Promise.all([...pools, ...detectors].map(opened => opened.release()))
    scratch.remove()
  }
}

function bytesPerRun({ inputMetadata, outputMetadata }: SessionPool): number {
  const elements = [...inputMetadata, ...outputMetadata].map(({ shape }) =>
    shape.reduce<number>((product, size) => product * Number(size), 1),
  )
  return Float32Array.BYTES_PER_ELEMENT * elements.reduce((sum, count) => sum + count, 0)
}

void main()
