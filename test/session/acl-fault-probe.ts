/**
 * Runs in a process of its own, whose ACL_SIM_FAULTS say what breaks: `acl-fault-probe <story> <model>`. Prints what
 * happened as one line of JSON.
 */
import { errorCode } from '../../lib/errors'
import { AclSession, createPool } from '../../lib/session'
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

const stories: Readonly<Record<string, () => Promise<object>>> = {
  session: () => session({}),
  'session with timeoutMs': () => session({ timeoutMs: 10_000 }),
  pool,
}

void stories[story]!().then(facts => process.stdout.write(`${JSON.stringify(facts)}\n`))
