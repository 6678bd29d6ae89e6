import { expect } from 'chai'
import { drawnTimesMs, settingOf, truthOf } from '../../bench/drawn-times'
import { benchRuns } from '../cli/bench-runs'

// A median of 2 ms: what lies around an execution, some 10 us, is below a percent of it.
const times = { medianUs: 2000, sigma: 0.1, seed: 7 }
const runs = 1000
const rounds = 7

interface Report {
  readonly devices: readonly [
    {
      readonly computeMs: Readonly<Record<'medianMs' | 'p99Ms' | 'meanMs' | 'count', number>>
      readonly throughput: number
      readonly computeTimesMs: readonly number[]
    },
  ]
}

describe('aasist bench, against a device whose times are known', function () {
  this.timeout(150_000)
  const { bench, om } = benchRuns()

  it('reports the figures of its own list, whose least times over some rounds are within a percent of the truth', async () => {
    // One warm-up draws first. The very times that were drawn: nothing is left to sampling.
    const drawn = drawnTimesMs(times, { count: runs, skipped: 1 })
    const undisturbed = new Array<number>(runs).fill(Infinity)
    for (let round = 0; round < rounds; round += 1) {
      const ended = await bench(
        ['--model', om('add'), '--loop', String(runs), '--batchsize', '1', '--json'],
        {
          ACL_SIM_EXEC_US: settingOf(times),
        },
      )
      const [{ computeMs, throughput, computeTimesMs }] = (JSON.parse(ended.stdout) as Report).devices
      const ofList = truthOf(computeTimesMs)
      expect(computeMs.count).to.equal(runs)
      expect(computeMs.medianMs).to.be.closeTo(ofList.p50, 1e-5)
      expect(computeMs.p99Ms).to.be.closeTo(ofList.p99, 1e-5)
      expect(computeMs.meanMs).to.be.closeTo(ofList.mean, 1e-5)
      expect(throughput / ofList.throughput).to.be.closeTo(1, 1e-5)
      for (const [index, time] of computeTimesMs.entries()) {
        // No run is faster than its device.
        expect(time, String(index)).to.be.at.least(drawn[index]! - 0.001)
        undisturbed[index] = Math.min(undisturbed[index]!, time)
      }
    }
    // Other processes only add, and each round draws the same: the least of each run is what the device took.
    const [found, truth] = [truthOf(undisturbed), truthOf(drawn)]
    for (const name of ['p50', 'p99', 'mean', 'throughput'] as const) {
      expect(found[name] / truth[name], name).to.be.closeTo(1, 0.01)
    }
  })

  it('draws what the distribution says: the truth is checked as well', () => {
    // 100,000 draws know p99 to 0.12 % (one standard error), p50 and mean to 0.04 %. 2.326348 is the normal's 99 %.
    const truth = truthOf(drawnTimesMs(times, { count: 100_000, skipped: 0 }))
    expect(truth.p50 / 2).to.be.closeTo(1, 0.002)
    expect(truth.p99 / (2 * Math.exp(0.1 * 2.326348))).to.be.closeTo(1, 0.005)
    expect(truth.mean / (2 * Math.exp(0.005))).to.be.closeTo(1, 0.002)
  })
})
