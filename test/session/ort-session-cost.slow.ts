import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { OrtSession } from '../../lib/session'
import { addFeeds, modelPath, slowFeeds, threadCount } from './support'

const isolations = ['thread', 'process'] as const

/** How late timers were while `work` was repeated for a second, in milliseconds. */
async function loopDelayP99(work: () => Promise<unknown>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  const endsAtMs = performance.now() + 1000
  while (performance.now() < endsAtMs) await work()
  histogram.disable()
  return histogram.percentile(99) / 1e6
}

describe('the cost of a session to its caller', () => {
  for (const isolation of isolations) {
    it(`is an event loop that stays free while it computes (${isolation})`, async function () {
      // Measured in real time beside whatever else the machine does: one bad second must not fail the suite.
      this.retries(2)
      await using session = await OrtSession.create(modelPath('slow'), { isolation, threads: 1 })
      await session.run(slowFeeds({ rounds: 1 }))
      const idleMs = await loopDelayP99(() => delay(20))
      const busyMs = await loopDelayP99(() => session.run(slowFeeds({ rounds: 100 })))
      // On a machine that is busy with other things the loop is late also without a session.
      expect(busyMs).to.be.below(Math.max(5, 2 * idleMs))
    })

    it(`is never the worker's time: the next input is there before it is needed (${isolation})`, async function () {
      this.retries(2)
      await using session = await OrtSession.create(modelPath('slow'), { isolation, threads: 1 })
      await session.run(slowFeeds({ rounds: 1 }))
      const runs = Promise.all([1, 2].map(x => session.run(slowFeeds({ rounds: 200, x }))))
      // Lets the inputs leave this process, then keeps this event loop from turning while both are computed.
      await delay(10)
      const blockedUntilMs = performance.now() + 1000
      while (performance.now() < blockedUntilMs);
      const unblockedAtMs = performance.now()
      await runs
      expect(performance.now() - unblockedAtMs).to.be.below(50)
    })
  }

  it('is memory that comes back: 30 sessions made and released', async () => {
    const once = async (): Promise<void> => {
      await using session = await OrtSession.create(modelPath('add'), { isolation: 'thread', threads: 1 })
      await session.run(addFeeds)
    }
    // Code, thread stacks and allocator arenas of the first ones stay.
    for (let warmUp = 0; warmUp < 8; warmUp++) await once()
    const threads = threadCount()
    const before = process.memoryUsage.rss()
    for (let round = 0; round < 30; round++) await once()
    const grownMb = (process.memoryUsage.rss() - before) / 2 ** 20
    expect(grownMb).to.be.below(30)
    expect(threadCount()).to.be.at.most(threads)
  })
})
