import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import {
  bootstrapIntervals,
  LA2019_EVAL_OPERATING_POINT,
  summarizeScores,
  type BootstrapOptions,
  type ConfidenceInterval,
  type ConfidenceIntervals,
  type MetricsSummary,
  type ScoredTrial,
} from '../../lib/metrics'
import { percentileInterval } from '../../lib/metrics/percentile'
import { seededRandom } from '../../lib/metrics/resample'

interface Golden {
  bonafide: number[]
  attacks: Record<string, number[]>
  operatingPoint: typeof LA2019_EVAL_OPERATING_POINT
  intervals: Record<string, Record<string, [number, number]> & { perAttack: GoldenAttacks }>
  draws: { seed: number; size: number; drawn: number[] }[]
  percentiles: { values: number[]; intervals: Record<string, [number, number]> }
}
type GoldenAttacks = Record<string, Record<'eer' | 'minTdcf', [number, number]>>

const golden = JSON.parse(readFileSync(join(__dirname, 'bootstrap-golden.json'), 'utf8')) as Golden
const figures = ['eer', 'eerTieProper', 'minTdcf', 'minTdcfV2', 'minDcf', 'actDcf', 'cllr'] as const

const trialsOf = (bonafide: readonly number[], attacks: Record<string, readonly number[]>): ScoredTrial[] => [
  ...bonafide.map(score => ({ key: 'bonafide' as const, score })),
  ...Object.entries(attacks).flatMap(([attack, scores]) =>
    scores.map(score => ({ key: 'spoof' as const, attack, score })),
  ),
]
const trials = trialsOf(golden.bonafide, golden.attacks)
const asv = { operatingPoint: golden.operatingPoint, source: 'test' }

/** Every figure's interval beside its value. */
function pairs(
  intervals: ConfidenceIntervals,
  summary: MetricsSummary,
): [string, ConfidenceInterval, number | null][] {
  return [
    ...figures.map(name => [name, intervals[name], summary[name]] as [string, ConfidenceInterval, number]),
    ...Object.entries(summary.perAttack).flatMap(([attack, values]) =>
      (['eer', 'minTdcf'] as const).map(
        name =>
          [`${attack} ${name}`, intervals.perAttack[attack]![name], values[name]] as [
            string,
            ConfidenceInterval,
            number | null,
          ],
      ),
    ),
  ]
}

async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  )
}

