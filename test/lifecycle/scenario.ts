/**
 * Runs in a process of its own: brings a session into a state, then ends in one of the ways a process can end.
 *   scenario <state> <ending> <isolation> <folder of models>
 * With the ending `worker.terminate` the session lives in a worker_thread, which is terminated in that state.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { OrtSession } from '../../lib/session'
import type { Feeds, OrtSessionOptions } from '../../lib/session'
import type { Ending, State } from './cases'

interface Arguments {
  readonly state: State
  readonly ending: Ending
  readonly isolation: 'thread' | 'process' | 'default'
  readonly models: string
}

/** About a third of a millisecond a round. */
function feeds(rounds: bigint): Feeds {
  return {
    x: { type: 'float32', dims: [1], data: Float32Array.of(1) },
    rounds: { type: 'int64', dims: [], data: BigInt64Array.of(rounds) },
  }
}

async function reach({ state, isolation, models }: Arguments): Promise<void> {
  const options: OrtSessionOptions = { threads: 1, ...(isolation !== 'default' && { isolation }) }
  const slow = join(models, 'slow.onnx')
  // Whether pending work settles depends on the ending; here only the process itself is looked at.
  const ignore = (): void => undefined
  if (state === 'failed create') {
    const code = await OrtSession.create(Uint8Array.of(1, 2, 3), options).then(
      () => 'created',
      (error: unknown) => (error as { code?: string }).code,
    )
    if (code !== 'MODEL_INVALID') throw new Error(`expected MODEL_INVALID, found ${code}`)
    return
  }
  if (state === 'creating') {
    OrtSession.create(slow, options).catch(ignore)
    await delay(40)
    return
  }
  const session = await OrtSession.create(slow, options)
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
  if (ending === 'SIGTERM') process.kill(process.pid, 'SIGTERM')
}

async function main(given: Arguments): Promise<void> {
  if (given.ending !== 'worker.terminate') {
    await reach(given)
    finish(given.ending)
    return
  }
  if (!isMainThread) {
    await reach(given)
    parentPort!.postMessage('reached')
    // Keeps the thread alive in every state, so that it is terminated and does not end by itself.
    setInterval(() => undefined, 1000)
    return
  }
  const worker = new Worker(__filename, { workerData: given })
  await once(worker, 'message')
  await worker.terminate()
}

const [state, ending, isolation, models] = process.argv.slice(2)
void main(isMainThread ? ({ state, ending, isolation, models } as Arguments) : (workerData as Arguments))
