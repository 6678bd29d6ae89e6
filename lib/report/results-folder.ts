/** The folder that `evaluate` writes, as a system of a report. */
import { readFile } from 'node:fs/promises'
import { readScoreFile, systemReason, type TrialScore } from '../dataset'
import { DatasetError, errorCode } from '../errors'
import { summarizeScores, type AsvOperatingPoint, type MetricsSummary } from '../metrics'
import { evaluationPaths, type EvaluationPaths, type ScoredMetrics } from '../scoring'
import { flattened, isRecord, numberOrNull, textOf } from './json-values'
import type { ReportedTimes, ReportSystem, RunFacts } from './report-system'

/**
 * What is in the results folder of an evaluation. The figures of metrics.json are computed again from the scores, and
 * have to be the same.
 *
 * @throws DatasetError `DATASET_INVALID` where the evaluation did not end, or metrics.json is damaged or of other scores;
 *   `SCORES_INVALID`
 */
export async function readResultsFolder(folder: string, name: string): Promise<ReportSystem> {
  const paths = evaluationPaths(folder)
  const stored = await readMetrics(paths)
  // An evaluation in which no clip has a score leaves an empty file.
  const trials = await trialsOf(paths, stored)
  const metrics = checkedMetrics(stored, trials, paths)
  const { provenance } = stored
  return {
    name,
    trials,
    metrics,
    run: { ...runFacts(provenance), failures: await failuresIn(paths.log) },
    provenance: flattened(withoutTimes(provenance)),
  }
}

async function trialsOf(
  { scores }: EvaluationPaths,
  stored: Readonly<Record<string, unknown>>,
): Promise<readonly TrialScore[]> {
  if (stored['bonafide'] === 0 && stored['spoof'] === 0) return []
  return (await readScoreFile(scores)).trials
}

async function readMetrics(paths: EvaluationPaths): Promise<Readonly<Record<string, unknown>>> {
  let text: string
  try {
    text = await readFile(paths.metrics, 'utf8')
  } catch (error) {
    throw new DatasetError(
      'DATASET_INVALID',
      `cannot read ${paths.metrics}: ${systemReason(error)}; expected the folder of an evaluation that is through: ` +
        'start aasist eval again, or name a score file',
      { path: paths.metrics, systemCode: errorCode(error) ?? null },
      { cause: error },
    )
  }
  try {
    const metrics: unknown = JSON.parse(text)
    if (isRecord(metrics)) return metrics
  } catch {
    // Said below, with what is expected.
  }
  throw damaged(paths, 'it is not a JSON object')
}

const figureNames = [
  'eer',
  'eerThreshold',
  'eerTieProper',
  'minTdcf',
  'minTdcfThreshold',
  'minTdcfV2',
  'minDcf',
  'actDcf',
  'cllr',
  'bonafide',
  'spoof',
] as const satisfies readonly (keyof MetricsSummary)[]

/** What is computed from the scores is taken from there, and must be what was stored; the rest is as it was stored. */
function checkedMetrics(
  stored: Readonly<Record<string, unknown>>,
  trials: readonly TrialScore[],
  paths: EvaluationPaths,
): ScoredMetrics {
  const asv = asvOf(stored['asv'], paths)
  const summary = summarizeScores({ trials, asv })
  for (const name of figureNames) {
    if (!isSame(stored[name], summary[name])) throw contradiction(paths, name, stored[name], summary[name])
  }
  const storedAttacks = isRecord(stored['perAttack']) ? stored['perAttack'] : {}
  for (const [attack, figures] of Object.entries(summary.perAttack)) {
    const found = Object.hasOwn(storedAttacks, attack) ? storedAttacks[attack] : undefined
    for (const name of ['eer', 'minTdcf'] as const) {
      const value = isRecord(found) ? found[name] : undefined
      if (!isSame(value, figures[name]))
        throw contradiction(paths, `perAttack.${attack}.${name}`, value, figures[name])
    }
  }
  const { warnings } = stored
  return {
    ...summary,
    missing: numberOrNull(stored['missing']) ?? summary.missing,
    warnings: Array.isArray(warnings)
      ? warnings.filter(warning => typeof warning === 'string')
      : summary.warnings,
  }
}