describe('bootstrapIntervals', () => {
  it('interpolates percentiles as numpy does', () => {
    const { values, intervals } = golden.percentiles
    for (const [level, [low, high]] of Object.entries(intervals)) {
      const found = percentileInterval(values, Number(level))!
      expect(found[0], level).to.be.closeTo(low, 1e-14)
      expect(found[1], level).to.be.closeTo(high, 1e-14)
    }
    expect(percentileInterval([3], 0.95)).to.deep.equal([3, 3])
    expect(percentileInterval([], 0.95)).to.equal(null)
  })

  for (const level of [0.95, 0.8]) {
    it(`agrees with an independent bootstrap of 20,000 replicates at level ${level}`, async () => {
      const found = await bootstrapIntervals({ trials, asv }, { replicates: 4000, level })
      const { perAttack, ...pooled } = golden.intervals[String(level)]!
      const expected: [string, ConfidenceInterval, [number, number]][] = [
        ...figures.map(
          name => [name, found[name], pooled[name]!] as [string, ConfidenceInterval, [number, number]],
        ),
        ...Object.entries(perAttack).flatMap(([attack, values]) =>
          (['eer', 'minTdcf'] as const).map(
            name =>
              [`${attack} ${name}`, found.perAttack[attack]![name], values[name]] as [
                string,
                ConfidenceInterval,
                [number, number],
              ],
          ),
        ),
      ]
      expect(expected).to.have.length(13)
      for (const [name, interval, [low, high]] of expected) {
        // An end of 4,000 replicates strays by 1.1 % of the width (one standard deviation, normal values).
        const tolerance = 0.055 * (high - low)
        expect(interval![0], `${name}, lower end`).to.be.closeTo(low, tolerance)
        expect(interval![1], `${name}, upper end`).to.be.closeTo(high, tolerance)
      }
    })
  }

  it('draws trials: a replicate is the summary of as many bona fide and spoof trials, drawn with replacement', async () => {
    const bonafide = [3, 1, 1, 0.5, 4, 2.5, -1]
    const attacks = { A07: [-3, -1, -1, 0.25], A10: [2, -2, 0], A19: [1.5, -4] }
    // The order in which trials are drawn: by score, spoofs by attack before, those of none last.
    const ascending = (scores: readonly number[]): number[] => scores.toSorted((a, b) => a - b)
    const sorted = trialsOf(ascending(bonafide), {})
    const spoof = Object.entries(attacks).flatMap(([attack, scores]) =>
      trialsOf([], { [attack]: ascending(scores) }),
    )
    const unnamed: ScoredTrial[] = [{ key: 'spoof', score: 0.75 }]
    spoof.push(...unnamed)
    for (let seed = 0; seed < 50; seed++) {
      const random = seededRandom(seed)
      const drawFrom = (from: readonly ScoredTrial[]): ScoredTrial[] =>
        from.map(() => from[uniformInt(random, 0, from.length - 1)]!)
      const drawn = summarizeScores({ trials: [...drawFrom(sorted), ...drawFrom(spoof)], asv })
      const intervals = await bootstrapIntervals(
        { trials: [...unnamed, ...trialsOf(bonafide, attacks)], asv },
        { replicates: 1, seed },
      )
      for (const name of figures) {
        expect(intervals[name]![0], name).to.be.closeTo(drawn[name]!, 1e-12)
        expect(intervals[name]![1], name).to.equal(intervals[name]![0])
      }
      for (const [attack, { eer, minTdcf }] of Object.entries(intervals.perAttack)) {
        const values = drawn.perAttack[attack]
        expect(eer?.[0], attack).to.equal(values?.eer ?? undefined)
        expect(minTdcf?.[0], attack).to.equal(values?.minTdcf ?? undefined)
      }
    }
  })

  it('gives the same for the same seed, whatever the order of the trials, and other intervals for another', async () => {
    const options = { replicates: 200 }
    const once = await bootstrapIntervals({ trials, asv }, options)
    expect(once).to.include({ replicates: 200, level: 0.95, seed: 1 })
    const reversed = new Set(trials.toReversed())
    expect(await bootstrapIntervals({ trials: reversed, asv }, options)).to.deep.equal(once)
    const other = await bootstrapIntervals({ trials, asv }, { ...options, seed: 2 })
    expect(other.eer).not.to.deep.equal(once.eer)
  })

  it('draws the numbers of the published generator for a seed, on every machine and in every version', () => {
    for (const { seed, size, drawn } of golden.draws) {
      const random = seededRandom(seed)
      expect(drawn.map(() => uniformInt(random, 0, size - 1))).to.deep.equal(drawn)
    }
  })

  it('has the values inside their intervals, and narrower intervals at a lower level', async () => {
    const summary = summarizeScores({ trials, asv })
    const wide = await bootstrapIntervals({ trials, asv }, { replicates: 500 })
    const narrow = await bootstrapIntervals({ trials, asv }, { replicates: 500, level: 0.5 })
    for (const [name, interval, value] of pairs(wide, summary)) {
      expect(value, name).to.be.within(interval![0], interval![1])
    }
    const narrows = pairs(narrow, summary)
    for (const [index, [name, interval]] of pairs(wide, summary).entries()) {
      expect(narrows[index]![1]![0], name).to.be.above(interval![0])
      expect(narrows[index]![1]![1], name).to.be.below(interval![1])
    }
  })

  it('is the point itself where every replicate gives the same', async () => {
    const separated = trialsOf([5, 6, 7], { A07: [1, 2] })
    const intervals = await bootstrapIntervals({ trials: separated, asv }, { replicates: 50 })
    expect(intervals.eer).to.deep.equal([0, 0])
    expect(intervals.minTdcf).to.deep.equal([0, 0])
    expect(intervals.perAttack).to.deep.equal({ A07: { eer: [0, 0], minTdcf: [0, 0] } })
  })

  describe('null', () => {
    const incomplete: Record<string, ScoredTrial[]> = {
      'no trial': [],
      'no bona fide trial with a score': [
        { key: 'bonafide', score: undefined },
        ...trialsOf([], { A07: [1] }),
      ],
      'no spoof trial with a score': [
        ...trialsOf([1], {}),
        { key: 'spoof', attack: 'A07', score: undefined },
      ],
      'no ASV system': trialsOf([1, 3], { A07: [0, 2] }),
      'an attack without a score': [
        ...trialsOf([1, 3], { A07: [0, 2] }),
        { key: 'spoof', attack: 'A08', score: undefined },
      ],
      'spoofs of no attack': [
        ...trialsOf([1, 3], {}),
        { key: 'spoof', score: 2 },
        { key: 'spoof', score: 0 },
      ],
    }
    for (const [what, list] of Object.entries(incomplete)) {
      it(`is an interval exactly where the figure is, with ${what}`, async () => {
        const given = what === 'no ASV system' ? { trials: list } : { trials: list, asv }
        const summary = summarizeScores(given)
        const intervals = await bootstrapIntervals(given, { replicates: 20 })
        expect(Object.keys(intervals.perAttack)).to.deep.equal(Object.keys(summary.perAttack))
        for (const [name, interval, value] of pairs(intervals, summary)) {
          expect(interval === null, name).to.equal(value === null)
        }
      })
    }

    it('is the t-DCF alone where the ASV system allows none', async () => {
      const useless = { operatingPoint: { ...golden.operatingPoint, pMissSpoof: 1 }, source: 'test' }
      const intervals = await bootstrapIntervals({ trials, asv: useless }, { replicates: 5 })
      expect(intervals).to.include({ minTdcf: null, minTdcfV2: null })
      expect(intervals.eer).to.be.an('array')
      expect(intervals.perAttack['A01']).to.include({ minTdcf: null })
    })

    it('is an attack that no replicate drew; a replicate without it counts for the others', async () => {
      const rare = { trials: trialsOf([1, 2, 3], { A07: [0, 0.5, 1.5, 2.5], A08: [5] }), asv }
      const single = await Promise.all(
        Array.from({ length: 20 }, (_, seed) => bootstrapIntervals(rare, { replicates: 1, seed })),
      )
      const without = single.filter(({ perAttack }) => perAttack['A08']!.eer === null)
      expect(without.length).to.be.within(1, 19)
      for (const { eer, perAttack } of without) {
        expect(perAttack['A08']).to.deep.equal({ eer: null, minTdcf: null })
        expect([eer, perAttack['A07']!.eer]).not.to.include(null)
      }
      // Above every bona fide score: whenever it is drawn its EER is 1.
      const many = await bootstrapIntervals(rare, { replicates: 100 })
      expect(many.perAttack['A08']!.eer).to.deep.equal([1, 1])
    })
  })

  describe('while it runs', () => {
    it('reports every replicate', async () => {
      const reports: [number, number][] = []
      await bootstrapIntervals(
        { trials, asv },
        { replicates: 7, onProgress: ({ done, total }) => reports.push([done, total]) },
      )
      expect(reports).to.deep.equal([1, 2, 3, 4, 5, 6, 7].map(done => [done, 7]))
    })

    it('fails with what onProgress throws', async () => {
      const reason = new Error('enough')
      const failing = (): never => {
        throw reason
      }
      expect(await rejectionOf(bootstrapIntervals({ trials }, { onProgress: failing }))).to.equal(reason)
    })

    it('does nothing when the signal is aborted already', async () => {
      const reason = new Error('not wanted')
      const untouched: Iterable<ScoredTrial> = {
        [Symbol.iterator]: () => expect.fail('the trials were read'),
      }
      const options = { signal: AbortSignal.abort(reason) }
      expect(await rejectionOf(bootstrapIntervals({ trials: untouched }, options))).to.equal(reason)
    })

    it('stops after the replicate in which the signal aborts', async () => {
      const controller = new AbortController()
      const reason = new Error('enough')
      // Replicates so short that the next pause would come much later.
      const few = trialsOf([1, 2, 3], { A07: [0, 1.5] })
      let last = 0
      const onProgress = ({ done }: { done: number }): void => {
        last = done
        if (done === 5000) controller.abort(reason)
      }
      const options = { replicates: 50_000, signal: controller.signal, onProgress }
      expect(await rejectionOf(bootstrapIntervals({ trials: few }, options))).to.equal(reason)
      expect(last).to.equal(5000)
    })

    it('lets other callbacks run, also one that aborts it, and lists of the size of ASVspoof 2019 LA', async () => {
      const random = seededRandom(5)
      const noise = (): number => (uniformInt(random, 0, 9999) + uniformInt(random, 0, 9999)) / 2000
      const large = trialsOf(
        Array.from({ length: 7355 }, () => 4 + noise()),
        Object.fromEntries(
          Array.from({ length: 13 }, (_, attack) => [`A${attack}`, Array.from({ length: 4914 }, noise)]),
        ),
      )
      const controller = new AbortController()
      const gaps: number[] = []
      let last = performance.now()
      const tick = (): void => {
        gaps.push(performance.now() - last)
        last = performance.now()
        if (gaps.length === 60) controller.abort()
        else immediate = setImmediate(tick)
      }
      let immediate = setImmediate(tick)
      const error = await rejectionOf(
        bootstrapIntervals({ trials: large, asv }, { replicates: 1000, signal: controller.signal }),
      )
      clearImmediate(immediate)
      expect(error).to.have.property('name', 'AbortError')
      const median = gaps.sort((a, b) => a - b)[gaps.length >> 1]!
      expect(median).to.be.below(20)
    })
  })

  const wrong: [string, BootstrapOptions, string, ErrorConstructor][] = (
    [
      ['an unknown option', { replicate: 5 }, 'UNKNOWN_OPTION', TypeError],
      ['options that are none', 1000, 'INVALID_ARGUMENT', TypeError],
      ['no options', null, 'INVALID_ARGUMENT', TypeError],
      ['no replicates', { replicates: 0 }, 'INVALID_ARGUMENT', RangeError],
      ['half a replicate', { replicates: 1.5 }, 'INVALID_ARGUMENT', RangeError],
      ['more replicates than any use', { replicates: 1e9 }, 'INVALID_ARGUMENT', RangeError],
      ['replicates as text', { replicates: '10' }, 'INVALID_ARGUMENT', TypeError],
      ['level 0', { level: 0 }, 'INVALID_ARGUMENT', RangeError],
      ['level 1', { level: 1 }, 'INVALID_ARGUMENT', RangeError],
      ['a level in percent', { level: 95 }, 'INVALID_ARGUMENT', RangeError],
      ['level NaN', { level: NaN }, 'INVALID_ARGUMENT', RangeError],
      ['a negative seed', { seed: -1 }, 'INVALID_ARGUMENT', RangeError],
      ['a seed beyond 32 bits', { seed: 2 ** 32 }, 'INVALID_ARGUMENT', RangeError],
      ['a seed as text', { seed: 'abc' }, 'INVALID_ARGUMENT', TypeError],
      ['a signal that is none', { signal: {} }, 'INVALID_ARGUMENT', TypeError],
      ['progress that cannot be called', { onProgress: true }, 'INVALID_ARGUMENT', TypeError],
    ] as [string, unknown, string, ErrorConstructor][]
  ).map(([what, options, code, kind]) => [what, options as BootstrapOptions, code, kind])
  for (const [what, options, code, kind] of wrong) {
    it(`refuses ${what}`, async () => {
      const error = await rejectionOf(bootstrapIntervals({ trials }, options))
      expect(error).to.be.instanceOf(kind).with.property('code', code)
    })
  }

  it('refuses scores that are not finite', async () => {
    const list: ScoredTrial[] = [...trials, { key: 'spoof', attack: 'A01', score: NaN }]
    expect(await rejectionOf(bootstrapIntervals({ trials: list }))).to.have.property(
      'code',
      'METRICS_INVALID',
    )
  })
})
