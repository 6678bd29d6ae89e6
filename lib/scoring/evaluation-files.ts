/** The files of an evaluation's results folder: which there are, and how they come to be whole or not at all. */
import { appendFile, open, readFile, readdir, rm, type FileHandle } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DatasetError, errorCode } from '../errors'
import {
  systemReason,
  writeFileAtomically,
  writeScoreFile,
  writingAdvice,
  type Trial,
  type TrialScore,
} from '../dataset'
import { readEarlierScores, type EarlierScores } from './earlier-scores'
import { FolderLock, isLockName } from './folder-lock'
import { makeFolder } from './make-folder'
import { ScoreJournal } from './score-journal'

/**
 * One line of `run.jsonl`: what happened to a file that has no score or was tried on several devices (`clip-failover`),
 * or to the sessions (`failover`).
 */
export interface RunEvent {
  readonly event: 'start' | 'resume' | 'failed' | 'failover' | 'clip-failover' | 'end' | 'stopped'
  readonly [key: string]: unknown
}

/** What the scores depend on, by name; equal manifests give equal scores. */
export type Manifest = Readonly<Record<string, string | number | null>>

/** What is known of the run before, when its manifest is to be compared. */
export interface EarlierRun {
  /** Undefined when there was none. */
  readonly manifest: Manifest | undefined
  /** Whether the trial at this place of the protocol has a score. */
  readonly isScored: (place: number) => boolean
}

/** Where the results are. */
export interface EvaluationPaths {
  readonly folder: string
  readonly scores: string
  /** The scores so far while a run goes on, and after it was stopped. */
  readonly partialScores: string
  readonly report: string
  readonly metrics: string
  readonly manifest: string
  readonly log: string
  /** Of `aasist eval --report`; gone when a later run ends without one. */
  readonly htmlReport: string
}

/**
 * - `eval_scores.txt`: `utterance source key score`, protocol order. Until there are all, the lines so far are in
 *   `eval_scores.partial.txt`, in the order in which they came.
 * - `t-DCF_EER.txt`: as the evaluation of AASIST writes it.
 * - `metrics.json`, `manifest.json`: what was computed, and with what.
 * - `run.jsonl`: files without a score, files that failed on a device, and other events, one JSON object a line.
 */
export class EvaluationFiles {
  readonly paths: EvaluationPaths
  readonly #lock: FolderLock
  #journal: ScoreJournal | undefined
  #logIsTorn = false

  constructor(folder: string) {
    this.paths = evaluationPaths(folder)
    this.#lock = new FolderLock(this.paths.folder)
  }

