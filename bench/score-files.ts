/** Score files to measure on: published ones where the reference data is, else synthetic ones of the same size. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

export interface ScoreFiles {
  readonly what: string
  readonly cm: string
  readonly asv: string
  remove(): void
}

export function scoreFiles(): ScoreFiles {
  const data = process.env['AASIST_TEST_DATA'] ?? join('..', 'shared', 'data')
  const folder = resolve(__dirname, '..', data)
  const cm = join(folder, 'cm-scores', 'AASIST_official.txt')
  const asvScores = join('LA', 'ASVspoof2019_LA_asv_scores', 'ASVspoof2019.LA.asv.eval.gi.trl.scores.txt')
  const asv = join(folder, asvScores)
  if (existsSync(cm) && existsSync(asv)) {
    return {
      what: "AASIST's published scores and the organisers' ASV scores",
      cm,
      asv,
      remove: () => undefined,
    }
  }
  return syntheticFiles()
}

function syntheticFiles(): ScoreFiles {
  const random = xoroshiro128plus(2019)
  const normal = (mean: number): string => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(random)))
    return String(mean + 2 * radius * Math.cos(2 * Math.PI * uniformFloat64(random)))
  }
  const attacks = Array.from({ length: 13 }, (_, index) => `A${String(index + 7).padStart(2, '0')}`)
  const trials = [
    ...Array.from({ length: 7_355 }, () => `- bonafide ${normal(4)}`),
    ...attacks.flatMap((attack, index) =>
      Array.from({ length: 4_914 }, () => `${attack} spoof ${normal(index / 4 - 6)}`),
    ),
  ]
  const asvTrials = [
    ...Array.from({ length: 5_370 }, () => `bonafide target ${normal(4)}`),
    ...Array.from({ length: 33_327 }, () => `bonafide nontarget ${normal(-4)}`),
    ...Array.from({ length: 63_882 }, (_, index) => `${attacks[index % 13]!} spoof ${normal(2)}`),
  ]
  const folder = mkdtempSync(join(tmpdir(), 'aasist-bench-'))
  const [cm, asv] = [join(folder, 'cm.txt'), join(folder, 'asv.txt')]
  writeFileSync(cm, trials.map((trial, index) => `LA_E_${1_000_000 + index} ${trial}\n`).join(''))
  writeFileSync(asv, asvTrials.map(trial => `${trial}\n`).join(''))
  return {
    what: 'synthetic scores (no reference data here)',
    cm,
    asv,
    remove: () => rmSync(folder, { recursive: true }),
  }
}
