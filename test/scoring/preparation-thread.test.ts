import { spawnSync } from 'node:child_process'
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { PreparationThread } from '../../lib/scoring/preparation-thread'
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
    for (let round = 0; round < 20; round++) {
      const thread = new PreparationThread()
      await prepare(thread)
      const open = Array.from({ length: 30 }, () => prepare(thread))
      await delay(round % 4)
      await thread.release()
      await Promise.all(open)
    }
    const files = readdirSync('/proc/self/fd').map(name => {
      try {
        return readlinkSync(join('/proc/self/fd', name))
      } catch {
        // The folder's own, which is closed by now.
        return ''
      }
    })
    expect(files.filter(file => file === path)).to.deep.equal([])
  })

  it('ends its release also when an answer was on its way, and the process waits for that', () => {
    const ended = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 30_000 })
    expect(ended.stderr).to.equal('')
    const round = "[ 'SESSION_RELEASED', 'SESSION_RELEASED', 'SESSION_RELEASED' ]\nreleased\n"
    expect(ended.stdout).to.equal(round.repeat(4))
    expect(ended.status).to.equal(0)
  })
})
