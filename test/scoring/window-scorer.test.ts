/** How windows are put into runs, seen from the session that computes them. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { Feeds, SessionPool, TypedTensor } from '../../lib/session'
import { findScoreInterface, type ScoreInterface } from '../../lib/scoring/score-interface'
import { WindowScorer } from '../../lib/scoring/window-scorer'
import { RunTimes } from '../../lib/scoring/batch-choice'

const windowSamples = 2

/** A pool whose scores are the first sample of each window, and which remembers the windows of each run. */
class RecordingPool {
  readonly runs: number[][] = []
  readonly #runMs: (batch: number) => number

  constructor(runMs: (batch: number) => number = () => 1) {
    this.#runMs = runMs
  }

  async runGivenAway(feeds: Feeds): Promise<Record<string, TypedTensor>> {
    const { dims, data } = feeds['input'] as { dims: readonly number[]; data: Float32Array }
    const batch = dims[0]!
    const first = Array.from({ length: batch }, (_, row) => data[row * windowSamples]!)
    this.runs.push(first)
    await delay(this.#runMs(batch))
    const logits = Float32Array.from(first.flatMap(value => [0, value]))
    return { logits: { type: 'float32', dims: [batch, 2], data: logits } }
  }

  deviceOf(): object {
    return { kind: 'npu', id: 0, socName: 'Ascend310P3' }
  }

  failedAttempts(): readonly object[] {
    return []
  }
}

const window = (value: number): Float32Array => Float32Array.of(value, 0)

function scorerOf(
  batches: readonly number[],
  { pool = new RecordingPool(), ...options }: { pool?: RecordingPool; batchWaitMs?: number } = {},
): { pool: RecordingPool; scorer: WindowScorer } {
  const scoreInterface: ScoreInterface = {
    input: 'input',
    output: 'logits',
    batch: batches.at(-1)!,
    batches,
    windowSamples,
  }
  return {
    pool,
    scorer: new WindowScorer(pool as unknown as SessionPool, scoreInterface, { parallelRuns: 1, ...options }),
  }
}

describe('windows of a list on a model with the gears 1, 4 and 8', () => {
  const gears = [1, 4, 8]
  const sizesFor = async (total: number, places = [...Array(total).keys()]): Promise<number[]> => {
    const { pool, scorer } = scorerOf(gears)
    const scored = await Promise.all(
      places.map(position => scorer.score(window(position + 1), { position, total })),
    )
    expect(scored.map(({ score }) => score)).to.deep.equal(places.map(position => position + 1))
    return pool.runs.map(run => run.length).sort((a, b) => b - a)
  }

  it('go into full runs of the largest, and the rest into what fits in turn', async () => {
    expect(await sizesFor(16)).to.deep.equal([8, 8])
    expect(await sizesFor(21)).to.deep.equal([8, 8, 4, 1])
    expect(await sizesFor(19)).to.deep.equal([8, 8, 1, 1, 1])
    expect(await sizesFor(3)).to.deep.equal([1, 1, 1])
    expect(await sizesFor(1)).to.deep.equal([1])
  })

  it('keep size and row when only some of them are scored', async () => {
    // As after an interruption: 2 and 5 of the full run, 9 of the rest of four.
    const { pool, scorer } = scorerOf(gears)
    await Promise.all([2, 5, 9].map(position => scorer.score(window(position), { position, total: 12 })))
    const bySize = [...pool.runs].sort((a, b) => b.length - a.length)
    expect(bySize.map(run => run.length)).to.deep.equal([8, 4])
    expect([bySize[0]![2], bySize[0]![5], bySize[1]![1]]).to.deep.equal([2, 5, 9])
  })

  it('are all in the largest while nobody says how long the list is', async () => {
    const { pool, scorer } = scorerOf(gears)
    await Promise.all([0, 1].map(position => scorer.score(window(1), { position })))
    expect(pool.runs.map(run => run.length)).to.deep.equal([8])
  })
})

describe('single windows', () => {
  it('go into the smallest gear that holds all of them', async () => {
    for (const [callers, expected] of [
      [1, [1]],
      [3, [4]],
      [4, [4]],
      [5, [8]],
      [9, [8, 1]],
    ] as const) {
      const { pool, scorer } = scorerOf([1, 4, 8])
      const scored = await Promise.all(
        Array.from({ length: callers }, (_, index) => scorer.score(window(index + 1))),
      )
      expect(scored.map(({ score }) => score)).to.deep.equal(scored.map((_, index) => index + 1))
      expect(pool.runs.map(run => run.length)).to.deep.equal(expected)
    }
  })

  it('wait for company beside an idle session, but not longer than batchWaitMs', async () => {
    const { pool, scorer } = scorerOf([1, 4], { batchWaitMs: 40 })
    const first = scorer.score(window(1))
    await delay(10)
    const second = scorer.score(window(2))
    await Promise.all([first, second])
    expect(pool.runs).to.deep.equal([[1, 2, 1, 1]])
    // Nobody comes.
    await scorer.score(window(3))
    expect(pool.runs.at(-1)).to.deep.equal([3])
  })

  it('do not wait with a batchWaitMs of 0', async () => {
    const { pool, scorer } = scorerOf([1, 4], { batchWaitMs: 0 })
    const first = scorer.score(window(1))
    expect(pool.runs).to.deep.equal([[1]])
    await first
  })

  it('gather while the session is busy, far beyond batchWaitMs, and a full run is handed over at once', async () => {
    const { pool, scorer } = scorerOf([1, 4], { pool: new RecordingPool(() => 60), batchWaitMs: 0 })
    const scores = [scorer.score(window(1)), scorer.score(window(2))]
    await delay(20)
    expect(pool.runs).to.deep.equal([[1]])
    scores.push(...[3, 4, 5, 6].map(value => scorer.score(window(value))))
    expect(pool.runs).to.deep.equal([[1], [2, 3, 4, 5]])
    await Promise.all(scores)
    expect(pool.runs).to.deep.equal([[1], [2, 3, 4, 5], [6]])
  })

  it('on a fixed batch share runs of that size, whatever their number', async () => {
    const { pool, scorer } = scorerOf([3])
    await Promise.all([1, 2, 3, 4].map(value => scorer.score(window(value))))
    expect(pool.runs.map(run => run.length)).to.deep.equal([3, 3])
  })
})

describe('the batches of a model', () => {
  const session = (shape: readonly (number | string)[], gears: SessionPool['gears']) =>
    ({
      inputMetadata: [{ name: 'input', isTensor: true, type: 'float32', shape }],
      outputMetadata: [{ name: 'logits', isTensor: true, type: 'float32', shape: ['batch', 2] }],
      inputNames: ['input'],
      gears,
    }) as unknown as SessionPool

  it('are its gears, ascending, where it leaves its batch open', () => {
    const gears = [[[8, 10]], [[1, 10]], [[4, 10]]]
    expect(findScoreInterface(session(['batch', 10], gears))).to.include({ batch: 8 })
    expect(findScoreInterface(session(['batch', 10], gears)).batches).to.deep.equal([1, 4, 8])
  })

  it('are its one batch, or any number', () => {
    expect(findScoreInterface(session([3, 10], [])).batches).to.deep.equal([3])
    expect(findScoreInterface(session(['batch', 10], []))).to.include({ batch: null, batches: null })
  })

  it('are not believed when they would take all memory', () => {
    expect(() => findScoreInterface(session(['batch', 10], [[[1, 10]], [[5000, 10]]]))).to.throw(
      /gears are 1,5000, expected at most 1024/,
    )
  })
})

describe('the size of the next run', () => {
  const gears = [1, 4, 8]
  const chosen = (times: Readonly<Record<number, number>>, windows: number): number => {
    const known = new RunTimes()
    for (const [batch, ms] of Object.entries(times)) known.learn(Number(batch), ms)
    return known.choose(gears, windows)
  }

  it('is the smallest that holds all, while nothing is known of their times', () => {
    expect([1, 2, 4, 5, 8].map(windows => chosen({}, windows))).to.deep.equal([1, 4, 4, 8, 8])
  })

  it('is that one where a larger run takes little longer', () => {
    const times = { 1: 6, 4: 8, 8: 10 }
    expect([1, 2, 3, 5, 8].map(windows => chosen(times, windows))).to.deep.equal([1, 4, 4, 8, 8])
  })

  it('is a smaller one where a run takes as long as it has rows', () => {
    // 3: 18 ms in ones, 24 in four rows; 5: 24 and 6, against 47; 7: 24 and 3 times 6, against 47.
    const times = { 1: 6, 4: 24, 8: 47 }
    expect([1, 2, 3, 4, 5, 7, 8].map(windows => chosen(times, windows))).to.deep.equal([1, 1, 1, 4, 4, 4, 8])
  })

  it('is one that has never run before those that are known to be slow', () => {
    expect(chosen({ 1: 6, 4: 24 }, 5)).to.equal(8)
  })
})
