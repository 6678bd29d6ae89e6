/**
 * The metrics of an evaluation of ASVspoof 2019 LA (71,237 scores, 13 attacks): from arrays, against the same in numpy;
 * from text files; and with bootstrap intervals.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import {
  asvOperatingPoint,
  bootstrapIntervals,
  computeCllr,
  computeEer,
  computeMinDcf,
  computeTdcf,
  LA2019_EVAL_OPERATING_POINT,
  summarizeScores,
  type MetricsSummary,
  type Scores,
  type ScoredTrial,
} from '../lib'
import { readAsvScores, readScoreFile } from '../lib/dataset'
import { describeMachine, median } from './alternate'
import { startNumpyPeer, type MetricValues, type NumpyPeer } from './numpy-peer'
import { scoreFiles, type ScoreFiles } from './score-files'

const turns = 7
/** Several in a row, because the first after a pause meets cold caches and counts for more the shorter the work is. */
const roundsPerTurn = 15
const asv = { operatingPoint: LA2019_EVAL_OPERATING_POINT, source: 'preset la2019-eval' }

interface Classes {
  readonly bonafide: Scores
  readonly spoof: Scores
  readonly attacks: Readonly<Record<string, Scores>>
}

function classesOf(trials: readonly ScoredTrial[]): Classes {
  const scoresWhere = (counts: (trial: ScoredTrial) => boolean): Float64Array =>
    Float64Array.from(trials.filter(counts), ({ score }) => score!)
  const names = new Set(trials.flatMap(({ attack }) => attack ?? []))
  return {
    bonafide: scoresWhere(({ key }) => key === 'bonafide'),
    spoof: scoresWhere(({ key }) => key === 'spoof'),
    attacks: Object.fromEntries([...names].map(name => [name, scoresWhere(({ attack }) => attack === name)])),
  }
}

/** Every metric by the function of its name. */
function metricsOf({ bonafide, spoof, attacks }: Classes): MetricValues {
  return {
    eer: computeEer(bonafide, spoof).eer,
    minTdcf: computeTdcf(bonafide, spoof, asv.operatingPoint).minTdcf,
    minTdcfV2: computeTdcf(bonafide, spoof, asv.operatingPoint, { version: 'v2' }).minTdcf,
    minDcf: computeMinDcf(bonafide, spoof).minDcf,
    cllr: computeCllr(bonafide, spoof),
    perAttack: Object.fromEntries(
      Object.entries(attacks).map(([attack, scores]) => [attack, computeEer(bonafide, scores).eer]),
    ),
  }
}

function valuesOf({ eer, minTdcf, minTdcfV2, minDcf, cllr, perAttack }: MetricsSummary): MetricValues {
  const perAttackEer = Object.entries(perAttack).map(([attack, values]) => [attack, values.eer!] as const)
  return {
    eer: eer!,
    minTdcf: minTdcf!,
    minTdcfV2: minTdcfV2!,
    minDcf: minDcf!,
    cllr: cllr!,
    perAttack: Object.fromEntries(perAttackEer),
  }
}

function assertSameValues(ours: MetricValues, theirs: MetricValues): void {
  const flat = ({ perAttack, ...pooled }: MetricValues): Record<string, number> => ({
    ...pooled,
    ...perAttack,
  })
  const expected = flat(theirs)
  for (const [name, value] of Object.entries(flat(ours))) {
    if (!(Math.abs(value - expected[name]!) < 1e-9)) {
      throw new Error(`${name} is ${value} here and ${expected[name]!} in numpy`)
    }
  }
}

interface Contender {
  readonly name: string
  /** Milliseconds of one round. */
  readonly round: () => number | Promise<number>
}

function timed(work: () => unknown): () => number {
  return () => {
    const start = performance.now()
    work()
    return performance.now() - start
  }
}

/** Contenders take turns; medians by name. */
async function alternating(contenders: readonly Contender[]): Promise<ReadonlyMap<string, number>> {
  const times = new Map(contenders.map(({ name }) => [name, [] as number[]]))
  for (const { round } of contenders) await round()
  for (let turn = 0; turn < turns; turn++) {
    for (const { name, round } of contenders) {
      for (let done = 0; done < roundsPerTurn; done++) times.get(name)!.push(await round())
    }
  }
  return new Map([...times].map(([name, values]) => [name, median(values)]))
}

async function fromArrays(trials: readonly ScoredTrial[], peer: NumpyPeer | undefined): Promise<void> {
  const classes = classesOf(trials)
  const inNumpy = `numpy ${peer?.version ?? ''}, a DET curve a metric`
  const medians = await alternating([
    { name: 'summarizeScores, from arrays', round: timed(() => summarizeScores({ scores: classes, asv })) },
    { name: 'a function a metric', round: timed(() => metricsOf(classes)) },
    { name: 'summarizeScores, from trials', round: timed(() => summarizeScores({ trials, asv })) },
    ...(peer === undefined ? [] : [{ name: inNumpy, round: () => peer.round() }]),
  ])
  if (peer !== undefined) {
    assertSameValues(metricsOf(classes), peer.values)
    assertSameValues(valuesOf(summarizeScores({ scores: classes, asv })), peer.values)
  }
  console.log('\nEER, t-DCF v1 and v2, minDCF, Cllr and an EER an attack, from arrays')
  const numpyMs = medians.get(inNumpy)
  for (const [name, milliseconds] of medians) {
    const ratio =
      numpyMs === undefined || name === inNumpy
        ? ''
        : `   numpy takes ${(numpyMs / milliseconds).toFixed(1)} times that`
    console.log(`${name.padEnd(50)} ${milliseconds.toFixed(1).padStart(6)} ms${ratio}`)
  }
}

async function fromFiles({ cm, asv: asvFile }: ScoreFiles): Promise<void> {
  const milliseconds: number[] = []
  for (let round = 0; round < 11; round++) {
    const start = performance.now()
    const { trials } = await readScoreFile(cm)
    const operatingPoint = asvOperatingPoint(await readAsvScores(asvFile))
    summarizeScores({ trials, asv: { operatingPoint, source: asvFile } })
    milliseconds.push(performance.now() - start)
  }
  console.log('\nfrom text files, both read and everything computed')
  console.log(`median ${median(milliseconds).toFixed(0)} ms, first time ${milliseconds[0]!.toFixed(0)} ms`)
}

async function withIntervals(trials: readonly ScoredTrial[]): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const start = performance.now()
  const { eer } = await bootstrapIntervals({ trials, asv })
  const seconds = (performance.now() - start) / 1000
  delay.disable()
  const [p99, max] = [delay.percentile(99) / 1e6, delay.max / 1e6]
  console.log('\nbootstrap of all figures, 1,000 replicates')
  console.log(`${seconds.toFixed(1)} s; event-loop delay p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms`)
  console.log(`EER in ${eer!.map(end => `${(100 * end).toFixed(3)} %`).join(' … ')}`)
}

async function main(): Promise<void> {
  const files = scoreFiles()
  console.log(`${describeMachine()}; ${files.what}`)
  // First, because what the first time costs is what a command costs.
  await fromFiles(files)
  const { trials } = await readScoreFile(files.cm)
  const peer = await startNumpyPeer(files.cm)
  await fromArrays(trials, peer)
  peer?.end()
  await withIntervals(trials)
  files.remove()
}

void main()
