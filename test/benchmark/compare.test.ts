import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { seededRandom } from '../../lib/metrics/resample'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { compareModels, convertCheckpoint, type Comparison } from '../../lib'
import { compareTimes, type Blocks } from '../../lib/benchmark/compare'
import { expectCode, tinyModel } from '../scoring/support'
import { root } from '../support/environment'
import { scratchFolder } from '../support/scratch-folder'

const fixture = (name: string): string => join(root, 'test', 'fixtures', 'onnx', `${name}.onnx`)

describe('benchmark: comparison of times', () => {
  /** Times with a spread of 10 %, on a machine that is up to twice as slow in some rounds, for both. */
  function measured(seed: number, ratio: number): readonly [Blocks, Blocks] {
    const random = seededRandom(seed)
    const noisy = (ms: number): number => ms * (1 + 0.2 * (uniformFloat64(random) - 0.5))
    const block = (ms: number): readonly number[] => Array.from({ length: 10 }, () => noisy(ms))
    const rounds = Array.from({ length: 40 }, () => {
      const slowness = 1 + uniformFloat64(random)
      return [block(6 * slowness), block(6 * slowness * ratio)] as const
    })
    return [rounds.map(([first]) => first), rounds.map(([, second]) => second)]
  }

  it('finds 3 % although the machine is up to twice as slow from round to round', async () => {
    const faster = await compareTimes(...measured(1, 0.97), { seed: 1 })
    expect(faster.verdict).to.equal('second is faster')
    expect(faster.ratioOfMedians.value).to.be.closeTo(0.97, 0.01)
    expect(faster.ratioOfMeans.value).to.be.closeTo(0.97, 0.01)
    expect((await compareTimes(...measured(2, 1.03), { seed: 1 })).verdict).to.equal('second is slower')
  })

  it('has an interval that holds the truth in some 95 of 100 cases', async () => {
    const cases = 80
    let held = 0
    for (let seed = 1; seed <= cases; seed += 1) {
      const { low, high } = (await compareTimes(...measured(seed, 1), { seed })).ratioOfMedians
      expect(high / low).to.be.within(1.005, 1.1)
      if (low <= 1 && 1 <= high) held += 1
    }
    // Binomial: 76 expected, standard deviation 1.9; a bootstrap of 40 rounds is a little too narrow.
    expect(held).to.be.within(68, 80)
  }).timeout(60_000)

  it('is the same for the same seed', async () => {
    const [first, second] = measured(5, 1.01)
    const compare = (): Promise<unknown> => compareTimes(first, second, { seed: 9 })
    expect(await compare()).to.deep.equal(await compare())
  })
})

describe('compareModels()', function () {
  this.timeout(60_000)
  const folder = scratchFolder()

  it('shows no difference between a model and itself, and one to a model that computes more', async function () {
    // An interval is as wide as the machine is restless, and other tests run beside this one.
    this.retries(2)
    const { checkpoint, config } = tinyModel
    const large = join(folder(), 'large.onnx')
    writeFileSync(large, convertCheckpoint(readFileSync(checkpoint), readFileSync(config, 'utf8')))
    const small = fixture('scalar')
    const rounds = { rounds: 12, runsPerBlock: 3 }
    const same = await compareModels({ models: [large, large], ...rounds })
    const { low, high } = same.ratioOfMedians
    expect(low).to.be.below(1.1)
    expect(high).to.be.above(0.9)
    expect(high / low, 'no interval that holds everything').to.be.below(2)
    const other = await compareModels({ models: [small, large], ...rounds })
    expect(other.verdict).to.equal('second is slower')
    expect(other.computeMs[0].count).to.equal(36)
    expect(other.device.kind).to.equal('cpu')
  })

  const stoppedAfter = async (rounds: number): Promise<Comparison> => {
    const abort = new AbortController()
    return compareModels({
      models: [fixture('add'), fixture('add')],
      rounds: 10_000,
      signal: abort.signal,
      onProgress: ({ done }) => done === rounds && abort.abort(new Error('enough')),
    })
  }

  it('rejects when its signal stops it before there is anything to compare', async () => {
    expect(await stoppedAfter(9).catch((error: unknown) => String(error))).to.equal('Error: enough')
  })

  it('compares the rounds that are done when its signal stops it', async () => {
    const { complete, rounds, computeMs } = await stoppedAfter(12)
    expect({ complete, rounds, counts: computeMs.map(({ count }) => count) }).to.deep.equal({
      complete: false,
      rounds: 12,
      counts: [120, 120],
    })
  })

  for (const [what, options] of [
    ['one model', { models: [fixture('add')] as never }],
    ['models of two kinds', { models: ['a.om', fixture('add')] as const }],
    ['a file that is no model', { models: ['a.pth', 'b.pth'] as const }],
    ['too few rounds', { models: ['a.om', 'b.om'] as const, rounds: 3 }],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await expectCode(compareModels(options), 'INVALID_ARGUMENT')
    })
  }
})
