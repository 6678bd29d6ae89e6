/**
 * The process that is watched: all lanes at once until the time is up, a sample every so often, and at the end
 * everything given back. Talks to its parent by IPC.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type * as Package from '../../lib'
import { cpuDetectorRound, npuDetectorRound, type Speech } from './detector-lanes'
import { Rest } from './rest'
import { type Sample, sample } from './sample'
import { cpuRound, npuRound, poolRound } from './session-lanes'
import { Tally, lane } from './tally'
import { workerRound } from './worker-lane'

export interface LoadTask {
  /** The package's main file. */
  readonly package: string
  readonly library: string
  readonly add: { readonly onnx: string; readonly om: string }
  readonly slow: { readonly onnx: string; readonly om: string }
  readonly speech: Speech
  readonly seconds: number
  readonly sampleSeconds: number
  /** From one rest to the next, about. */
  readonly restSeconds: number
}

export type LoadMessage =
  | { readonly kind: 'sample'; readonly sample: Sample; readonly right: number; readonly failed: number }
  | { readonly kind: 'broken'; readonly reason: string }
  | {
      readonly kind: 'end'
      readonly tally: ReturnType<Tally['summary']>
      /** Before anything was opened, and after everything was released. */
      readonly before: Sample
      readonly after: Sample
    }

/** Seconds is what a round takes; one that hangs is what this is to find. */
const longestRoundMs = 120_000

/** Threads and processes that were told to end need a moment to be gone. */
const settleMs = 1000

function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

async function load(task: LoadTask): Promise<void> {
  const aasist = (await import(task.package)) as typeof Package
  const tally = new Tally()
  const { library, add, slow, speech } = task
  const surroundings = { tally, library, add, slow }
  const collect = collector()
  const beganAtMs = performance.now()
  const before = sample(beganAtMs, collect, 'resting')
  const end = new AbortController()
  const rounds: Readonly<Record<string, (count: number) => Promise<void>>> = {
    'cpu thread': count => cpuRound(aasist, 'thread', surroundings, count),
    'cpu process': count => cpuRound(aasist, 'process', surroundings, count),
    npu: count => npuRound(aasist, surroundings, count),
    pool: count => poolRound(aasist, surroundings, count),
    worker: count => workerRound(task.package, surroundings, count),
    'detector cpu': count => cpuDetectorRound(aasist, { tally, speech, count }),
    'detector npu': () => npuDetectorRound(aasist, { tally, speech, library }),
  }
  const rest = new Rest(Object.keys(rounds))
  const each = { tally, ended: end.signal, rest, pauseMs: 20 }
  const lanes = Promise.all(Object.entries(rounds).map(([name, round]) => lane(name, each, round)))
  const counts = (): { right: number; failed: number } => {
    const all = Object.values(tally.summary().lanes)
    return {
      right: all.reduce((sum, { right }) => sum + right, 0),
      failed: all.flatMap(({ errors }) => Object.values(errors)).reduce((sum, count) => sum + count, 0),
    }
  }
  const look = (state: Sample['state']): void =>
    send({ kind: 'sample', sample: sample(beganAtMs, collect, state), ...counts() })
  let restedAtMs = beganAtMs
  while (performance.now() - beganAtMs < task.seconds * 1000) {
    await delay(task.sampleSeconds * 1000)
    look('running')
    if (performance.now() - restedAtMs < task.restSeconds * 1000) continue
    await rest.during(async () => {
      await delay(settleMs)
      look('resting')
    }, longestRoundMs)
    restedAtMs = performance.now()
  }
  end.abort()
  await lanes
  await delay(settleMs)
  send({ kind: 'end', tally: tally.summary(), before, after: sample(beganAtMs, collect, 'resting') })
}

function send(message: LoadMessage): void {
  process.send!(message)
}

process.once('message', task => {
  load(task as LoadTask).then(
    () => process.disconnect(),
    (error: unknown) => {
      // What hangs would keep the process.
      process.send!({ kind: 'broken', reason: String(error) } satisfies LoadMessage, () => process.exit(1))
    },
  )
})
