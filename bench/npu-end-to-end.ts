/**
 * From FLAC files to scores on simulated NPUs that take as long as AASIST-L on an Ascend 310P3 (6.08 ms a clip, 47.36 ms
 * for eight), against what the same model does in pure inference on one device in the same run: one device, two devices, and
 * batch 8, with one session a device and with two.
 * `tsx bench/npu-end-to-end.ts [corpus]`
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { benchmark, Detector } from '../lib'
import { describeMachine, median } from './alternate'
import { clipPaths } from './clips'
import { Scratch, library } from './npu-model'

const batchTable = '1:6080,8:47360'
const rounds = 3
/** Of scoring: its first and last runs, when not every session has work, count as well. */
const secondsPerRound = 15
const secondsOfPureInference = 5
const msPerClip = { 1: 6.08, 8: 47.36 / 8 } as const

interface Figures {
  readonly clipsPerSecond: number
  readonly cpuMsPerClip: number
  readonly loopDelayP99Ms: number
}

/** As many clips as `devices` need the time of a round for, the list's clips in turn. */
function clipList(batch: 1 | 8, devices: number): string[] {
  const count = Math.round(((secondsPerRound * 1000) / msPerClip[batch]) * devices)
  // Whole runs, so that a padded last one does not count as idle time.
  return Array.from({ length: count - (count % batch) }, (_, index) => clipPaths[index % clipPaths.length]!)
}

/** Start and end of the pipeline included: a user waits for them too. */
async function scoreAll(detector: Detector, paths: readonly string[]): Promise<Figures> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const cpuBefore = process.cpuUsage()
  delay.enable()
  const startedAtMs = performance.now()
  for await (const { file, error } of detector.scoreFiles(paths)) {
    if (error !== undefined) throw new Error(`${file} has no score`, { cause: error })
  }
  const tookMs = performance.now() - startedAtMs
  delay.disable()
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    clipsPerSecond: (1000 * paths.length) / tookMs,
    cpuMsPerClip: (user + system) / 1000 / paths.length,
    loopDelayP99Ms: delay.percentile(99) / 1e6,
  }
}

async function pureInference(model: string, batch: 1 | 8): Promise<number> {
  const loop = Math.round((secondsOfPureInference * 1000) / msPerClip[batch] / batch)
  const { throughput } = await benchmark({ model, loop, order: 'overlapped' })
  return throughput
}

async function main(): Promise<void> {
  process.env['ACL_SIM_EXEC_US'] = batchTable
  process.env['ACL_SIM_DEVICES'] = '2'
  process.env['AASIST_ACL_LIBRARY'] = library
  const scratch = new Scratch()
  try {
    console.log(`${describeMachine()}, ${clipPaths.length} different clips`)
    const [one, eight] = [scratch.compileAasist(), scratch.compileAasist({ batch: 8 })]
    const contenders = [
      { name: 'one device', model: one, batch: 1, devices: 1, sessions: 1 },
      { name: 'one device, 2 sessions', model: one, batch: 1, devices: 1, sessions: 2 },
      { name: 'two devices', model: one, batch: 1, devices: 2, sessions: 2 },
      { name: 'two devices, 4 sessions', model: one, batch: 1, devices: 2, sessions: 4 },
      { name: 'one device, batch 8', model: eight, batch: 8, devices: 1, sessions: 1 },
    ] as const
    const measured = contenders.map(() => [] as { share: number; figures: Figures }[])
    for (let round = 0; round <= rounds; round += 1) {
      for (const [index, { model, batch, devices, sessions }] of contenders.entries()) {
        const pure = await pureInference(model, batch)
        const ids = Array.from({ length: devices }, (_, id) => id)
        await using detector = await Detector.load({ model, device: ids, sessions })
        // Threads that decode start with the first clips, and begin with code that is not compiled yet.
        await scoreAll(detector, clipList(batch, devices).slice(0, 200 * devices))
        const figures = await scoreAll(detector, clipList(batch, devices))
        if (round > 0) measured[index]!.push({ share: figures.clipsPerSecond / pure, figures })
      }
    }
    for (const [index, { name, devices }] of contenders.entries()) {
      const all = measured[index]!
      const of = (pick: (each: (typeof all)[number]) => number): number => median(all.map(pick))
      const shares = all.map(({ share }) => share)
      console.log(
        `${name.padEnd(24)} ${of(({ figures }) => figures.clipsPerSecond).toFixed(2)} clips/s, ` +
          `${times(
            of(({ share }) => share),
            devices,
          )} pure inference (${times(Math.min(...shares), devices)} to ${times(Math.max(...shares), devices)}); ` +
          `${of(({ figures }) => figures.cpuMsPerClip).toFixed(2)} ms of CPU a clip; event-loop delay p99 ${of(({ figures }) => figures.loopDelayP99Ms).toFixed(2)} ms`,
      )
    }
  } finally {
    scratch.remove()
  }
}

function times(ratio: number, devices: number): string {
  return devices === 1 ? `${(100 * ratio).toFixed(2)} % of` : `${ratio.toFixed(3)} times`
}

void main()