  /**
   * Makes the folder ready and this run its only one, until {@link unlock}, and gives the scores that are there already.
   * Results of an earlier run with the same manifest stay until {@link finish}; other files, and results made with
   * anything else, are refused before anything is touched.
   *
   * `manifestNow` makes this run's manifest, knowing the one that is there. `onLost` is called when another run has taken
   * the folder over.
   *
   * @throws DatasetError OUTPUT_EXISTS, OUTPUT_UNWRITABLE
   */
  async begin(
    manifestNow: (earlier: EarlierRun) => Promise<Manifest>,
    trials: readonly Trial[],
    onLost: (error: DatasetError) => void,
  ): Promise<EarlierScores & { readonly manifest: Manifest }> {
    await this.#writing(makeFolder(this.paths.folder))
    await this.#assertOwn()
    await this.#writing(this.#lock.take(onLost))
    try {
      const { results, leftovers } = await this.#assertOwn()
      const earlier = await this.#writing(
        readEarlierScores([this.paths.scores, this.paths.partialScores], trials),
      )
      const found = results.length > 0 ? await readManifest(this.paths.manifest) : undefined
      const isScored = (place: number): boolean => !Number.isNaN(earlier.scores[place])
      const manifest = await manifestNow({ manifest: found, isScored })
      if (found !== undefined) this.#assertSame(found, manifest)
      for (const path of leftovers) await this.#writing(rm(path, { force: true }))
      if (found === undefined) await writeFileAtomically(this.paths.manifest, json(manifest))
      this.#logIsTorn = await this.#writing(lacksLineEnd(this.paths.log))
      this.#journal = await this.#writing(
        ScoreJournal.begin(this.paths.partialScores, withScores(trials, earlier.scores)),
      )
      return { ...earlier, manifest }
    } catch (error) {
      await this.unlock()
      throw error
    }
  }

  async unlock(): Promise<void> {
    await this.#lock.leave()
  }

  async append(score: TrialScore): Promise<void> {
    await this.#writing(this.#journal!.append(score))
  }

  async record(...events: readonly RunEvent[]): Promise<void> {
    const time = new Date().toISOString()
    const lines = events.map(event => `${JSON.stringify({ time, ...event })}\n`)
    // What is left of a line that a full disk tore must not take the next one with it.
    const start = this.#logIsTorn ? '\n' : ''
    this.#logIsTorn = true
    await this.#writing(appendFile(this.paths.log, start + lines.join('')))
    this.#logIsTorn = false
  }

  /**
   * Keeps what there is. What goes wrong here is not reported: whoever stops has a reason already, and on a full disk
   * this would hide it.
   */
  async stop(events: readonly RunEvent[]): Promise<void> {
    await this.#journal?.close().catch(() => undefined)
    await this.record(...events).catch(() => undefined)
  }

  /** Scores are in the order of the trials, NaN where there is none. Their file comes last: where it is, all are. */
  async finish(parts: {
    readonly report: string
    readonly metrics: unknown
    readonly trials: readonly Trial[]
    readonly scores: Float64Array
  }): Promise<void> {
    await this.#writing(this.#lock.assertHeld())
    await this.#writing(this.#journal!.close())
    // It would be about the scores of the run before.
    await this.#writing(rm(this.paths.htmlReport, { force: true }))
    await writeFileAtomically(this.paths.report, parts.report)
    await writeFileAtomically(this.paths.metrics, json(parts.metrics))
    await writeScoreFile(this.paths.scores, withScores(parts.trials, parts.scores))
    await this.#writing(this.#journal!.remove())
  }

  /** What is there, if nothing of it is somebody else's. */
  async #assertOwn(): Promise<{
    readonly results: readonly string[]
    readonly leftovers: readonly string[]
  }> {
    const { folder, ...own } = this.paths
    const names = (await this.#writing(readdir(folder))).filter(name => !isLockName(name))
    const within = (name: string): string => join(folder, name)
    const leftovers = names.filter(name => temporaryName.test(name)).map(within)
    const others = names.filter(name => !temporaryName.test(name)).map(within)
    const results = others.filter(path => Object.values(own).includes(path))
    const foreign = others.filter(path => !results.includes(path))
    if (foreign.length === 0) return { results, leftovers }
    throw new DatasetError(
      'OUTPUT_EXISTS',
      `${folder} holds files that are not of an evaluation (${foreign[0]!}); choose an empty or a new folder`,
      { folder, foreign: foreign.slice(0, 20) },
    )
  }

  #assertSame(found: Manifest, manifest: Manifest): void {
    const { folder } = this.paths
    if (found === unreadableManifest) {
      throw new DatasetError(
        'OUTPUT_EXISTS',
        `${this.paths.manifest} is missing or damaged, so nobody knows what the results beside it were made with; ` +
          'bring it back, or choose another folder',
        { folder },
      )
    }
    const names = [...new Set([...Object.keys(manifest), ...Object.keys(found)])]
    // A name such as `constructor` is in every object.
    const valueOf = (of: Manifest, name: string): Manifest[string] | undefined =>
      Object.hasOwn(of, name) ? of[name] : undefined
    const differing = names.filter(name => valueOf(found, name) !== valueOf(manifest, name))
    if (differing.length === 0) return
    const text = (value: Manifest[string] | undefined): string => shortened(JSON.stringify(value ?? null))
    const differences = differing.map(
      name => `${name} (${text(valueOf(found, name))} there, ${text(valueOf(manifest, name))} now)`,
    )
    throw new DatasetError(
      'OUTPUT_EXISTS',
      `${folder} holds results made with something else: different ${differences.join(', ')}; choose another folder`,
      { folder, differing },
    )
  }

  async #writing<T>(step: Promise<T>): Promise<T> {
    try {
      return await step
    } catch (cause) {
      if (cause instanceof DatasetError) throw cause
      const { folder } = this.paths
      throw new DatasetError(
        'OUTPUT_UNWRITABLE',
        `cannot write to ${folder}: ${systemReason(cause)}; ${writingAdvice(cause)}`,
        { folder, systemCode: errorCode(cause) ?? null },
        { cause },
      )
    }
  }
}

/** The files of an evaluation into this folder, whether they are there yet or not. */
export function evaluationPaths(folder: string): EvaluationPaths {
  const within = (name: string): string => join(resolve(folder), name)
  return {
    folder: resolve(folder),
    scores: within('eval_scores.txt'),
    partialScores: within('eval_scores.partial.txt'),
    report: within('t-DCF_EER.txt'),
    metrics: within('metrics.json'),
    manifest: within('manifest.json'),
    log: within('run.jsonl'),
    htmlReport: within('report.html'),
  }
}

/** Of a run that was killed while it wrote a file. */
const temporaryName = /^\.aasist-[0-9a-f]{16}\.tmp$/

function* withScores(trials: readonly Trial[], scores: Float64Array): Generator<TrialScore> {
  for (const [index, trial] of trials.entries()) {
    const score = scores[index]!
    if (!Number.isNaN(score)) yield { ...trial, score }
  }
}

async function lacksLineEnd(path: string): Promise<boolean> {
  let file: FileHandle | undefined
  try {
    file = await open(path)
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1))
    return bytesRead === 1 && buffer[0] !== 0x0a
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  } finally {
    await file?.close()
  }
}

const unreadableManifest: Manifest = {}

async function readManifest(path: string): Promise<Manifest> {
  try {
    const manifest: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (isManifest(manifest)) return manifest
  } catch {
    // As good as none: the results beside it are of unknown origin.
  }
  return unreadableManifest
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).every(each => each === null || ['string', 'number'].includes(typeof each))
}

/** A hash is told from another by less. */
const shortened = (text: string): string => text.replace(/^"([0-9a-f]{12})[0-9a-f]{52}"$/, '"$1…"')

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
