/**
 * Runs in a process of its own: brings a session into a state, then ends in one of the ways a process can end.
 *   scenario <state> <ending> <back end> <folder of models>
 * With the endings `worker.terminate` and `worker exit` the session lives in a worker_thread, which is terminated in
 * that state, or ends itself.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { AclSession, OrtSession } from '../../lib/session'
import type { Feeds, Session } from '../../lib/session'
import type { BackEnd, Ending, State } from './cases'

interface Arguments {
  readonly state: State
  readonly ending: Ending
  readonly backEnd: BackEnd
  readonly models: string
}

/** About a third of a millisecond a round. */
function feeds(rounds: bigint): Feeds {
  return {
    x: { type: 'float32', dims: [1], data: Float32Array.of(1) },
    rounds: { type: 'int64', dims: [], data: BigInt64Array.of(rounds) },
  }
}

async function reach({ state, backEnd, models }: Arguments): Promise<void> {
  const isNpu = backEnd === 'npu'
  const slow = join(models, isNpu ? 'slow.om' : 'slow.onnx')
  const create = (model: string | Uint8Array): Promise<Session> =>
    isNpu
      ? AclSession.create(model)
      : OrtSession.create(model, { threads: 1, ...(backEnd !== 'default' && { isolation: backEnd }) })
  // Whether pending work settles depends on the ending; here only the process itself is looked at.
  const ignore = (): void => undefined
  if (state === 'failed create') {
    const code = await create(Uint8Array.of(1, 2, 3)).then(
      () => 'created',
      (error: unknown) => (error as { code?: string }).code,
    )
    if (code !== 'MODEL_INVALID') throw new Error(`expected MODEL_INVALID, found ${code}`)
    return
  }
  if (state === 'creating') {
    create(slow).catch(ignore)
    // Loading takes some 100 ms on the CPU and less than 10 on the simulator.
    await delay(isNpu ? 2 : 40)
    return
  }
  const session = await create(slow)
  await session.run(feeds(1n))
  if (state === 'released') await session.release()
  if (state === 'running' || state === 'queued') session.run(feeds(800n)).catch(ignore)
  if (state === 'queued') for (let i = 0; i < 3; i++) session.run(feeds(50n)).catch(ignore)
  await delay(30)
}

function fail(): never {
  throw new Error('boom')
}

function finish(ending: Ending): void {
  if (ending === 'process.exit') process.exit(3)
  if (ending === 'uncaught exception') setTimeout(fail, 1)
  if (ending === 'unhandled rejection') void Promise.reject(new Error('boom'))
  if (ending === 'SIGTERM' || ending === 'SIGINT') process.kill(process.pid, ending)
}

async function main(given: Arguments): Promise<void> {
  const { ending } = given
  if (ending !== 'worker.terminate' && ending !== 'worker exit') {
    await reach(given)
    finish(ending)
    return
  }
  if (!isMainThread) {
    await reach(given)
    if (ending === 'worker exit') process.exit(4)
    parentPort!.postMessage('reached')
    // Keeps the thread alive in every state, so that it is terminated and does not end by itself.
    setInterval(() => undefined, 1000)
    return
  }
  const worker = new Worker(__filename, { workerData: given })
  if (ending === 'worker exit') {
    const [code] = (await once(worker, 'exit')) as [number]
    if (code !== 4) throw new Error(`the worker ended with ${code}`)
    return
  }
  await once(worker, 'message')
  await worker.terminate()
}

const [state, ending, backEnd, models] = process.argv.slice(2)
void main(isMainThread ? ({ state, ending, backEnd, models } as Arguments) : (workerData as Arguments))
