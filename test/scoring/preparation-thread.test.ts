import { spawnSync } from 'node:child_process'
import { readdirSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { errorCode } from '../../lib/errors'
import { LeaveSign, Left } from '../../lib/scoring/leave-sign'
import type { ClipSource } from '../../lib/scoring/preparation'
import { PreparationThread } from '../../lib/scoring/preparation-thread'
import { failureOf } from '../support/failure'
import { root } from '../support/environment'
import { scratchFolder } from '../support/scratch-folder'

/**
 * A thread has decoded a clip, of which the event loop has not heard, and is at work on the next one (converting its rate
 * takes 0.2 s) when it is released. Nothing else keeps this process alive.
 */
const program = `
const { PreparationThread } = require(${JSON.stringify(join(root, 'dist', 'scoring', 'preparation-thread.js'))})
let thread
const task = sampleRateHz => ({
  kind: 'clip',
  source: { kind: 'samples', samples: new Float32Array(400_000).fill(0.1), sampleRateHz },
  options: { windowSamples: 64_600 },
})
const prepare = rate => new Promise((resolve, reject) => thread.send({ task: task(rate), resolve, reject }))
const wait = ms => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
async function round() {
  thread = new PreparationThread()
  await prepare(16_000)
  const codes = [16_000, 44_100, 44_100].map(rate => prepare(rate).then(() => 'decoded', ({ code }) => code))
  wait(100)
  const released = thread.release()
  console.log(await Promise.all(codes))
  await released
  console.log('released')
}
const main = async () => {
  for (let count = 0; count < 4; count += 1) await round()
}
void main()
`

describe('a thread that prepares clips', () => {
  const folder = scratchFolder()

  it('closes the files it was opening when it is released', async function () {
    this.timeout(60_000)
    const path = join(folder(), 'text.wav')
    writeFileSync(path, 'no speech at all, and no header either')
    const prepare = (thread: PreparationThread): Promise<string> =>
      new Promise(resolve => {
        const told = (): void => resolve('told')
        const source = { kind: 'path', path } as const
        thread.send({
          task: { kind: 'clip', source, options: { windowSamples: 64_600 } },
          resolve: told,
          reject: told,
        })
      })
    // At whatever it is, opening among it.
    for (let round = 0; round < 8; round++) {
      const thread = new PreparationThread()
      await prepare(thread)
      const open = Array.from({ length: 30 }, () => prepare(thread))
      await delay(round % 4)
      await thread.release()
      await Promise.all(open)
    }
    expect(isOpen(path)).to.equal(false)
  })

  it('ends its release also when an answer was on its way, and the process waits for that', () => {
    const ended = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 30_000 })
    expect(ended.stderr).to.equal('')
    const round = "[ 'SESSION_RELEASED', 'SESSION_RELEASED', 'SESSION_RELEASED' ]\nreleased\n"
    expect(ended.stdout).to.equal(round.repeat(4))
    expect(ended.status).to.equal(0)
  })
})

describe('a thread that is released', function () {
  this.timeout(60_000)
  const folder = scratchFolder()
  const threads = watchedThreads()

  it('is left to close the file that it reads, and goes by itself', async () => {
    const path = join(folder(), 'long.wav')
    writeFileSync(path, 'no speech')
    // Zeros that lie nowhere: reading them takes some tenths of a second.
    truncateSync(path, 512 * 2 ** 20)
    const thread = new PreparationThread()
    await told(thread, { kind: 'path', path: join(folder(), 'none.wav') })
    const reading = told(thread, { kind: 'path', path })
    while (!isOpen(path)) await delay(1)
    await thread.release()
    expect(errorCode(await reading)).to.equal('SESSION_RELEASED')
    expect(threads()).to.deep.equal({ ended: 0 })
  })

  it('is ended in the middle of what it computes, whatever waits behind that', async () => {
    const samples = new Float32Array(500_000)
    const thread = new PreparationThread()
    await told(thread, { kind: 'samples', samples: new Float32Array(100), sampleRateHz: 16_000 })
    const open = Array.from({ length: 30 }, () =>
      told(thread, { kind: 'samples', samples, sampleRateHz: 44_100 }),
    )
    await thread.release()
    for (const outcome of await Promise.all(open)) expect(errorCode(outcome)).to.equal('SESSION_RELEASED')
    expect(threads()).to.deep.equal({ ended: 1 })
  })

  it('is released once, however often that is asked for', async () => {
    const thread = new PreparationThread()
    await told(thread, { kind: 'path', path: join(folder(), 'none.wav') })
    await Promise.all([thread.release(), thread.release()])
    await thread.release()
    expect(threads()).to.deep.equal({ ended: 1 })
  })
})

