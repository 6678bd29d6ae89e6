import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { ArgumentRangeError, ArgumentTypeError, errorCode } from '../../lib/errors'
import {
  metricsOfScoreFile,
  packageVersion,
  type ScoreFileMetrics,
  type ScoreFileMetricsOptions,
} from '../../lib/scoring'
import { protocolText, scoreVariants, variantRows, type ScoreVariantRow } from '../dataset/score-variants'
import { scratchFolder } from '../support/scratch-folder'

const asvText = 'bonafide target 5\nbonafide nontarget -5\nA07 spoof 6\nA07 spoof -6\n'

describe('metricsOfScoreFile', () => {
  const folder = scratchFolder()
  const write = (name: string, content: string | Uint8Array): string => {
    const path = join(folder(), name)
    writeFileSync(path, content)
    return path
  }
  const scores = (rows: readonly ScoreVariantRow[] = variantRows, variant = 0): string =>
    write('scores.txt', scoreVariants[variant]!.write(rows))
  const protocol = (): string => write('protocol.txt', protocolText(variantRows))
  const failureOf = (options: object): Promise<unknown> =>
    metricsOfScoreFile(options as ScoreFileMetricsOptions).catch((error: unknown) => error)
  const withoutDate = ({ provenance, ...rest }: ScoreFileMetrics): object => ({
    ...rest,
    provenance: { ...provenance, date: '' },
  })

  it('computes the figures of metrics.json', async () => {
    const { metrics, missing } = await metricsOfScoreFile({ scores: scores() })
    // By hand: see the fixture.
    expect(metrics).to.include({ eer: 0.25, bonafide: 4, spoof: 4, missing: 0 })
    expect(metrics.perAttack['A07']!.eer).to.equal(0.375)
    expect(metrics.perAttack['A19']!.eer).to.equal(0)
    for (const name of ['eerTieProper', 'minTdcf', 'minTdcfV2', 'minDcf', 'actDcf', 'cllr'] as const)
      expect(metrics[name], name).to.be.a('number')
    expect(missing).to.deep.equal([])
    expect(metrics).to.not.have.property('ci')
  })

  it('says what it was computed with', async () => {
    const path = scores()
    const list = protocol()
    const before = new Date().toISOString()
    const { metrics } = await metricsOfScoreFile({ scores: path, protocol: list })
    const { date, versions, ...provenance } = metrics.provenance
    expect(date >= before && date <= new Date().toISOString()).to.equal(true)
    expect(versions).to.include({ 'aasist-ascend': packageVersion(), node: process.versions.node })
    const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')
    expect(provenance).to.deep.equal({
      scores: {
        path,
        sha256: sha256(scoreVariants[0]!.write(variantRows)),
        layout: {
          columns: ['utterance', 'source', 'key', 'score'],
          separator: 'blanks',
          header: false,
          gzip: false,
        },
      },
      protocol: { path: list, sha256: sha256(protocolText(variantRows)), utterances: 8 },
    })
    expect((await metricsOfScoreFile({ scores: path })).metrics.provenance.protocol).to.equal(null)
  })

  it('gives the same for every layout that says the same', async () => {
    const list = protocol()
    const figures = async (variant: number): Promise<object> => {
      const { metrics } = await metricsOfScoreFile({ scores: scores(variantRows, variant), protocol: list })
      const { provenance, ...rest } = metrics
      expect(provenance.protocol?.utterances).to.equal(8)
      return rest
    }
    const expected = await figures(0)
    for (const index of scoreVariants.keys())
      expect(await figures(index), scoreVariants[index]!.name).to.deep.equal(expected)
  })

  it('has no figures per attack where neither file names attacks', async () => {
    const index = scoreVariants.findIndex(({ says }) => says === 'keys')
    const { metrics } = await metricsOfScoreFile({ scores: scores(variantRows, index) })
    expect(metrics).to.include({ eer: 0.25 })
    expect(metrics.perAttack).to.deep.equal({})
  })

  describe('takes the operating point of the ASV system', () => {
    const sourceOf = async (options: Partial<ScoreFileMetricsOptions>): Promise<string | undefined> =>
      (await metricsOfScoreFile({ scores: scores(), ...options })).metrics.asv?.source

    it('from the file or the preset that is named', async () => {
      const asvScores = write('asv.txt', asvText)
      expect(await sourceOf({ asvScores })).to.equal(`${asvScores} (option)`)
      expect(await sourceOf({ asvPreset: 'la2019-eval' })).to.equal('preset la2019-eval (option)')
    })

    it('from the preset when every utterance is of the evaluation it belongs to', async () => {
      expect(await sourceOf({})).to.match(/^preset la2019-eval \(every utterance/)
      const index = scoreVariants.findIndex(({ name }) => name.startsWith('utterances with their path'))
      const options = { scores: scores(variantRows, index), protocol: protocol() }
      expect(await sourceOf(options)).to.match(/^preset la2019-eval \(every utterance/)
    })

    it('from nowhere otherwise: no t-DCF, and the reason', async () => {
      const rows = variantRows.map(row => ({ ...row, utterance: row.utterance.replace('LA_E', 'PA_E') }))
      const { metrics } = await metricsOfScoreFile({ scores: scores(rows) })
      expect(metrics).to.include({ eer: 0.25, minTdcf: null, minTdcfV2: null, asv: null })
      expect(metrics.unavailable['minTdcf']).to.match(/no ASV scores/)
      expect(metrics.warnings.join()).to.match(/min t-DCF cannot be computed/)
    })
  })

  it('says what the EER would be with the signs turned, when it is above 50 %', async () => {
    const inverted = variantRows.map(row => ({ ...row, score: String(-Number(row.score)) }))
    const { metrics } = await metricsOfScoreFile({ scores: scores(inverted) })
    expect(metrics.eer).to.equal(0.75)
    expect(metrics.warnings.join('\n')).to.match(
      /EER is above 50 %.*\nwith the sign of every score turned, the EER would be 25\.000 %/,
    )
    const { metrics: upright } = await metricsOfScoreFile({ scores: scores() })
    expect(upright.warnings).to.deep.equal([])
  })

  it('counts trials without a score, and names them', async () => {
    const { metrics, missing } = await metricsOfScoreFile({
      scores: scores(variantRows.slice(0, 6)),
      protocol: protocol(),
    })
    expect(metrics).to.include({ missing: 2, bonafide: 3, spoof: 3 })
    expect(metrics.warnings.join()).to.match(/2 of 8 trials have no score/)
    expect(missing.map(({ utterance }) => utterance)).to.deep.equal(['LA_E_1000007', 'LA_E_1000008'])
  })

  it('gives null and the reason where a class is missing', async () => {
    const { metrics } = await metricsOfScoreFile({
      scores: scores(variantRows.filter(({ key }) => key === 'spoof')),
    })
    expect(metrics).to.include({ eer: null, minTdcf: null, minDcf: null, cllr: null, bonafide: 0, spoof: 4 })
    expect(metrics.unavailable['eer']).to.equal('no bona fide trial has a score')
  })

  it('is the same for the same input, but for the date', async () => {
    const options = { scores: scores(), protocol: protocol(), ci: { replicates: 20 } }
    const [first, second] = [await metricsOfScoreFile(options), await metricsOfScoreFile(options)]
    expect(withoutDate(first.metrics)).to.deep.equal(withoutDate(second.metrics))
    expect(JSON.parse(JSON.stringify(first.metrics))).to.deep.equal(first.metrics)
  })

  describe('with confidence intervals', () => {
    it('has 1,000 replicates, 95 % and seed 1 unless told otherwise, and tells its progress', async () => {
      const seen: number[] = []
      const { metrics } = await metricsOfScoreFile({
        scores: scores(),
        ci: {},
        onProgress: ({ done, total }) => seen.push(done / total),
      })
      expect(metrics.ci).to.include({ replicates: 1000, level: 0.95, seed: 1 })
      expect(seen).to.have.length(1000)
      expect(seen.at(-1)).to.equal(1)
      const [low, high] = metrics.ci!.eer!
      expect(low).to.be.at.most(0.25)
      expect(high).to.be.at.least(0.25)
      expect(metrics.ci!.perAttack).to.have.all.keys('A07', 'A19')
    })

    it('passes on what it is told', async () => {
      const ci = { replicates: 5, level: 0.5, seed: 7 }
      expect((await metricsOfScoreFile({ scores: scores(), ci })).metrics.ci).to.include(ci)
    })

    it("ends with the signal's reason", async () => {
      const controller = new AbortController()
      const reason = new Error('enough')
      // Longer than one slice of the work, which is not interrupted.
      const onProgress = (): void => {
        controller.abort(reason)
        for (const start = performance.now(); performance.now() - start < 6;);
      }
      expect(await failureOf({ scores: scores(), ci: {}, signal: controller.signal, onProgress })).to.equal(
        reason,
      )
    })

    it('refuses what makes no sense before it reads anything', async () => {
      for (const ci of [{ replicates: 0 }, { level: 1 }, { seed: -1 }, { replicates: 1.5 }])
        expect(await failureOf({ scores: 'none.txt', ci })).to.be.instanceOf(ArgumentRangeError)
      expect(errorCode(await failureOf({ scores: 'none.txt', ci: { reps: 5 } }))).to.equal('UNKNOWN_OPTION')
    })
  })

  it('refuses mistakes in its options', async () => {
    const mistakes: readonly [object, string, unknown][] = [
      [{}, 'INVALID_ARGUMENT', ArgumentTypeError],
      [{ scores: 7 }, 'INVALID_ARGUMENT', ArgumentTypeError],
      [{ scores: 'a', protocol: 7 }, 'INVALID_ARGUMENT', ArgumentTypeError],
      [{ scores: 'a', asvPreset: 'la2021' }, 'INVALID_ARGUMENT', ArgumentRangeError],
      [{ scores: 'a', asvScores: 'b', asvPreset: 'la2019-eval' }, 'INVALID_ARGUMENT', ArgumentTypeError],
      [{ scores: 'a', signal: 'stop' }, 'INVALID_ARGUMENT', ArgumentTypeError],
      [{ scores: 'a', score: 'b' }, 'UNKNOWN_OPTION', ArgumentTypeError],
    ]
    for (const [options, code, kind] of mistakes) {
      const error = await failureOf(options)
      expect(error, JSON.stringify(options)).to.be.instanceOf(kind)
      expect(errorCode(error)).to.equal(code)
    }
    const reason = new Error('no longer wanted')
    expect(await failureOf({ scores: 'a', signal: AbortSignal.abort(reason) })).to.equal(reason)
  })

  it('refuses files that are not what they should be', async () => {
    const good = { scores: scores(), protocol: protocol() }
    const cases: readonly [object, string][] = [
      [{ ...good, scores: join(folder(), 'none.txt') }, 'SCORES_INVALID'],
      [{ ...good, protocol: join(folder(), 'none.txt') }, 'PROTOCOL_INVALID'],
      [{ ...good, protocol: good.scores }, 'PROTOCOL_INVALID'],
      [{ scores: good.protocol }, 'SCORES_INVALID'],
      [{ ...good, asvScores: good.scores }, 'SCORES_INVALID'],
      [{ scores: write('asv.txt', asvText) }, 'SCORES_INVALID'],
    ]
    for (const [options, code] of cases) expect(errorCode(await failureOf(options))).to.equal(code)
  })
})
