import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  asvOperatingPoint,
  computeActDcf,
  computeCllr,
  computeEer,
  computeEerTieProper,
  computeMinDcf,
  computeTdcf,
  LA2019_EVAL_OPERATING_POINT,
  summarizeScores,
  tdcfWeights,
  type ScoredTrial,
} from '../../lib/metrics'
import { referenceData } from '../support/environment'
import { publishedFigures, publishedSystems } from './figures'

interface TiesGolden {
  bonafide: number[]
  attacks: Record<string, number[]>
  asv: { target: number[]; nontarget: number[]; spoof: number[] }
  expected: {
    eer: number
    eerThreshold: number
    eerTieProper: number
    eerTieProperThreshold: number
    minTdcf: number
    minTdcfThreshold: number
    minTdcfV2: number
    minDcf: number
    actDcf: number
    cllr: number
    operatingPoint: Record<'eer' | 'threshold' | 'pFa' | 'pMiss' | 'pMissSpoof', number>
    perAttack: Record<string, { eer: number; minTdcf: number }>
  }
}

describe('metrics against an independent implementation, on scores full of ties', () => {
  const golden = JSON.parse(readFileSync(join(__dirname, 'ties-golden.json'), 'utf8')) as TiesGolden
  const { bonafide, attacks, asv, expected } = golden
  const spoof = Object.values(attacks).flat()

  it('gives the same EERs and thresholds, official and tie-proper, which differ', () => {
    const official = computeEer(bonafide, spoof)
    const tieProper = computeEerTieProper(bonafide, spoof)
    expect(official.eer).to.be.closeTo(expected.eer, 1e-12)
    expect(official.threshold).to.equal(expected.eerThreshold)
    expect(tieProper.eer).to.be.closeTo(expected.eerTieProper, 1e-12)
    expect(tieProper.threshold).to.equal(expected.eerTieProperThreshold)
    expect(official.eer).not.to.be.closeTo(tieProper.eer, 1e-3)
  })

  it('gives the same ASV operating point', () => {
    const point = asvOperatingPoint(asv)
    for (const name of ['eer', 'threshold', 'pFa', 'pMiss', 'pMissSpoof'] as const) {
      expect(point[name], name).to.be.closeTo(expected.operatingPoint[name], 1e-12)
    }
  })

  it('gives the same t-DCFs and costs', () => {
    const point = asvOperatingPoint(asv)
    const v1 = computeTdcf(bonafide, spoof, point)
    expect(v1.minTdcf).to.be.closeTo(expected.minTdcf, 1e-12)
    expect(v1.threshold).to.equal(expected.minTdcfThreshold)
    expect(computeTdcf(bonafide, spoof, point, { version: 'v2' }).minTdcf).to.be.closeTo(
      expected.minTdcfV2,
      1e-12,
    )
    expect(computeMinDcf(bonafide, spoof).minDcf).to.be.closeTo(expected.minDcf, 1e-12)
    expect(computeActDcf(bonafide, spoof).actDcf).to.be.closeTo(expected.actDcf, 1e-12)
    expect(computeCllr(bonafide, spoof)).to.be.closeTo(expected.cllr, 1e-12)
  })

  it('gives the same values per attack', () => {
    const trials: ScoredTrial[] = [
      ...bonafide.map(score => ({ key: 'bonafide' as const, score })),
      ...Object.entries(attacks).flatMap(([attack, scores]) =>
        scores.map(score => ({ key: 'spoof' as const, attack, score })),
      ),
    ]
    const summary = summarizeScores({
      trials,
      asv: { operatingPoint: asvOperatingPoint(asv), source: 'test' },
    })
    expect(Object.keys(summary.perAttack)).to.deep.equal(Object.keys(expected.perAttack))
    for (const [attack, values] of Object.entries(expected.perAttack)) {
      expect(summary.perAttack[attack]!.eer, attack).to.be.closeTo(values.eer, 1e-12)
      expect(summary.perAttack[attack]!.minTdcf, attack).to.be.closeTo(values.minTdcf, 1e-12)
    }
  })
})

