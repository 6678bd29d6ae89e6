import { expect } from 'chai'
import { benchmarkEndToEnd } from '../../lib/benchmark'
import { stagesOf, type StageSums } from '../../lib/benchmark/end-to-end-stages'
import { demoClips, expectCode, tinyOptions } from '../scoring/support'

describe('the stages between file and score', () => {
  // 100 clips in runs of 4, in one second: 25 runs on one session, decoded by two threads.
  const sums: StageSums = {
    clips: 100,
    runs: 25,
    threads: 2,
    sessions: 1,
    clipMs: 10_000,
    decodeMs: 500,
    decodeWaitMs: 1000,
    latencyMs: 1000,
    copyInMs: 25,
    executeMs: 750,
    copyOutMs: 50,
  }
  const stages = stagesOf(sums, 1000)
  const of = (name: string) => stages.find(stage => stage.name === name)!

  it('are means of a clip, a batch being shared by its clips for all of its run', () => {
    // Of 100 ms: 5 of decoding, 10 waiting for it; 40 in the run, 1 + 30 + 2 of them at work; 45 are left.
    expect(stages.map(({ name, meanMs }) => [name, meanMs])).to.deep.equal([
      ['decode', 5],
      ['wait', 10 + 7],
      ['copy in', 1],
      ['execute', 30],
      ['copy out', 2],
      ['rest', 45],
    ])
    expect(stages.map(({ share }) => share)).to.deep.equal([0.05, 0.17, 0.01, 0.3, 0.02, 0.45])
  })

  it('say how busy their threads and sessions were', () => {
    expect(of('decode').busy).to.equal(500 / 2000)
    expect(of('execute').busy).to.equal(0.75)
    expect([of('wait').busy, of('rest').busy]).to.deep.equal([null, null])
  })

  it('are all nothing before the first clip', () => {
    const nothing = Object.fromEntries(Object.keys(sums).map(name => [name, 0])) as unknown as StageSums
    for (const { meanMs, share } of stagesOf(nothing, 1)) expect([meanMs, share]).to.deep.equal([0, 0])
  })
})

describe('a benchmark from files to scores on the CPU', function () {
  this.timeout(60_000)
  const files = demoClips.slice(0, 5)

  it('counts every clip once, and its parts add up', async () => {
    const seen: number[] = []
    const measured = await benchmarkEndToEnd({
      ...tinyOptions(),
      files,
      loop: 4,
      onProgress: ({ done, of }) => {
        expect(of).to.equal(20)
        seen.push(done)
      },
    })
    expect(seen).to.deep.equal(Array.from({ length: 20 }, (_, index) => index + 1))
    expect(measured).to.include({ clips: 20, failed: 0, sessions: 1, batch: 1, preparationThreads: 1 })
    expect(measured.clipsPerSecond).to.be.closeTo(20 / measured.wallSeconds, 1e-9)
    // Sessions that are fed cannot do more than they do when nothing else is counted.
    expect(measured.pureClipsPerSecond).to.be.above(measured.clipsPerSecond)
    expect(measured.stages.reduce((sum, { share }) => sum + share, 0)).to.be.closeTo(1, 1e-9)
    const busiest = Math.max(...measured.stages.map(({ busy }) => busy ?? 0), measured.eventLoop.busy)
    expect(measured.bottleneck.busy).to.equal(busiest)
  })

  it('leaves clips without a score out of the rate', async () => {
    const broken = [...files, '/nowhere/none.flac']
    const measured = await benchmarkEndToEnd({ ...tinyOptions(), files: broken })
    expect(measured).to.include({ clips: 6, failed: 1 })
    expect(measured.clipsPerSecond).to.be.closeTo(5 / measured.wallSeconds, 1e-9)
  })

  it('refuses what makes no benchmark', async () => {
    await expectCode(benchmarkEndToEnd({ ...tinyOptions(), files: [] }), 'INVALID_ARGUMENT')
    await expectCode(benchmarkEndToEnd({ ...tinyOptions(), files, loop: 0 }), 'INVALID_ARGUMENT')
    await expectCode(benchmarkEndToEnd({ files, lop: 2 } as never), 'UNKNOWN_OPTION')
    const reason = new Error('enough')
    const stopped = benchmarkEndToEnd({ ...tinyOptions(), files, signal: AbortSignal.abort(reason) })
    expect(await stopped.catch((error: unknown) => error)).to.equal(reason)
  })
})