/** The shortest decimals that JSON holds read back as the same doubles; another machine may differ in the last digit. */
function isSame(stored: unknown, computed: number | null): boolean {
  if (computed === null || typeof stored !== 'number') return stored === computed
  return Math.abs(stored - computed) <= 1e-9 * Math.max(1, Math.abs(computed))
}

const rateNames = ['eer', 'threshold', 'pFa', 'pMiss', 'pMissSpoof'] as const

function asvOf(
  stored: unknown,
  paths: EvaluationPaths,
): { readonly operatingPoint: AsvOperatingPoint; readonly source: string } | undefined {
  if (stored === null || stored === undefined) return undefined
  if (!isRecord(stored)) throw damaged(paths, 'asv is not an object')
  const [eer, threshold, pFa, pMiss, pMissSpoof] = rateNames.map(name => {
    const value = numberOrNull(stored[name])
    if (value === null) throw damaged(paths, `asv.${name} is not a number`)
    return value
  }) as [number, number, number, number, number]
  const source = typeof stored['source'] === 'string' ? stored['source'] : 'unknown'
  return { operatingPoint: { eer, threshold, pFa, pMiss, pMissSpoof }, source }
}

function damaged({ metrics }: EvaluationPaths, what: string): DatasetError {
  return new DatasetError(
    'DATASET_INVALID',
    `${metrics} is damaged: ${what}; expected what aasist eval wrote: start it again into another folder, or name the ` +
      'score file alone',
    { path: metrics },
  )
}

function contradiction(
  paths: EvaluationPaths,
  name: string,
  stored: unknown,
  computed: unknown,
): DatasetError {
  const [found, expected] = [
    stored === undefined ? 'nothing' : JSON.stringify(stored),
    JSON.stringify(computed),
  ]
  return new DatasetError(
    'DATASET_INVALID',
    `${paths.metrics} says that ${name} is ${found}, and the scores in ${paths.scores} make it ${expected}: the two are ` +
      'not of one run; start aasist eval again into another folder, or name the score file alone',
    { path: paths.metrics, name, found, expected },
  )
}

/** They are among the facts of the run. */
function withoutTimes(provenance: unknown): unknown {
  if (!isRecord(provenance)) return provenance
  const told = new Set(['clipMs', 'executeMs'])
  return Object.fromEntries(Object.entries(provenance).filter(([name]) => !told.has(name)))
}

function runFacts(provenance: unknown): Omit<RunFacts, 'failures'> {
  const facts = isRecord(provenance) ? provenance : {}
  const devices: readonly unknown[] = Array.isArray(facts['devices']) ? facts['devices'] : []
  return {
    elapsedSeconds: numberOrNull(facts['elapsedSeconds']),
    clipsPerSecond: numberOrNull(facts['clipsPerSecond']),
    clipMs: timesOf(facts['clipMs']),
    executeMs: timesOf(facts['executeMs']),
    scoredEarlier: numberOrNull(facts['scoredEarlier']),
    failedOver: numberOrNull(facts['failedOver']),
    devices: devices.filter(isRecord).map(({ scored, ...device }) => ({
      device: flattened(device)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
      scored: numberOrNull(scored) ?? 0,
    })),
  }
}

/** Folders of earlier releases have none. */
function timesOf(stored: unknown): ReportedTimes | null {
  if (!isRecord(stored)) return null
  const [p50, p95, p99, max] = ['p50', 'p95', 'p99', 'max'].map(name => numberOrNull(stored[name]))
  if (p50 == null || p95 == null || p99 == null || max == null) return null
  return { p50, p95, p99, max }
}

/** The failures of the last run; a log that is not there or torn says less, which is no reason for no report. */
async function failuresIn(log: string): Promise<RunFacts['failures']> {
  const lines = (await readFile(log, 'utf8').catch(() => '')).split('\n')
  let failures: RunFacts['failures'][number][] = []
  for (const line of lines) {
    const event = parsedLine(line)
    if (event['event'] === 'start' || event['event'] === 'resume') failures = []
    if (event['event'] !== 'failed') continue
    const { utterance, code, message } = event
    failures.push({ utterance: textOf(utterance), code: textOf(code), message: textOf(message) })
  }
  return failures
}

function parsedLine(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}
