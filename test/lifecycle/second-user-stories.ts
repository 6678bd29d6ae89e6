/**
 * Runs in a process of its own: `second-user-stories <story> <model> <second user's add-on> <AscendCL's library>`.
 * Prints what happened as one line of JSON.
 */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { AclSession } from '../../lib/session'
import type { Feeds } from '../../lib/session'

const [story = '', model = '', addon = '', library = ''] = isMainThread
  ? process.argv.slice(2)
  : (workerData as string[])

/** Answers AscendCL's codes; 0 is success. */
interface SecondUser {
  begin(library: string): number
  use(): number
  end(): number
}

function secondUser(): SecondUser {
  const loaded = { exports: {} }
  process.dlopen(loaded, addon)
  return loaded.exports as SecondUser
}

const feeds: Feeds = {
  x: { type: 'float32', dims: [1], data: Float32Array.of(1) },
  rounds: { type: 'int64', dims: [], data: BigInt64Array.of(3n) },
}

async function ours(during: () => number = () => 0): Promise<number> {
  const session = await AclSession.create(model)
  await session.run(feeds)
  const code = during()
  await session.release()
  return code
}

const stories: Readonly<Record<string, () => Promise<object>>> = {
  /** It comes first and stays. */
  async first() {
    const other = secondUser()
    const begun = other.begin(library)
    const codes = [other.use()]
    for (let round = 0; round < 3; round++) {
      codes.push(await ours(() => other.use()))
      codes.push(other.use())
    }
    return { begun, codes, ended: other.end() }
  },

  /** It comes while a session is there: aclInit tells it that it is not the first, as any other user is told. */
  async 'in between'() {
    const other = secondUser()
    let begun = 0
    await ours(() => (begun = other.begin(library)))
    return { begun }
  },

  /** It is at work in another thread all the time. */
  async 'in a worker'() {
    const worker = new Worker(__filename, { workerData: ['at work', model, addon, library] })
    const begun = (await once(worker, 'message')) as [number]
    for (let round = 0; round < 5; round++) await ours()
    worker.postMessage('enough')
    const [[codes]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [
      [number[]],
      unknown,
    ]
    return { begun: begun[0], codes: [...new Set(codes)], several: codes.length > 10 }
  },
}

async function atWork(): Promise<void> {
  const other = secondUser()
  const codes: number[] = []
  const told = { isEnough: false }
  parentPort!.once('message', () => (told.isEnough = true))
  parentPort!.postMessage(other.begin(library))
  while (!told.isEnough) {
    codes.push(other.use())
    await delay(1)
  }
  codes.push(other.use(), other.end())
  parentPort!.postMessage(codes)
}

if (isMainThread) void stories[story]!().then(facts => process.stdout.write(`${JSON.stringify(facts)}\n`))
else void atWork()
