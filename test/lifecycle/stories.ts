/**
 * Runs in a process of its own: `stories <name> <folder of models> [isolation]`. Prints what happened as one line of
 * JSON; whatever else appears on a stream is a fault.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { OrtSession, createPool } from '../../lib/session'
import type { Feeds } from '../../lib/session'

const ENDLESS = 1_000_000_000n

const [name = '', models = '', isolation = 'thread'] = isMainThread
  ? process.argv.slice(2)
  : (workerData as string[])
const slow = join(models, 'slow.onnx')
const options = { threads: 1, isolation: isolation as 'thread' | 'process' }

function feeds(rounds: bigint): Feeds {
  return {
    x: { type: 'float32', dims: [1], data: Float32Array.of(1) },
    rounds: { type: 'int64', dims: [], data: BigInt64Array.of(rounds) },
  }
}

function print(facts: object): void {
  process.stdout.write(`${JSON.stringify(facts)}\n`)
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return code ?? message
  }
}

async function computeForEver(): Promise<OrtSession> {
  const session = await OrtSession.create(slow, options)
  session.run(feeds(ENDLESS)).catch(() => undefined)
  await delay(50)
  return session
}

const stories: Readonly<Record<string, () => Promise<void>>> = {
  /** A run that goes on longer than the process is ready to wait for it. */
  async overdue() {
    const session = await OrtSession.create(slow, { ...options, exitWaitMs: 200 })
    session.run(feeds(ENDLESS)).catch(() => undefined)
    await delay(50)
    process.exit(3)
  },

  /** Left alone with a computing child; the test kills this process. */
  async killed() {
    await computeForEver()
    print({ ready: true })
    await delay(60_000)
  },

  /** The worker_thread that owns the session is terminated, and this process goes on. */
  async terminated() {
    if (!isMainThread) {
      await computeForEver()
      parentPort!.postMessage('computing')
      return
    }
    const worker = new Worker(__filename, { workerData: [name, models, 'process'] })
    await once(worker, 'message')
    await worker.terminate()
    print({ ready: true })
    await delay(60_000)
  },

  /** The documented way of leaving on SIGTERM. */
  async graceful() {
    const session = await OrtSession.create(slow, options)
    process.once('SIGTERM', () => void session.release().then(() => process.exit(0)))
    const running = session.run(feeds(500n))
    const queued = session.run(feeds(1n))
    void Promise.all([outcome(running), outcome(queued)]).then(([first, second]) => print({ first, second }))
    await delay(40)
    process.kill(process.pid, 'SIGTERM')
    await delay(60_000)
  },

  /** Nobody waits for the run any more; the script just ends. */
  async discarded() {
    const session = await OrtSession.create(slow, options)
    const controller = new AbortController()
    const run = outcome(session.run(feeds(500n), undefined, { signal: controller.signal }))
    await delay(40)
    controller.abort(new Error('given up'))
    print({ run: await run })
  },

  /** Needs die-in-worker.cjs preloaded. */
  async dying() {
    const session = await OrtSession.create(slow, options)
    const runs = await Promise.all(Array.from({ length: 60 }, () => outcome(session.run(feeds(60n)))))
    print({
      outcomes: [...new Set(runs)].sort(),
      later: await outcome(session.run(feeds(1n))),
      ...session.stats(),
    })
    await session.release()
  },

  /** The same for a pool, which opens another session and loses nothing but time. */
  async failover() {
    const pool = await createPool(slow, { sessions: 1, isolation: 'thread' })
    const runs = await Promise.all(Array.from({ length: 60 }, () => outcome(pool.run(feeds(30n)))))
    print({ outcomes: [...new Set(runs)].sort(), lost: pool.stats().failovers > 0 })
    await pool.release()
  },

  /** Everything onnxruntime would print about if it could. */
  async noisy() {
    const session = await OrtSession.create(join(models, 'noisy.onnx'), options)
    const index = { type: 'int64', dims: [1], data: BigInt64Array.of(7n) } as const
    const run = await outcome(session.run({ index }))
    const create = await outcome(OrtSession.create(Buffer.from('no model'), options))
    await session.release()
    print({ run, create })
  },

  /** onnxruntime-node is not installed. */
  async missing() {
    const error = (await OrtSession.create(slow, options).catch((reason: unknown) => reason)) as Error & {
      code: string
    }
    print({ code: error.code, message: error.message })
  },
}

void stories[name]!()
