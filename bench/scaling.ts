/**
 * Where the bottleneck is with 1, 2, 4 and 8 NPUs: a model on paper, whose terms are measured one by one, against the
 * simulator's latency mode, which computes nothing and takes 6.08 ms for a run. `npx tsx bench/scaling.ts`
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { decodeAudio, fitWindow } from '../lib/audio'
import { describeMachine, median } from './alternate'
import { clipPaths } from './clips'
import { Scratch, samples } from './npu-model'
import type { ScalingRound } from './scaling-round'

const executeMs = 6.08
const deviceCounts = [1, 2, 4, 8] as const
const rounds = 3
const secondsPerRound = 2.5
/** So slow that copies are what limits one device: a window and its two outputs in float32. */
const slowLinkGbps = 0.02
const bytesPerClip = 4 * (samples + 160 + 2)
const cores = availableParallelism()

type From = 'windows' | 'files'

interface Setting {
  readonly from: From
  readonly devices: number
  readonly executeUs: number
  readonly copyGbps?: number
}

/** Undefined, with a line that says so, when the round's process ended early: one of many rounds, not all of them. */
function measure(om: string, { from, devices, executeUs, copyGbps }: Setting): ScalingRound | undefined {
  const env = {
    ...process.env,
    AASIST_ROUND_FROM: from,
    AASIST_ROUND_MODEL: om,
    AASIST_ROUND_SECONDS: String(secondsPerRound),
    ACL_SIM_DEVICES: String(devices),
    ACL_SIM_EXEC_US: String(executeUs),
    ...(copyGbps !== undefined && { ACL_SIM_COPY_GBPS: String(copyGbps) }),
  }
  const script = join(__dirname, 'scaling-round.ts')
  const output = execFileSync(process.execPath, ['--require', 'tsx', script], { env, encoding: 'utf8' })
  if (output === '') {
    console.log(`a round is missing: ${from}, ${devices} devices, ${executeUs} us ended without a result`)
    return undefined
  }
  return JSON.parse(output) as ScalingRound
}

/** Processor time of reading, decoding and cutting one clip on one thread, in milliseconds. */
function decodeMs(): number {
  const before = process.cpuUsage()
  for (const path of clipPaths) fitWindow(decodeAudio(readFileSync(path)).channels[0]!, samples)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / clipPaths.length
}

/** The terms of the model, in milliseconds a clip. */
interface Terms {
  readonly decode: number
  /** All that the host does for a run of a window, on whatever thread, and the simulated device's own waiting. */
  readonly host: number
  readonly loop: Readonly<Record<From, number>>
}

interface Prediction {
  readonly clipsPerSecond: number
  readonly limit: string
}

function predict(from: From, devices: number, terms: Terms): Prediction {
  const decode = from === 'files' ? terms.decode : 0
  const limits: readonly (readonly [string, number])[] = [
    ['devices', devices / executeMs],
    // A decoding thread for each session, but no more than cores.
    ...(from === 'files' ? [['decoding', Math.min(devices, cores) / decode] as const] : []),
    ['cores', cores / (decode + terms.host)],
    ['event loop', 1 / terms.loop[from]],
  ]
  const [limit, perMs] = limits.reduce((least, next) => (next[1] < least[1] ? next : least))
  return { clipsPerSecond: 1000 * perMs, limit }
}

function middle(measured: readonly ScalingRound[], of: keyof ScalingRound): number {
  return median(measured.map(round => round[of]))
}

function tell(setting: Setting, measured: readonly ScalingRound[], prediction: Prediction): void {
  const rates = measured.map(round => round.clipsPerSecond)
  const rate = median(rates)
  const busy = (rate * middle(measured, 'cpuMsPerClip')) / 1000
  console.log(
    [
      setting.from.padEnd(7),
      String(setting.devices).padStart(7),
      `${prediction.clipsPerSecond.toFixed(0).padStart(9)} (${prediction.limit})`.padEnd(23),
      `${rate.toFixed(0).padStart(5)} (${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)})`.padEnd(
        24,
      ),
      `${((100 * rate) / prediction.clipsPerSecond).toFixed(0).padStart(4)} %`,
      busy.toFixed(2).padStart(11),
      middle(measured, 'loopMsPerClip').toFixed(3).padStart(8),
    ].join(' '),
  )
}

function main(): void {
  const scratch = new Scratch()
  try {
    console.log(
      `${describeMachine()}; ${executeMs} ms a run, ${rounds} rounds of ${secondsPerRound} s, medians (range)`,
    )
    const om = scratch.compileAasist()
    const executeUs = executeMs * 1000
    const idle: Setting = { from: 'windows', devices: 1, executeUs: 0 }
    const slowLink: Setting = { from: 'windows', devices: 1, executeUs, copyGbps: slowLinkGbps }
    const settings = deviceCounts.flatMap(devices =>
      (['windows', 'files'] as const).map(from => ({ from, devices, executeUs })),
    )
    const results = new Map<Setting, ScalingRound[]>([idle, slowLink, ...settings].map(one => [one, []]))
    decodeMs()
    const decodes: number[] = []
    for (let round = 0; round < rounds; round++) {
      decodes.push(decodeMs())
      for (const [setting, measured] of results) {
        const result = measure(om, setting)
        if (result !== undefined) measured.push(result)
      }
    }
    for (const [{ from, devices }, measured] of results) {
      if (measured.length === 0) throw new Error(`no round of ${from} with ${devices} devices has a result`)
    }
    const one = (from: From): ScalingRound[] =>
      results.get(settings.find(setting => setting.from === from && setting.devices === 1)!)!
    const terms: Terms = {
      decode: median(decodes),
      host: middle(one('windows'), 'cpuMsPerClip'),
      loop: {
        windows: middle(one('windows'), 'loopMsPerClip'),
        files: middle(one('files'), 'loopMsPerClip'),
      },
    }
    console.log(`decode ${terms.decode.toFixed(2)} ms a clip on one core`)
    console.log(
      `host ${terms.host.toFixed(2)} ms a run with one device, of that without a device that waits ${middle(results.get(idle)!, 'cpuMsPerClip').toFixed(3)}`,
    )
    console.log(
      `event loop ${terms.loop.windows.toFixed(3)} ms a window, ${terms.loop.files.toFixed(3)} ms a file`,
    )
    console.log('from    devices predicted (limit)       measured (range)         share  cores busy  loop ms')
    for (const setting of settings) {
      tell(setting, results.get(setting)!, predict(setting.from, setting.devices, terms))
    }
    const linkClipsPerSecond = (slowLinkGbps * 1e9) / bytesPerClip
    console.log(`a link of ${slowLinkGbps} GB/s, ${bytesPerClip} bytes a clip:`)
    tell(slowLink, results.get(slowLink)!, { clipsPerSecond: linkClipsPerSecond, limit: 'link' })
  } finally {
    scratch.remove()
  }
}

main()
