/**
 * Runs in a process of its own: `acl-stories <name> <folder of models>`. Prints what happened as one line of JSON.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { AclSession, createPool } from '../../lib/session'
import type { Feeds } from '../../lib/session'
import { loadAddon } from '../../lib/session/binding'
import { slowdown } from './slowdown'

const [name = '', models = ''] = isMainThread ? process.argv.slice(2) : (workerData as string[])
const slow = join(models, 'slow.om')
const exitWaitMs = 300

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

const threads = (): number => readdirSync('/proc/self/task').length

/** Threads of sessions, by their names. */
const ownThreads = (): number =>
  readdirSync('/proc/self/task').filter(id => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').startsWith('acl-')
    } catch {
      return false
    }
  }).length

async function createAndRun(): Promise<string> {
  return outcome(
    (async () => {
      await using session = await AclSession.create(slow, { exitWaitMs })
      await session.run(feeds(3n))
    })(),
  )
}

const stories: Readonly<Record<string, () => Promise<void>>> = {
  async exit() {
    const session = await AclSession.create(slow, { exitWaitMs })
    session.run(feeds(1n)).catch(() => undefined)
    await delay(50)
    process.exit(3)
  },

  /** A handler that comes after the one in which all sessions end. */
  async 'run at exit'() {
    const session = await AclSession.create(slow, { exitWaitMs })
    await session.run(feeds(1n))
    process.on('exit', () => {
      for (let i = 0; i < 5; i++) session.run(feeds(1n)).catch(() => undefined)
      print({ running: session.stats().running })
    })
    process.exit(3)
  },

  async 'run after leave'() {
    const session = await AclSession.create(slow, { exitWaitMs })
    await session.run(feeds(1n))
    loadAddon().leave()
    print({ run: await outcome(session.run(feeds(1n))), ...session.stats() })
    await session.release()
  },

  async 'threads after leave'() {
    const left: number[] = []
    for (let round = 0; round < 20; round++) {
      const session = await AclSession.create(slow)
      await Promise.all([1n, 2n, 3n].map(async rounds => session.run(feeds(rounds))))
      loadAddon().leave()
      left.push(ownThreads())
    }
    print({ left: [...new Set(left)] })
  },

  async load() {
    const controller = new AbortController()
    const creation = outcome(AclSession.create(slow, { exitWaitMs, signal: controller.signal }))
    await delay(50)
    controller.abort(new Error('enough'))
    if ((await creation) === 'enough') process.exit(3)
  },

  async terminate() {
    if (!isMainThread) {
      const session = await AclSession.create(slow, { exitWaitMs })
      session.run(feeds(1n)).catch(() => undefined)
      await delay(50)
      parentPort!.postMessage('hanging')
      return
    }
    const worker = new Worker(__filename, { workerData: [name, models] })
    await once(worker, 'message')
    await worker.terminate()
    print({ terminated: true, after: await createAndRun() })
  },

  /** The answer arrives in the turn of the loop in which the worker is told to end. */
  async 'terminate while looking'() {
    if (!isMainThread) {
      void loadAddon().probe('')
      parentPort!.postMessage('looking')
      const until = performance.now() + 500
      while (performance.now() < until);
      return
    }
    for (let round = 0; round < 3; round += 1) {
      const worker = new Worker(__filename, { workerData: [name, models] })
      await once(worker, 'message')
      await delay(100)
      await worker.terminate()
    }
    print({ terminated: true, after: await createAndRun() })
  },

  async release() {
    const warned = once(process, 'warning') as Promise<[Error & { code: string }]>
    const session = await AclSession.create(slow, { exitWaitMs })
    const run = outcome(session.run(feeds(1n)))
    const waited = outcome(session.run(feeds(1n)))
    await delay(50)
    await session.release()
    const [{ code: warning }] = await warned
    print({
      run: await run,
      waited: await waited,
      warning,
      state: session.stats().state,
      later: await outcome(session.run(feeds(1n))),
    })
  },

  async timeout() {
    let warnings = 0
    process.on('warning', () => (warnings += 1))
    const session = await AclSession.create(slow, { exitWaitMs })
    const run = outcome(session.run(feeds(1n), undefined, { timeoutMs: 100 }))
    const waiting = outcome(session.run(feeds(1n)))
    const facts = { run: await run, waiting: await waiting, later: await outcome(session.run(feeds(1n))) }
    const { state } = session.stats()
    await session.release()
    await delay(10)
    print({ ...facts, state, warnings })
  },

  /** A device that does not even answer to being told to stop. */
  async stuck() {
    const warned = once(process, 'warning') as Promise<[Error & { code: string }]>
    const session = await AclSession.create(slow)
    const run = await outcome(session.run(feeds(1n), undefined, { timeoutMs: 100 }))
    await session.release()
    const [{ code: warning }] = await warned
    print({ run, warning, state: session.stats().state })
  },

  async copying() {
    const session = await AclSession.create(slow, { exitWaitMs })
    const first = await outcome(session.run(feeds(1n), undefined, { timeoutMs: 50 }))
    const states: string[] = [session.stats().state]
    const waiting = await outcome(session.run(feeds(1n), undefined, { timeoutMs: 5000 }))
    states.push(session.stats().state)
    const later = await outcome(session.run(feeds(1n)))
    await session.release()
    print({ first, waiting, later, states })
  },

  /** A copy that is only slow: the session goes on when it has ended. */
  async 'slow copy'() {
    const session = await AclSession.create(slow)
    const first = await outcome(session.run(feeds(1n), undefined, { timeoutMs: 50 }))
    const waiting = await outcome(session.run(feeds(1n)))
    await delay(600)
    print({ first, waiting, state: session.stats().state, later: await outcome(session.run(feeds(1n))) })
    await session.release()
  },

  /** Inputs that need a copy, while there is address space for nothing more. */
  async 'no memory'() {
    const session = await AclSession.create(join(models, 'open.om'), { exitWaitMs })
    const add = (rows: number): Feeds => {
      const tensor = { type: 'float32', dims: [rows, 3], data: new Float32Array(rows * 3) } as const
      return { left: tensor, right: tensor }
    }
    const limit = (bytes: string): unknown =>
      execFileSync('prlimit', ['--pid', `${process.pid}`, `--as=${bytes}:`])
    const large = add(25_000_000)
    const [pages = ''] = readFileSync('/proc/self/statm', 'utf8').split(' ')
    limit(`${Number(pages) * 4096 + 100_000_000}`)
    const refused = outcome(session.run(large))
    limit('unlimited')
    const { queued, running } = session.stats()
    const facts = { large: await refused, queued, running, small: await outcome(session.run(add(1))) }
    await session.release()
    print({ ...facts, state: session.stats().state })
  },

  /**
   * The same for inputs that have to wait, because one run executes for half a second and the next is on the device: what
   * waits is told to V8, until there is no memory for more.
   */
  async 'no memory to wait in'() {
    const session = await AclSession.create(join(models, 'open.om'), { exitWaitMs })
    const externalMemory = (): number => loadAddon().externalMemory()
    const fed = (rows: number): Feeds => {
      const tensor = { type: 'float32', dims: [rows, 3], data: new Float32Array(rows * 3) } as const
      return { left: tensor, right: tensor }
    }
    const [small, large, huge] = [fed(1), fed(200_000), fed(25_000_000)]
    await session.run(small)
    const before = externalMemory()
    const ahead = [session.run(small), session.run(small)]
    await delay(50)
    const controller = new AbortController()
    const options = { signal: controller.signal }
    const waiting = Array.from({ length: 10 }, () => outcome(session.run(large, undefined, options)))
    const waitingBytes = externalMemory() - before
    const [pages = ''] = readFileSync('/proc/self/statm', 'utf8').split(' ')
    const limit = (bytes: string): unknown =>
      execFileSync('prlimit', ['--pid', `${process.pid}`, `--as=${bytes}:`])
    limit(`${Number(pages) * 4096 + 100_000_000}`)
    const refused = outcome(session.run(huge))
    limit('unlimited')
    const { queued, running } = session.stats()
    controller.abort(new Error('enough'))
    const facts = { huge: await refused, queued, running, waiting: [...new Set(await Promise.all(waiting))] }
    const takenBackBytes = externalMemory() - before
    await Promise.all(ahead)
    const later = await outcome(session.run(small))
    await session.release()
    print({ ...facts, waitingBytes, takenBackBytes, later, state: session.stats().state })
  },

  /** Loading takes half a second, and then fails. */
  async 'bytes of a model'() {
    const bytes = new Uint8Array(50e6).fill(7)
    const before = loadAddon().externalMemory()
    const opening = outcome(AclSession.create(bytes))
    const loadingBytes = loadAddon().externalMemory() - before
    const opened = await opening
    print({ opened, loadingBytes, afterwardsBytes: loadAddon().externalMemory() - before, first: bytes[0] })
  },

  /** A call that never returns while a session is opened. Creation is given up, and another one, on another device. */
  async 'open hangs'() {
    const startedAtMs = performance.now()
    const signal = AbortSignal.timeout(200 * slowdown)
    const first = await outcome(AclSession.create(slow, { exitWaitMs, signal }))
    const firstMs = performance.now() - startedAtMs
    const second = await outcome(
      (async () => {
        await using session = await AclSession.create(slow, {
          device: 1,
          exitWaitMs,
          signal: AbortSignal.timeout(3000 * slowdown),
        })
        await session.run(feeds(1n))
      })(),
    )
    print({ first, inTime: firstMs < 1000 * slowdown, second })
    process.exit(3)
  },

  /** A call that never returns while everything is given back. */
  async 'release hangs'() {
    const warned = once(process, 'warning') as Promise<[Error & { code: string }]>
    const session = await AclSession.create(slow, { exitWaitMs })
    await session.run(feeds(1n))
    const startedAtMs = performance.now()
    await session.release()
    const tookMs = performance.now() - startedAtMs
    const [{ code: warning }] = await warned
    print({
      warning,
      inTime: tookMs > exitWaitMs - 50 && tookMs < exitWaitMs + 1000 * slowdown,
      state: session.stats().state,
    })
  },

  /** The same at the end of a process that releases nothing. */
  async 'exit hangs'() {
    const session = await AclSession.create(slow, { exitWaitMs })
    await session.run(feeds(1n))
    process.exit(3)
  },

  async forgotten() {
    const createAndForget = async (): Promise<void> => {
      const session = await AclSession.create(slow, { device: 0 })
      await session.run(feeds(1n))
    }
    await createAndRun()
    const before = threads()
    let created = 0
    for (; created < 200; created++) await createAndForget()
    const collect = (globalThis as unknown as { gc: () => void }).gc
    for (let round = 0; round < 100 && threads() > before; round++) {
      collect()
      await delay(20)
    }
    print({ created, threadsLeft: threads() - before })
  },

  async workers() {
    if (!isMainThread) {
      parentPort!.postMessage(await createAndRun())
      return
    }
    const round = async (): Promise<string[]> => {
      const inWorker = async (): Promise<string> => {
        const worker = new Worker(__filename, { workerData: [name, models] })
        const [[message]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [
          [string],
          unknown,
        ]
        return message
      }
      return Promise.all([createAndRun(), inWorker(), inWorker(), inWorker(), inWorker()])
    }
    print({ first: await round(), second: await round() })
  },

  /** Every file in the folder `bad`, from its path and from its bytes, and inputs that are wrong in every way. */
  async bad() {
    const codes: Record<string, string> = {}
    const folder = join(models, 'bad')
    for (const file of readdirSync(folder)) {
      const path = join(folder, file)
      codes[file] = await outcome(AclSession.create(path))
      if (statSync(path).isFile())
        codes[`${file} as bytes`] = await outcome(AclSession.create(readFileSync(path)))
    }
    const session = await AclSession.create(slow)
    const [x, rounds] = [feeds(1n)['x']!, feeds(1n)['rounds']!]
    const wrong: Readonly<Record<string, unknown>> = {
      nothing: {},
      dtype: { x: { ...x, type: 'float64', data: Float64Array.of(1) }, rounds },
      shape: { x: { ...x, dims: [1, 1] }, rounds },
      length: { x: { ...x, data: new Float32Array(2) }, rounds },
      name: { X: x, rounds },
    }
    for (const [what, given] of Object.entries(wrong))
      codes[what] = await outcome(session.run(given as Feeds))
    await session.run(feeds(1n))
    await session.release()
    print(codes)
  },

  /** The simulator breaks down one of the devices. */
  async failover() {
    const events: string[] = []
    const pool = await createPool(slow, {
      device: [0, 1],
      onFailover: ({ error }) => events.push((error as Error & { code: string }).code),
    })
    const runs = await Promise.all(Array.from({ length: 20 }, () => outcome(pool.run(feeds(3n)))))
    const { retried, failovers, done } = pool.stats()
    await pool.release()
    print({ outcomes: [...new Set(runs)], events, retried, failovers, done })
  },

  /** Opening takes half a second. */
  async opening() {
    const histogram = monitorEventLoopDelay({ resolution: 5 })
    histogram.enable()
    const session = await AclSession.create(slow)
    histogram.disable()
    await session.release()
    print({ longestMs: histogram.max / 1e6 })
  },

  async graceful() {
    const session = await AclSession.create(slow)
    process.once('SIGTERM', () => void session.release().then(() => process.exit(0)))
    const running = session.run(feeds(500n))
    const queued = session.run(feeds(1n))
    void Promise.all([outcome(running), outcome(queued)]).then(([first, second]) => print({ first, second }))
    await delay(40)
    process.kill(process.pid, 'SIGTERM')
    await delay(60_000)
  },

  async signals() {
    const before = process.env['ASCEND_COREDUMP_SIGNAL'] ?? null
    let interrupts = 0
    process.on('SIGINT', () => (interrupts += 1))
    await createAndRun()
    process.kill(process.pid, 'SIGINT')
    await delay(20)
    print({ before, after: process.env['ASCEND_COREDUMP_SIGNAL'] ?? null, interrupts })
    process.exit(0)
  },

  /** aclInit says that somebody else has called it, which here is not true: so the next call fails, and not aclInit. */
  async other() {
    const error = (await AclSession.create(slow).catch((reason: unknown) => reason)) as Error & {
      code: string
      detail: { aclError: number }
    }
    print({ code: error.code, aclError: error.detail.aclError })
  },
}

void stories[name]!()
