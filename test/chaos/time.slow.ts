import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { createPool } from '../../lib/session'
import { findSimulator, simulatorEnvironment } from '../../lib/toolchain'
import { aasist, expectFailure, expectSuccess, startAasist, type Running } from '../cli/support'
import { evalArguments, filesInIfThere, scoresIn } from '../cli/kills'
import { demoLines, writeCorpus } from '../scoring/support'
import { addFeeds, addResult, modelPath, rejection, workerProcesses } from '../session/support'
import { requireTool, root } from '../support/environment'
import { requireSimulatorBuild } from '../simulator/support'
import { scratchFolder } from '../support/scratch-folder'

interface Event {
  readonly time: string
  readonly event: string
}

/** Clips that take more than a second on the fastest machine, so that a moment in between is not missed on the busiest. */
const manyClips = 600

/** Waits for the moment when an evaluation scores. */
async function scoring(folder: string, running: Running): Promise<void> {
  const state = { isOver: false }
  void running.ended.then(() => (state.isOver = true))
  while (!filesInIfThere(folder).includes('eval_scores.partial.txt')) {
    if (state.isOver) throw new Error(`the evaluation was over before it could be stopped: ${folder}`)
    await delay(5)
  }
}

const eventsIn = (folder: string, out: string): Event[] =>
  readFileSync(join(folder, out, 'run.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Event)

describe('an evaluation while the clock jumps by days', function () {
  this.timeout(120_000)
  const folder = scratchFolder()
  let preload = ''

  beforeEach(function () {
    requireSimulatorBuild(this)
    const compiler = requireTool(this, 'g++')
    preload = join(folder(), 'jumping-clock.so')
    const source = join(root, 'test', 'chaos', 'jumping-clock.c')
    execFileSync(compiler, ['-x', 'c', '-shared', '-fPIC', '-O2', '-o', preload, source, '-ldl'])
    writeCorpus(join(folder(), 'LA'), demoLines(150))
  })

  for (const device of ['cpu', 'npu'] as const) {
    it(`gives the same bytes on the ${device.toUpperCase()}, and takes no run for one that is too long`, async () => {
      const environment = device === 'npu' ? simulatorEnvironment(findSimulator()) : {}
      const line = (out: string): string[] => [...evalArguments(folder(), out), '--device', device]
      expectSuccess(await aasist(line('still'), { env: environment }))
      const jumping = { ...environment, LD_PRELOAD: preload }
      expectSuccess(await aasist([...line('jumping'), '--timeout', '20'], { env: jumping }))
      expect(scoresIn(folder(), 'jumping')).to.equal(scoresIn(folder(), 'still'))
      const events = eventsIn(folder(), 'jumping')
      expect(events.map(({ event }) => event)).to.deep.equal(['start', 'end'])
      // It did jump: none of the offsets is less than an hour.
      expect(Math.abs(Date.parse(events[0]!.time) - Date.now())).to.be.above(3000_000)
    })
  }

  it('keeps its folder from a second one', async () => {
    const env = { LD_PRELOAD: preload }
    writeCorpus(join(folder(), 'long', 'LA'), demoLines(manyClips))
    const args = evalArguments(join(folder(), 'long'), 'shared')
    const first = startAasist(args, { env })
    await scoring(join(folder(), 'long', 'shared'), first)
    // Not done before the second one looks, however long that takes.
    first.kill('SIGSTOP')
    const second = await aasist(args, { env })
    first.kill('SIGCONT')
    first.kill('SIGTERM')
    expectFailure(second, 1, 'OUTPUT_EXISTS')
    expect((await first.ended).stderr).to.match(/stopped by SIGTERM/)
  })
})

/** Longer than the --timeout below, which a run of 5 ms does not reach on a machine that is merely busy. */
const stoppedMs = 6000

describe('an evaluation that is stopped for six seconds (SIGSTOP, SIGCONT)', function () {
  this.timeout(120_000)
  const folder = scratchFolder()

  async function stopInBetween(args: readonly string[], out: string) {
    const running = startAasist(args)
    await scoring(join(folder(), out), running)
    running.kill('SIGSTOP')
    await delay(stoppedMs)
    running.kill('SIGCONT')
    return running.ended
  }

  beforeEach(() => writeCorpus(join(folder(), 'LA'), demoLines(manyClips)))

  it('goes on as if nothing had been, and has the bytes of one that was not stopped', async () => {
    expectSuccess(await stopInBetween(evalArguments(folder(), 'stopped'), 'stopped'))
    expectSuccess(await aasist(evalArguments(folder(), 'still')))
    expect(scoresIn(folder(), 'stopped')).to.equal(scoresIn(folder(), 'still'))
    expect(eventsIn(folder(), 'stopped').map(({ event }) => event)).to.deep.equal(['start', 'end'])
  })

  it('with a --timeout fails at most the clips that were being scored, and has their scores when it is started again', async () => {
    const line = [...evalArguments(folder(), 'limited'), '--timeout', '4']
    const ended = await stopInBetween(line, 'limited')
    // Between two runs nothing is late.
    if (ended.status === 0) expectSuccess(ended)
    else expectFailure(ended, 1, 'RUN_TIMEOUT')
    expectSuccess(await aasist(line))
    expectSuccess(await aasist(evalArguments(folder(), 'still')))
    expect(scoresIn(folder(), 'limited')).to.equal(scoresIn(folder(), 'still'))
  })
})

describe('a pool whose session, in a process of its own, is stopped', () => {
  it('ends the run with RUN_TIMEOUT, the process with it, and computes the next one in another', async () => {
    await using pool = await createPool(modelPath('add'), { sessions: 1, isolation: 'process' })
    const [stopped] = workerProcesses()
    process.kill(stopped!, 'SIGSTOP')
    await rejection(pool.run(addFeeds, undefined, { timeoutMs: 300 }), 'RUN_TIMEOUT')
    const { sum } = await pool.run(addFeeds)
    expect(sum!.data).to.deep.equal(Float32Array.from(addResult))
    expect(workerProcesses()).to.have.length(1).and.to.not.include(stopped)
  })
})
