import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../support/environment'

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
  it('ends its release also when an answer was on its way, and the process waits for that', () => {
    const ended = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 30_000 })
    expect(ended.stderr).to.equal('')
    const round = "[ 'SESSION_RELEASED', 'SESSION_RELEASED', 'SESSION_RELEASED' ]\nreleased\n"
    expect(ended.stdout).to.equal(round.repeat(4))
    expect(ended.status).to.equal(0)
  })
})
