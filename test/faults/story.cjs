// A process of its own: opens a model, runs it eight times and gives it back, then does so again, and prints how each step
// ended, as one line of JSON. `story.cjs <dist folder> <settings as JSON>`; faults come by environment.
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')

const [dist, json] = process.argv.slice(2)
const { AclSession } = require(join(dist, 'session'))
const { probeNpus } = require(join(dist, 'session', 'devices'))
const { model, asBytes, look, shapes, options, sessions, timeoutMs, createWaitMs, patienceMs } =
  JSON.parse(json)

const steps = { sessions: [], wrong: 0, untyped: [] }

function outcome(error) {
  if (error?.name === 'TimeoutError' || error?.name === 'AbortError') return 'given up'
  if (typeof error?.code === 'string' && /^[A-Z_]+$/.test(error.code)) return error.code
  steps.untyped.push(String(error?.stack ?? error))
  return 'untyped'
}

/** y = -x, so that a result that belongs to another run, or to none, is found out. */
async function run(session, index, runs) {
  const dims = shapes[index % shapes.length]
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => index * 100 + i + 1)
  const limit = timeoutMs === 0 ? {} : { timeoutMs }
  try {
    const { y } = await session.run({ x: { type: 'float32', dims, data } }, undefined, limit)
    if (String(y.dims) !== String(dims) || !y.data.every((value, i) => value === -data[i])) steps.wrong += 1
    runs[index] = 'ok'
  } catch (error) {
    runs[index] = outcome(error)
  }
}

/** Only what devices there are. */
async function lookForDevices(ends) {
  try {
    await probeNpus(options.libraryPath, createWaitMs)
    Object.assign(ends, { create: 'ok', release: 'ok' })
  } catch (error) {
    ends.create = outcome(error)
  }
}

async function openAndRun(ends) {
  const source = asBytes ? readFileSync(model) : model
  let session
  try {
    session = await AclSession.create(source, { ...options, signal: AbortSignal.timeout(createWaitMs) })
    ends.create = 'ok'
  } catch (error) {
    ends.create = outcome(error)
    return
  }
  ends.runs = Array.from({ length: 8 }, () => 'pending')
  await run(session, 0, ends.runs)
  await run(session, 1, ends.runs)
  // So many together that copies go beside execution, on a thread of their own.
  await Promise.all([2, 3, 4, 5, 6, 7].map(index => run(session, index, ends.runs)))
  ends.release = 'pending'
  try {
    await session.release()
    ends.release = 'ok'
  } catch (error) {
    ends.release = outcome(error)
  }
}

/** False when it did not come to an end. */
async function one() {
  const ends = { create: 'pending', runs: [], release: 'not reached' }
  steps.sessions.push(ends)
  const patience = new AbortController()
  const isDone = await Promise.race([
    (look ? lookForDevices(ends) : openAndRun(ends)).then(() => true),
    delay(patienceMs, false, { signal: patience.signal }).catch(() => false),
  ])
  patience.abort()
  return isDone
}

void (async () => {
  for (let index = 0; index < sessions; index += 1) if (!(await one())) break
  process.stdout.write(`${JSON.stringify(steps)}\n`)
  // Whatever is pending: leaving must not take longer than exitWaitMs.
  process.exit(0)
})()
