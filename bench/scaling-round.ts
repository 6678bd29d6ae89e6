/**
 * One measurement of bench/scaling.ts, in a process of its own, because the simulator reads its settings once:
 * `tsx bench/scaling-round.ts windows|files model.om seconds`. Prints a line of JSON.
 */
import { createPool, Detector } from '../lib'
import { clipPaths } from './clips'
import { library, samples } from './npu-model'

/** Of the time between the first result that counts and the last one. */
export interface ScalingRound {
  readonly clipsPerSecond: number
  /** Of all threads of this process, the simulated devices' included. */
  readonly cpuMsPerClip: number
  /** In which the event loop was not waiting. */
  readonly loopMsPerClip: number
}

/** After the first result, not counted: JavaScript that is not compiled yet, further threads that start. */
const warmUpSeconds = 1

class Meter {
  #clips = 0
  #firstAtMs: number | undefined
  #lastAtMs = 0
  #cpu = process.cpuUsage()
  #loop = performance.eventLoopUtilization()
  #startedAtMs = Infinity
  readonly #seconds: number

  constructor(seconds: number) {
    this.#seconds = seconds
  }

  get over(): boolean {
    return performance.now() > this.#startedAtMs + (warmUpSeconds + this.#seconds) * 1000
  }

  clip(): void {
    const nowMs = performance.now()
    this.#startedAtMs = Math.min(this.#startedAtMs, nowMs)
    if (nowMs < this.#startedAtMs + warmUpSeconds * 1000 || this.over) return
    if (this.#firstAtMs === undefined) {
      this.#firstAtMs = nowMs
      this.#cpu = process.cpuUsage()
      this.#loop = performance.eventLoopUtilization()
    } else {
      this.#clips += 1
      this.#lastAtMs = nowMs
    }
  }

  result(): ScalingRound {
    if (this.#firstAtMs === undefined || this.#clips === 0) throw new Error('too short to measure')
    const { user, system } = process.cpuUsage(this.#cpu)
    const elapsedMs = this.#lastAtMs - this.#firstAtMs
    return {
      clipsPerSecond: (1000 * this.#clips) / elapsedMs,
      cpuMsPerClip: (user + system) / 1000 / this.#clips,
      loopMsPerClip: performance.eventLoopUtilization(this.#loop).active / this.#clips,
    }
  }
}

async function fromWindows(om: string, seconds: number): Promise<ScalingRound> {
  await using pool = await createPool(om, { device: 'npu', libraryPath: library })
  const data = new Float32Array(samples).fill(0.5)
  const feeds = { input: { type: 'float32', dims: [1, samples], data } } as const
  const meter = new Meter(seconds)
  const lane = async (): Promise<void> => {
    while (!meter.over) {
      await pool.run(feeds)
      meter.clip()
    }
  }
  // As many as scoreFiles keeps open.
  await Promise.all(Array.from({ length: 3 * pool.stats().sessions + 2 }, lane))
  return meter.result()
}

async function fromFiles(om: string, seconds: number): Promise<ScalingRound> {
  process.env['AASIST_ACL_LIBRARY'] = library
  await using detector = await Detector.load({ model: om, device: 'npu' })
  const meter = new Meter(seconds)
  // More than devices can do in that time; what is not needed is given up.
  const length = Math.ceil((warmUpSeconds + seconds) * 200 * detector.devices.length)
  const files = Array.from({ length }, (_, index) => clipPaths[index % clipPaths.length]!)
  for await (const { file, error } of detector.scoreFiles(files)) {
    if (error !== undefined) throw new Error(`${file} has no score`, { cause: error })
    meter.clip()
    if (meter.over) break
  }
  return meter.result()
}

// clips.ts takes a corpus as its first argument, hence by environment.
const { AASIST_ROUND_FROM: from, AASIST_ROUND_MODEL: om, AASIST_ROUND_SECONDS: seconds } = process.env
async function main(): Promise<void> {
  const round = from === 'windows' ? fromWindows : fromFiles
  console.log(JSON.stringify(await round(om!, Number(seconds))))
}

void main()