describe('a thread that dies', function () {
  this.timeout(60_000)
  const threads = watchedThreads()

  it('takes one task with it; the others go on in another, and those that cannot say why', async () => {
    const thread = new PreparationThread()
    const clip = (samples: Float32Array): ClipSource => ({ kind: 'samples', samples, sampleRateHz: 44_100 })
    const givenAway = new Float32Array(1000)
    const outcomes = [new Float32Array(800_000), givenAway, new Float32Array(1000)].map(samples =>
      told(thread, clip(samples)),
    )
    structuredClone(givenAway, { transfer: [givenAway.buffer] })
    await threads.latest().terminate()
    const [lost, others, scored] = await Promise.all(outcomes)
    expect(errorCode(lost)).to.equal('PREPARATION_FAILED')
    expect(errorCode(others)).to.equal('INVALID_ARGUMENT')
    expect(scored).to.have.property('durationSeconds')
    await thread.release()
  })
})

describe('the sign to leave', () => {
  it('is seen before a file is opened, or finds the thread at one', async () => {
    const sign = new LeaveSign()
    const thread = new LeaveSign(sign.memory)
    await thread.whileAtFile(async () => {
      expect(sign.set()).to.equal('with a file')
      await Promise.resolve()
    })
    expect(thread.isSet).to.equal(true)
    expect(sign.set()).to.equal('free')
    let opened = 0
    const failure = await failureOf(thread.whileAtFile(() => Promise.resolve((opened += 1))))
    expect(failure).to.be.instanceOf(Left)
    expect(opened).to.equal(0)
  })
})

function isOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some(name => {
    try {
      return readlinkSync(join('/proc/self/fd', name)) === path
    } catch {
      // The folder's own, which is closed by now.
      return false
    }
  })
}

/** What became of a clip: what was made of it, or why nothing was. */
function told(thread: PreparationThread, source: ClipSource): Promise<unknown> {
  return new Promise(resolve => {
    thread.send({
      task: { kind: 'clip', source, options: { windowSamples: 64_600 } },
      resolve,
      reject: resolve,
    })
  })
}

interface WorkerMethods {
  readonly terminate: (this: Worker) => Promise<number>
  readonly postMessage: (this: Worker, ...message: unknown[]) => void
}

/** How many threads were ended by force in the running test, and the one that was spoken to last. */
function watchedThreads(): (() => { readonly ended: number }) & { readonly latest: () => Worker } {
  const { terminate, postMessage } = Worker.prototype as WorkerMethods
  let ended = 0
  let latest: Worker | undefined
  const note = (worker: Worker): void => {
    latest = worker
  }
  beforeEach(() => {
    ended = 0
    Worker.prototype.terminate = function () {
      ended += 1
      return terminate.call(this)
    }
    Worker.prototype.postMessage = function (this: Worker, ...message: unknown[]) {
      note(this)
      postMessage.apply(this, message)
    }
  })
  afterEach(() => {
    Worker.prototype.terminate = terminate
    Worker.prototype.postMessage = postMessage
  })
  return Object.assign(() => ({ ended }), { latest: () => latest! })
}
