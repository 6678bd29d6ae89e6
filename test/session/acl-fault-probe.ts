/**
 * Runs in a process of its own, whose ACL_SIM_FAULTS say what breaks: `acl-fault-probe <story> <model>`. Prints what
 * happened as one line of JSON.
 */
import { errorCode } from '../../lib/errors'
import { AclSession, createPool, createSession } from '../../lib/session'
import type { Feeds, RunOptions } from '../../lib/session'

const [story = '', model = ''] = process.argv.slice(2)

const feeds: Feeds = {
  x: { type: 'float32', dims: [1], data: Float32Array.of(1) },
  rounds: { type: 'int64', dims: [], data: BigInt64Array.of(3n) },
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'resolved',
    (error: unknown) => errorCode(error) ?? String(error),
  )
}

/** Three runs one after the other, one that waits behind the third, and one more. */
async function session(options: RunOptions): Promise<object> {
  let warnings = 0
  process.on('warning', () => (warnings += 1))
  const opened = await AclSession.create(model)
  const run = (): Promise<string> => outcome(opened.run(feeds, undefined, options))
  const before = [await run(), await run()]
  const [third, waiting] = await Promise.all([run(), run()])
  const { state } = opened.stats()
  const later = await run()
  await opened.release()
  return { before, third, waiting, state, later, warnings }
}

/** A run with a time-out, and one without behind it. */
async function workGoesOn(): Promise<object> {
  const opened = await AclSession.create(model)
  const [first, second] = await Promise.all([
    outcome(opened.run(feeds, undefined, { timeoutMs: 10_000 })),
    outcome(opened.run(feeds)),
  ])
  const { state } = opened.stats()
  await opened.release()
  return { first, second, state }
}

async function pool(): Promise<object> {
  const events: (string | undefined)[] = []
  const opened = await createPool(model, {
    device: [0, 1],
    onFailover: ({ error }) => events.push(errorCode(error)),
  })
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcome(opened.run(feeds))))
  const { done, failed, failovers, retried, state } = opened.stats()
  await opened.release()
  return { outcomes: [...new Set(outcomes)], events, done, failed, failovers, retried, state }
}

/** With a limit for each run, on NPUs named in the environment: where each run was before it came to its result. */
async function attempts(): Promise<object> {
  const devices = (process.env['PROBE_DEVICES'] ?? '').split(',').map(Number)
  const opened = await createPool(model, { device: devices, runTimeoutMs: 1500 })
  const histories: object[] = []
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const run = opened.run(feeds)
      const result = await run.catch((error: unknown) => error as Error)
      const failed = opened.failedAttempts(result)
      if (failed.length > 0) histories.push(failed.map(({ device, error }) => [device, errorCode(error)]))
      return result instanceof Error ? errorCode(result) : 'resolved'
    }),
  )
  const { done, retried } = opened.stats()
  await opened.release()
  return { outcomes: [...new Set(outcomes)].sort(), histories, done, retried }
}

/** The CPU's form of the model is there as well. */
async function auto(): Promise<object> {
  const forms = { om: model, onnx: process.env['PROBE_ONNX'] ?? '' }
  await using one = await createSession(forms)
  await using several = await createPool(forms, { sessions: 2 })
  await using asked = await createSession(forms, { device: 'cpu' })
  return { session: one.device, pool: several.device, asked: asked.device }
}

/** An NPU that computes in no time, and hangs at its second run; and the CPU, which is slow. */
async function besideTheCpu(): Promise<object> {
  const forms = { om: model, onnx: process.env['PROBE_ONNX'] ?? '' }
  const both = { device: 'npu+cpu', sessions: 1, exitWaitMs: 100 } as const
  const slow: Feeds = { ...feeds, rounds: { type: 'int64', dims: [], data: BigInt64Array.of(200n) } }
  const opened = await createPool(forms, both)
  const kindOf = async (): Promise<string> => opened.deviceOf(await opened.run(slow))?.kind ?? 'unknown'
  const first = await Promise.all([kindOf(), kindOf()])
  let hangs = true
  const signal = process.env['PROBE_GIVE_UP'] === undefined ? {} : { signal: AbortSignal.timeout(1500) }
  const hanging = opened.run(slow, undefined, signal).then(
    () => (hangs = false),
    () => undefined,
  )
  if (signal.signal !== undefined) await hanging
  const behind = await kindOf()
  // Released, the pool would wait for that run.
  setImmediate(() => process.exit())
  return { first, behind, hangs }
}

const stories: Readonly<Record<string, () => Promise<object>>> = {
  session: () => session({}),
  'session with timeoutMs': () => session({ timeoutMs: 10_000 }),
  'work goes on': workGoesOn,
  pool,
  attempts,
  auto,
  'beside the CPU': besideTheCpu,
}

void stories[story]!().then(facts => process.stdout.write(`${JSON.stringify(facts)}\n`))
