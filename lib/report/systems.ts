/** From the paths of results to the systems of a report. */
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { readProtocol, readScoreFile } from '../dataset'
import { ArgumentTypeError } from '../errors'
import { bootstrapIntervals } from '../metrics'
import { metricsOfScoreFile, type AsvPreset } from '../scoring'
import { flattened } from './json-values'
import type { ReportSystem } from './report-system'
import { readResultsFolder } from './results-folder'

export interface SystemsRequest {
  /** Folders that `evaluate` wrote, and score files. */
  readonly results: readonly string[]
  /** For score files: the protocol and the ASV system they belong to, as `metricsOfScoreFile` takes them. */
  readonly protocol?: string | undefined
  readonly asvScores?: string | undefined
  readonly asvPreset?: AsvPreset | undefined
  /** `bootstrap`: 95 % intervals, 1,000 replicates, seed 1. */
  readonly intervals: 'bootstrap' | 'none'
  readonly signal?: AbortSignal | undefined
  /** Called when the work on a system begins. */
  readonly onSystem?: ((name: string) => void) | undefined
}

/**
 * @throws DatasetError `DATASET_INVALID`, `SCORES_INVALID`, `PROTOCOL_INVALID`
 * @throws ArgumentTypeError `INVALID_ARGUMENT` for options of score files where there are none; and the signal's reason
 */
export async function readSystems(request: SystemsRequest): Promise<ReportSystem[]> {
  const { results, intervals, signal, onSystem } = request
  const kinds = await Promise.all(results.map(kindOf))
  const { protocol, asvScores, asvPreset } = request
  if (!kinds.includes('file') && (protocol ?? asvScores ?? asvPreset) !== undefined) {
    throw new ArgumentTypeError(
      'a protocol and an ASV system are for score files; folders of evaluations hold what they were computed with',
    )
  }
  const names = namesOf(results)
  const systems: ReportSystem[] = []
  for (const [index, path] of results.entries()) {
    signal?.throwIfAborted()
    const name = names[index]!
    onSystem?.(name)
    const system =
      kinds[index] === 'folder' ? await readResultsFolder(path, name) : await readScores(path, name, request)
    systems.push(intervals === 'none' ? system : await withIntervals(system, signal))
  }
  return systems
}

/** What cannot be looked at is left to the reader of score files, which says what is wrong with it. */
async function kindOf(path: string): Promise<'folder' | 'file'> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() === true ? 'folder' : 'file'
}

/** The last part of the path, or all of it where that would name two; a number where that does too. */
export function namesOf(results: readonly string[]): string[] {
  const short = results.map(path => basename(resolve(path)))
  const wanted = results.map((path, index) =>
    short.indexOf(short[index]!) === short.lastIndexOf(short[index]!) ? short[index]! : path,
  )
  const names: string[] = []
  for (const name of wanted) {
    let unique = name
    // A numbered name may be what another one is called by itself.
    const isTaken = (): boolean => names.includes(unique) || (unique !== name && wanted.includes(unique))
    for (let number = 2; isTaken(); number += 1) unique = `${name} (${number})`
    names.push(unique)
  }
  return names
}

async function readScores(path: string, name: string, request: SystemsRequest): Promise<ReportSystem> {
  const { protocol, asvScores, asvPreset, signal } = request
  const { metrics } = await metricsOfScoreFile({
    scores: path,
    ...(protocol !== undefined && { protocol }),
    ...(asvScores !== undefined && { asvScores }),
    ...(asvPreset !== undefined && { asvPreset }),
    ...(signal && { signal }),
  })
  const list = protocol === undefined ? undefined : await readProtocol(protocol)
  const { trials } = await readScoreFile(path, { protocol: list })
  return { name, trials, metrics, run: null, provenance: flattened(metrics.provenance) }
}

async function withIntervals(system: ReportSystem, signal: AbortSignal | undefined): Promise<ReportSystem> {
  const { trials, metrics } = system
  const { asv } = metrics
  const ci = await bootstrapIntervals(
    { trials, asv: asv === null ? undefined : { operatingPoint: asv, source: asv.source } },
    { ...(signal && { signal }) },
  )
  return { ...system, metrics: { ...metrics, ci } }
}
