/* global AbortController, AbortSignal */
// A process of its own: opens a model, runs it four times and gives it back, and prints how each step ended, as one line
// of JSON. `story.cjs <dist folder> <settings as JSON>`; faults come by environment.
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')

const [dist, json] = process.argv.slice(2)
const { AclSession } = require(join(dist, 'session'))
const { probeNpus } = require(join(dist, 'session', 'devices'))
const { model, asBytes, look, shapes, options, timeoutMs, createWaitMs, patienceMs } = JSON.parse(json)

const steps = { create: 'not reached', runs: [], release: 'not reached', wrong: 0, untyped: [] }

function outcome(error) {
  if (error?.name === 'TimeoutError' || error?.name === 'AbortError') return 'given up'
  if (typeof error?.code === 'string' && /^[A-Z_]+$/.test(error.code)) return error.code
  steps.untyped.push(String(error?.stack ?? error))
  return 'untyped'
}

/** y = -x, so that a result that belongs to another run, or to none, is found out. */
async function run(session, index) {
  const dims = shapes[index % shapes.length]
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => index * 100 + i + 1)
  const limit = timeoutMs === 0 ? {} : { timeoutMs }
  try {
    const { y } = await session.run({ x: { type: 'float32', dims, data } }, undefined, limit)
    if (String(y.dims) !== String(dims) || !y.data.every((value, i) => value === -data[i])) steps.wrong += 1
    steps.runs[index] = 'ok'
  } catch (error) {
    steps.runs[index] = outcome(error)
  }
}

/** Only what devices there are. */
async function lookForDevices() {
  try {
    await probeNpus(options.libraryPath, createWaitMs)
    Object.assign(steps, { create: 'ok', release: 'ok' })
  } catch (error) {
    steps.create = outcome(error)
  }
}

async function story() {
  if (look) return lookForDevices()
  const source = asBytes ? readFileSync(model) : model
  let session
  try {
    session = await AclSession.create(source, { ...options, signal: AbortSignal.timeout(createWaitMs) })
    steps.create = 'ok'
  } catch (error) {
    steps.create = outcome(error)
    return
  }
  steps.runs = Array.from({ length: 4 }, () => 'pending')
  await run(session, 0)
  await run(session, 1)
  // Together, so that copies go beside execution.
  await Promise.all([run(session, 2), run(session, 3)])
  steps.release = 'pending'
  try {
    await session.release()
    steps.release = 'ok'
  } catch (error) {
    steps.release = outcome(error)
  }
}

void (async () => {
  const patience = new AbortController()
  await Promise.race([
    story(),
    delay(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined),
  ])
  patience.abort()
  process.stdout.write(`${JSON.stringify(steps)}\n`)
  // Whatever is pending: leaving must not take longer than exitWaitMs.
  process.exit(0)
})()
