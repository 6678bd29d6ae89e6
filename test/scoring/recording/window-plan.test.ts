import { expect } from 'chai'
import {
  ChannelWindows,
  planWindows,
  type WindowGroup,
  type WindowPlan,
} from '../../../lib/scoring/recording/window-plan'

const model = { windowSamples: 64_600, sampleRateHz: 16_000, canShare: true }

/** Every window of a recording of so many samples, whose samples are their own places. */
function windowsOf(
  plan: WindowPlan,
  samples: number,
  block: number,
): { starts: number[]; groups: WindowGroup[] } {
  const windows = new ChannelWindows(0, plan)
  const groups: WindowGroup[] = []
  for (let at = 0; at < samples; at += block) {
    const length = Math.min(block, samples - at)
    groups.push(...windows.push(Float32Array.from({ length }, (_, index) => at + index)))
  }
  groups.push(...windows.finish())
  const starts = groups.flatMap(({ startSample, windows: count }) =>
    Array.from({ length: count }, (_, at) => startSample + at * plan.hopSamples),
  )
  return { starts, groups }
}

describe('the plan of a recording', () => {
  it('takes whole encoder frames as the hop, where windows can share them', () => {
    expect(planWindows(0.5, model).hopSamples).to.equal(4 * 2187)
    expect(planWindows(0.001, model).hopSamples).to.equal(2187)
    expect(planWindows(0.5, { ...model, canShare: false })).to.include({ hopSamples: 8000, sharedWindows: 1 })
  })

  it('shares more windows a run the nearer they are, and none where they have little in common', () => {
    expect(planWindows(0.547, model).sharedWindows).to.equal(10)
    expect(planWindows(0.137, model).sharedWindows).to.equal(37)
    expect(planWindows(4, model).sharedWindows).to.equal(1)
  })
})

describe('windows of a channel', () => {
  const shared = { windowSamples: 6561, hopSamples: 2187, sharedWindows: 5 }
  const separate = { windowSamples: 6561, hopSamples: 2187, sharedWindows: 1 }

  for (const [name, plan] of Object.entries({ shared, separate })) {
    for (const samples of [6561, 8747, 8748, 20_000, 30_617, 100_003]) {
      it(`cover a recording of ${samples} samples from its beginning to within a hop of its end: ${name}`, () => {
        for (const block of [1000, 7777, 1_000_000]) {
          const { starts } = windowsOf(plan, samples, block)
          expect(starts).to.deep.equal([...new Set(starts)].sort((a, b) => a - b))
          const regular = Math.floor((samples - 6561) / 2187) + 1
          expect(starts).to.deep.equal(Array.from({ length: regular }, (_, at) => at * 2187))
        }
      })
    }
  }

  it('hold the samples of their places, and silence behind the end', () => {
    const { groups } = windowsOf(shared, 100_003, 4321)
    for (const { startSample, samples, kind } of groups) {
      expect(samples.length).to.equal(kind === 'shared' ? 4 * 2187 + 6561 : 6561)
      const expected = samples.map((_, at) => (startSample + at < 100_003 ? startSample + at : 0))
      expect(samples).to.deep.equal(expected)
    }
  })

  it('that are left over share a run too behind many others, and else are computed one by one', () => {
    const kindsAfter = (runs: number): string[] => {
      // Two windows and what comes behind them are left.
      const samples = runs * 5 * 2187 + 6561 + 2187 + 2186
      const { groups, starts } = windowsOf(shared, samples, 5000)
      expect(starts).to.have.length(runs * 5 + 2)
      return groups.slice(runs).map(({ kind, windows }) => `${windows} ${kind}`)
    }
    expect(kindsAfter(15)).to.deep.equal(['1 single', '1 single'])
    expect(kindsAfter(16)).to.deep.equal(['2 shared'])
  })

  it('share a run with the one that ends with the recording, where that is behind many others', () => {
    const plan = { windowSamples: 6561, hopSamples: 2 * 2187, sharedWindows: 3 }
    const grid = 16 * 3 * plan.hopSamples
    const { groups, starts } = windowsOf(plan, grid + 6561 - plan.hopSamples + 2187, 5000)
    expect(starts.at(-2)).to.equal(grid - plan.hopSamples)
    expect(groups.at(-1)).to.include({ startSample: grid - 2187, windows: 1, kind: 'shared' })
    expect(groups.at(-1)!.samples).to.have.length(2 * plan.hopSamples + 6561)
  })

  it('get one more at the end where a large hop would leave something unheard', () => {
    const plan = { windowSamples: 6561, hopSamples: 6561, sharedWindows: 1 }
    expect(windowsOf(plan, 6561 + 5000, 900).starts).to.deep.equal([0, 5000])
    expect(windowsOf(plan, 6561 + 2000, 900).starts).to.deep.equal([0])
    expect(windowsOf({ ...plan, hopSamples: 20_000 }, 30_000, 900).starts).to.deep.equal([
      0,
      20_000,
      30_000 - 6561,
    ])
  })

  it('are one where the recording is shorter, with what there is', () => {
    const { groups } = windowsOf(shared, 1000, 300)
    expect(groups).to.have.length(1)
    expect(groups[0]).to.include({ windows: 1, kind: 'single', recordingSamples: 1000 })
    expect(groups[0]!.samples).to.have.length(1000)
  })

  for (const [name, hopSamples] of Object.entries({ near: 2187, 'longer than a window': 20_000_000 })) {
    it(`hold no more samples than a group needs, however long the recording, where hops are ${name}`, () => {
      const plan = { ...shared, hopSamples, sharedWindows: name === 'near' ? 5 : 1 }
      const windows = new ChannelWindows(0, plan)
      const block = new Float32Array(100_000)
      let groups = 0
      const before = process.memoryUsage().arrayBuffers
      for (let at = 0; at < 600; at++) for (const group of windows.push(block)) groups += group.windows
      expect(groups).to.be.at.least(Math.floor(60_000_000 / hopSamples) - 10)
      // All samples would take 240 MB, a hop 80.
      expect(process.memoryUsage().arrayBuffers - before).to.be.below(60_000_000)
      expect([...windows.finish()].length).to.be.above(0)
    })
  }
})
