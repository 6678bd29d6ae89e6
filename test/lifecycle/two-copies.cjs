// A process of its own in which two copies of the package work: `two-copies.cjs <story> <one> <two> <om> <onnx>`, the copies by
// folder. Prints what happened as one line of JSON; AscendCL's library comes by environment.
const { once } = require('node:events')
const { readFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { join } = require('node:path')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')

const [story, oneFolder, twoFolder, om, onnx] = isMainThread ? process.argv.slice(2) : workerData

const copyIn = folder => ({
  session: require(join(folder, 'dist', 'session')),
  errors: require(join(folder, 'dist', 'errors.js')),
  onnxruntime: require(join(folder, 'dist', 'onnxruntime')),
  ort: createRequire(join(folder, 'dist', 'index.js'))('onnxruntime-node'),
})

const feeds = (value, rounds = 2n) => ({
  x: { type: 'float32', dims: [1], data: Float32Array.of(value) },
  rounds: { type: 'int64', dims: [], data: BigInt64Array.of(rounds) },
})
/** y = x + 1 / 256: a result of another run would be found out. */
const run = async (session, value) => (await session.run(feeds(value))).y.data[0] - value - 1 / 256

async function runMany(sessions) {
  const runs = sessions.flatMap((session, offset) =>
    Array.from({ length: 10 }, (_, index) => run(session, index * 10 + offset)),
  )
  const wrong = (await Promise.all(runs)).filter(difference => difference !== 0)
  return wrong.length === 0 ? 'right' : wrong
}

/** Both are open together, twice; the one that is released first is not missed by the other. */
async function atOnce([first, second]) {
  const told = []
  for (let round = 0; round < 2; round += 1) {
    const [a, b] = [await first.session.AclSession.create(om), await second.session.AclSession.create(om)]
    told.push(await runMany([a, b]))
    await a.release()
    told.push(await runMany([b]))
    await b.release()
  }
  return told
}

async function inWorker(name) {
  const worker = new Worker(join(__dirname, 'two-copies.cjs'), {
    workerData: [name, ...process.argv.slice(3)],
  })
  const [[told]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
  return told
}

const stories = {
  'the first goes first': ({ one, two }) => atOnce([one, two]),
  'the second goes first': ({ one, two }) => atOnce([two, one]),

  async 'after each other'({ one, two }) {
    const told = []
    for (const { session } of [one, two, one, two]) {
      const open = await session.AclSession.create(om)
      told.push(await runMany([open]))
      await open.release()
    }
    return told
  },

  async 'on the CPU'({ one, two }) {
    const told = []
    for (const isolation of ['thread', 'process']) {
      const create = ({ session }) => session.OrtSession.create(onnx, { threads: 1, isolation })
      const [a, b] = [await create(one), await create(two)]
      told.push(await runMany([a, b]))
      await a.release()
      told.push(await runMany([b]))
      await b.release()
    }
    return told
  },

  /** Classes are of one copy alone; codes are of both. */
  async errors({ one, two }) {
    const told = []
    for (const [here, there] of [
      [one, two],
      [two, one],
    ]) {
      const session = await here.session.AclSession.create(om)
      const wrong = await session
        .run({ ...feeds(1), x: { type: 'float32', dims: [2], data: new Float32Array(2) } })
        .catch(e => e)
      await session.release()
      const released = await run(session, 1).catch(e => e)
      const argument = await here.session.AclSession.create(om, { device: -1 }).catch(e => e)
      for (const error of [wrong, released, argument])
        told.push([there.errors.errorCode(error), error instanceof there.errors.AasistError])
    }
    return told
  },

  async 'behind onnxruntime'({ one, two }) {
    for (const { onnxruntime } of [one, two, one]) onnxruntime.registerAscendBackend()
    const told = []
    for (const { ort } of [one, two]) {
      const session = await ort.InferenceSession.create(om, { executionProviders: ['ascend'] })
      const { x, rounds } = feeds(1)
      const tensors = {
        x: new ort.Tensor(x.type, x.data, x.dims),
        rounds: new ort.Tensor(rounds.type, rounds.data, rounds.dims),
      }
      told.push((await session.run(tensors)).y.data[0])
      await session.release()
    }
    return told
  },

  /** Main and two threads with both copies, and two threads with one each. */
  async 'in threads'(copies) {
    const names = ['the first goes first', 'the second goes first', 'one alone', 'two alone']
    return Promise.all([stories['the first goes first'](copies), ...names.map(inWorker)])
  },
  'one alone': ({ one }) => atOnce([one, one]),
  'two alone': ({ two }) => atOnce([two, two]),

  /** The process ends while sessions of both compute. */
  async 'left open'({ one, two }) {
    for (const { session } of [one, two]) {
      const open = await session.AclSession.create(om)
      await run(open, 1)
      open.run(feeds(1, 500n)).catch(() => undefined)
    }
    return ['computing']
  },
}

/** How often the add-on is mapped, each from a file of its own. */
function images() {
  const maps = readFileSync('/proc/self/maps', 'utf8')
  return new Set(maps.match(/\S+ascend_addon\.node$/gm)).size
}

/** Each copy is loaded when it is needed, as a program does. */
const copies = {
  get one() {
    return copyIn(oneFolder)
  },
  get two() {
    return copyIn(twoFolder)
  },
}

void stories[story](copies).then(told => {
  if (!isMainThread) return parentPort.postMessage(told)
  process.stdout.write(`${JSON.stringify({ told, images: images() })}\n`)
  if (story === 'left open') process.exit(0)
})