/** Split at blanks without the room that reads such files, so that only the metrics are under test. */
function rowsOf(path: string): string[][] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => line.split(' '))
}

describe('metrics against the official tools, on the whole ASVspoof 2019 LA evaluation list', () => {
  it("puts the organisers' ASV system where they do, and the preset with it", function () {
    const folder = referenceData(this)
    const file = join(
      folder,
      'LA',
      'ASVspoof2019_LA_asv_scores',
      'ASVspoof2019.LA.asv.eval.gi.trl.scores.txt',
    )
    const rows = rowsOf(file)
    const scoresOf = (key: string): number[] => rows.filter(row => row[1] === key).map(row => Number(row[2]))
    const point = asvOperatingPoint({
      target: scoresOf('target'),
      nontarget: scoresOf('nontarget'),
      spoof: scoresOf('spoof'),
    })
    const { ASV } = publishedFigures(folder)
    expect(point.eer).to.be.closeTo(ASV.eer_asv, 1e-9)
    expect(point.threshold).to.equal(ASV.thr)
    expect(point.pFa).to.be.closeTo(ASV.pfa, 1e-9)
    expect(point.pMiss).to.be.closeTo(ASV.pmiss, 1e-9)
    expect(point.pMissSpoof).to.be.closeTo(ASV.pmiss_spoof, 1e-9)
    expect(LA2019_EVAL_OPERATING_POINT).to.deep.equal(point)
    const v1 = tdcfWeights(point)
    expect(v1.c1).to.be.closeTo(ASV.C1, 1e-9)
    expect(v1.c2).to.be.closeTo(ASV.C2, 1e-9)
    const v2 = tdcfWeights(point, { version: 'v2' })
    expect(v2.c0).to.be.closeTo(ASV.C0, 1e-9)
    expect(v2.c1).to.be.closeTo(ASV.C1v2, 1e-9)
    expect(v2.c2).to.be.closeTo(ASV.C2v2, 1e-9)
  })

  for (const system of publishedSystems) {
    it(`reproduces every published value of ${system} to 1e-9`, function () {
      const folder = referenceData(this)
      const trials = rowsOf(join(folder, 'cm-scores', `${system}.txt`)).map(
        ([, source, key, score]): ScoredTrial => ({
          key: key as 'bonafide' | 'spoof',
          attack: source === '-' ? undefined : source,
          score: Number(score),
        }),
      )
      const summary = summarizeScores({
        trials,
        asv: { operatingPoint: LA2019_EVAL_OPERATING_POINT, source: 'preset la2019-eval' },
      })
      const values = publishedFigures(folder)[system]
      expect(summary).to.include({ bonafide: values.nb, spoof: values.ns, missing: 0 })
      expect(summary.eer).to.be.closeTo(values.eer / 100, 1e-11)
      expect(summary.eerThreshold).to.be.closeTo(values.eer_thr, 1e-9)
      expect(summary.eerTieProper).to.be.closeTo(values.eer_tieproper / 100, 1e-11)
      expect(summary.minTdcf).to.be.closeTo(values.mintdcf, 1e-9)
      expect(summary.minTdcfThreshold).to.be.closeTo(values.tdcf_thr, 1e-9)
      expect(summary.minTdcfV2).to.be.closeTo(values.mintdcf_v2, 1e-9)
      expect(summary.minDcf).to.be.closeTo(values.minDCF, 1e-9)
      expect(summary.actDcf).to.be.closeTo(values.actDCF, 1e-9)
      expect(summary.cllr).to.be.closeTo(values.cllr, 1e-9)
      expect(Object.keys(summary.perAttack)).to.deep.equal(Object.keys(values.br))
      for (const [attack, percent] of Object.entries(values.br)) {
        expect(summary.perAttack[attack]!.eer, attack).to.be.closeTo(percent / 100, 1e-11)
      }
      expect(summary.warnings).to.deep.equal([])
    })
  }
})
