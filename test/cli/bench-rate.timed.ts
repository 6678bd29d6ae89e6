import { expect } from 'chai'
import { arrivalTimesMs } from '../../lib/benchmark/arrivals'
import { meanWait } from '../benchmark/one-server-queue'
import { slowdown } from '../lifecycle/slowdown'
import { until } from '../toolchain/stand-ins'
import { benchRuns, onnxFixture } from './bench-runs'
import { expectFailure, expectSuccess, startAasist, type Ended, type Running } from './support'

interface Rate {
  readonly due: number
  readonly answered: number
  readonly refused: number
  readonly answersPerSecond: number
  readonly responseMs: Readonly<Record<'meanMs' | 'medianMs' | 'p99Ms' | 'maxMs', number>>
  readonly latenessMs: Readonly<Record<'p99Ms', number>>
  readonly mostOpen: number
  readonly openAtEnd: number
  readonly isOverloaded: boolean
  readonly complete: boolean
}

describe('aasist bench --rate', function () {
  this.timeout(120_000)
  const runs = benchRuns()
  const start = (args: readonly string[], env?: NodeJS.ProcessEnv): Running =>
    runs.start(['--model', runs.om('add'), ...args], env)
  const bench = (args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> => start(args, env).ended
  const rate = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<Rate> => {
    const ended = await bench([...args, '--json'], env)
    expectSuccess(ended)
    return JSON.parse(ended.stdout) as Rate
  }

  it('gives the waiting times of a queue with Poisson arrivals and equal service times', async () => {
    // The same arrivals at one server that takes 10 ms for each, by Lindley's recursion; at half load Pollaczek and
    // Khinchine's mean wait is 5 ms.
    const arrivals = arrivalTimesMs('poisson', { perSecond: 50, seconds: 16, seed: 3 })
    const waitMs = meanWait(arrivals, 10)
    expect(waitMs).to.be.closeTo(5, 1.5)
    const found = await rate(['--rate', '50', '--seconds', '16', '--seed', '3'], { ACL_SIM_EXEC_US: '10000' })
    expect(found).to.include({ refused: 0, isOverloaded: false, complete: true })
    expect(found.due).to.equal(arrivals.length)
    expect(found.answered).to.equal(found.due)
    expect(found.responseMs.meanMs).to.be.above(10 + waitMs)
    // Sending late, copies and this machine come on top.
    expect(found.responseMs.meanMs - found.latenessMs.p99Ms).to.be.below((10 + waitMs) * 1.2 * slowdown)
  })

  it('shows a stall to all requests that were due meanwhile, of which a loop shows one', async () => {
    const env = { ACL_SIM_EXEC_US: '2000', ACL_SIM_FAULTS: 'task:400ms@600' }
    const open = await rate(['--rate', '200', '--seconds', '6', '--arrivals', 'even'], env)
    // 400 ms of 6 s are 6.7 %: 80 of 1,200 requests waited, the one in a hundred most of it.
    expect(open.responseMs.maxMs).to.be.above(380)
    expect(open.responseMs.p99Ms).to.be.above(250)
    expect(open.mostOpen).to.be.above(50)
    const closed = await bench(['--loop', '1200', '--json'], env)
    expectSuccess(closed)
    const { devices } = JSON.parse(closed.stdout) as {
      devices: readonly { computeMs: { p99Ms: number; maxMs: number } }[]
    }
    expect(devices[0]!.computeMs.maxMs).to.be.above(380)
    expect(devices[0]!.computeMs.p99Ms).to.be.below(100)
  })

  it('says that more comes than can be computed, and how many were refused beyond the limit', async () => {
    const env = { ACL_SIM_EXEC_US: '5000' }
    const growing = await bench(['--rate', '400', '--seconds', '2'], env)
    expectSuccess(growing)
    expect(growing.stdout).to.include('overloaded: ').and.not.include('throughput')
    const found = await rate(['--rate', '400', '--seconds', '2'], env)
    expect(found.isOverloaded).to.equal(true)
    expect(found.openAtEnd).to.be.above(100)
    expect(found.answersPerSecond).to.be.below(205)
  })

  it('prints what was measured when it is stopped, and when a run hangs longer than --timeout', async () => {
    const running = start(['--rate', '100', '--seconds', '60'], { ACL_SIM_EXEC_US: '1000' })
    await until(() => running.stderr.includes('warm up'))
    await new Promise(resolve => setTimeout(resolve, 700))
    running.kill('SIGINT')
    const stopped = await running.ended
    expect(stopped.status, stopped.stderr).to.equal(130)
    expect(stopped.stdout).to.match(/response_time \(ms\): min = \d/)
    const hanging = await bench(['--rate', '100', '--seconds', '20', '--timeout', '0.5'], {
      ACL_SIM_FAULTS: 'task:hang@60-100000',
    })
    expectFailure(hanging, 1, 'RUN_TIMEOUT')
    expect(hanging.stdout).to.match(/response_time \(ms\): min = \d/)
  })

  it('measures an ONNX model on the CPU with the same command', async () => {
    const ended = await startAasist([
      'bench',
      '--model',
      onnxFixture('add'),
      '--rate',
      '50',
      '--seconds',
      '1',
      '--json',
    ]).ended
    expectSuccess(ended)
    const found = JSON.parse(ended.stdout) as Rate & { devices: readonly { kind: string }[] }
    expect(found.devices[0]!.kind).to.equal('cpu')
    expect(found.answered).to.equal(found.due)
  })

  for (const [what, args] of [
    ['a rate of nothing', ['--rate', '0']],
    ['a rate that is below nothing', ['--rate=-5']],
    ['arrivals of another kind', ['--rate', '5', '--arrivals', 'bursts']],
    ['more requests than can be kept', ['--rate', '1000000', '--seconds', '100']],
    ['files', ['--rate', '5', '--input', 'a.bin']],
  ] as const) {
    it(`refuses ${what}`, async () => {
      expectFailure(await bench(args), 2, 'INVALID_ARGUMENT')
    })
  }
})
