/**
 * Runs in a process of its own with --expose-gc: `lives <owner> <offline model> <AscendCL library> <times>` makes, uses and
 * releases that owner of memory again and again, and prints what the process held before the last so many times and after.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Detector } from '../../lib'
import { convertCheckpoint } from '../../lib/model'
import { AclSession, OrtSession, createPool } from '../../lib/session'
import type { Session } from '../../lib/session'
import { loadAddon } from '../../lib/session/binding'
import { tinyModel } from '../scoring/support'
import { addFeeds, addResult, modelPath } from '../session/support'
import { sample, type Sample } from '../soak/sample'

export const ownerNames = [
  'OrtSession (thread)',
  'OrtSession (process)',
  'SessionPool on the CPU',
  'Detector',
  'AclSession',
  'SessionPool of two NPUs',
] as const

export type OwnerName = (typeof ownerNames)[number]

/** What a process has only once: code, V8's young generation, allocators' memory. NPU sessions take 200 lives to fill it. */
const warmUps = (owner: OwnerName): number => (/Acl|NPU/.test(owner) ? 250 : 20)

export interface Held {
  readonly sample: Sample
  /** What the add-on has told V8 of. */
  readonly nativeBytes: number
}

export interface Lived {
  readonly before: Held
  readonly after: Held
}

async function use(session: Session): Promise<void> {
  const { sum } = await session.run(addFeeds)
  await session.release()
  if (String(sum!.data) !== String(addResult)) throw new Error(`found ${String(sum!.data)}`)
}

function lifeOf(owner: OwnerName, offlineModel: string, libraryPath: string): () => Promise<void> {
  const onnx = modelPath('add')
  switch (owner) {
    case 'OrtSession (thread)':
      return async () => use(await OrtSession.create(onnx, { threads: 1 }))
    case 'OrtSession (process)':
      return async () => use(await OrtSession.create(onnx, { threads: 1, isolation: 'process' }))
    case 'SessionPool on the CPU':
      return async () => use(await createPool(onnx, { device: 'cpu', sessions: 2 }))
    case 'AclSession':
      return async () => use(await AclSession.create(offlineModel, { libraryPath }))
    case 'SessionPool of two NPUs':
      return async () => use(await createPool(offlineModel, { device: [0, 1], libraryPath }))
    case 'Detector': {
      const { checkpoint, config, windowSamples } = tinyModel
      const model = convertCheckpoint(readFileSync(checkpoint), readFileSync(config, 'utf8'), {
        target: 'cpu',
      })
      const samples = new Float32Array(windowSamples).fill(0.1)
      return async () => {
        await using detector = await Detector.load({ model, sessions: 1 })
        await detector.score({ samples, sampleRateHz: 16_000 })
      }
    }
  }
}

function collect(): void {
  globalThis.gc!()
}

/** Threads and processes that were told to end need a moment to be gone: waits until there are no more than before. */
async function held(before?: Held): Promise<Held> {
  for (let wait = 0; ; wait++) {
    await delay(100)
    const now = sample(0, collect, 'resting')
    const goal = before?.sample
    const isBack =
      goal !== undefined &&
      now.threads <= goal.threads &&
      now.fds <= goal.fds &&
      now.children + now.zombies <= goal.children + goal.zombies
    if (isBack || wait >= (goal === undefined ? 5 : 100)) {
      return { sample: now, nativeBytes: loadAddon().externalMemory() }
    }
  }
}

async function main(
  owner: OwnerName,
  offlineModel: string,
  libraryPath: string,
  lives: number,
): Promise<void> {
  const live = lifeOf(owner, offlineModel, libraryPath)
  const liveTimes = async (times: number): Promise<void> => {
    for (let round = 0; round < times; round++) {
      await live()
      // Statistics of a session are 0.8 MB of histograms of Node's, whose size V8 does not see: it lets them wait.
      if (round % 10 === 0) collect()
    }
  }
  await liveTimes(warmUps(owner))
  const before = await held()
  await liveTimes(lives)
  const lived: Lived = { before, after: await held(before) }
  console.log(JSON.stringify(lived))
}

if (require.main === module) {
  const [owner = '', offlineModel = '', libraryPath = '', lives = ''] = process.argv.slice(2)
  void main(owner as OwnerName, offlineModel, libraryPath, Number(lives))
}
