/** The files of an evaluation's results folder: which there are, and how they come to be whole or not at all. */
import { appendFile, mkdir, open, readFile, readdir, rename, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { DatasetError, errorCode } from '../errors'
import { FolderLock } from './folder-lock'
import { formatScoreLine, writeFileAtomically, type TrialScore } from '../dataset'

/** One line of `run.jsonl`: what happened to a file that has no score, or to the sessions. */
export interface RunEvent {
  readonly event: 'start' | 'failed' | 'failover' | 'end' | 'stopped'
  readonly [key: string]: unknown
}

/** What the scores depend on, by name; equal manifests give equal scores. */
export type Manifest = Readonly<Record<string, string | number | null>>

/** Where the results are. */
export interface EvaluationPaths {
  readonly folder: string
  readonly scores: string
  readonly report: string
  readonly metrics: string
  readonly manifest: string
  readonly log: string
}

/**
 * - `eval_scores.txt`: `utterance source key score`, protocol order. While the run goes on, and when it was stopped, the
 *   lines so far are in `eval_scores.partial.txt`.
 * - `t-DCF_EER.txt`: as the evaluation of AASIST writes it.
 * - `metrics.json`, `manifest.json`: what was computed, and with what.
 * - `run.jsonl`: files without a score and other events, one JSON object a line.
 */
export class EvaluationFiles implements EvaluationPaths {
  readonly folder: string
  readonly scores: string
  readonly partialScores: string
  readonly report: string
  readonly metrics: string
  readonly manifest: string
  readonly log: string
  readonly #lock: FolderLock
  #partial: FileHandle | undefined
  #pending = ''
  #flushedAtMs = 0

  constructor(folder: string) {
    this.folder = resolve(folder)
    const within = (name: string): string => join(this.folder, name)
    this.scores = within('eval_scores.txt')
    this.partialScores = within('eval_scores.partial.txt')
    this.report = within('t-DCF_EER.txt')
    this.metrics = within('metrics.json')
    this.manifest = within('manifest.json')
    this.log = within('run.jsonl')
    this.#lock = new FolderLock(within('running.lock'))
  }

  paths(): EvaluationPaths {
    const { folder, scores, report, metrics, manifest, log } = this
    return { folder, scores, report, metrics, manifest, log }
  }

  /**
   * Makes the folder ready and this run its only one, until {@link unlock}. Results of an earlier run with the same
   * manifest stay until {@link finish}; other files, and results made with anything else, are refused before anything
   * is touched.
   *
   * @throws DatasetError OUTPUT_EXISTS, OUTPUT_UNWRITABLE
   */
  async begin(manifest: Manifest): Promise<void> {
    await this.#writing(makeFolder(this.folder))
    const own = [
      this.scores,
      this.partialScores,
      this.report,
      this.metrics,
      this.manifest,
      this.log,
      this.#lock.path,
    ]
    const found = (await this.#writing(readdir(this.folder))).map(name => join(this.folder, name))
    const foreign = found.filter(path => !own.includes(path))
    if (foreign.length > 0) {
      throw new DatasetError(
        'OUTPUT_EXISTS',
        `${this.folder} holds files that are not of an evaluation (${foreign[0]!}); choose an empty or a new folder`,
        { folder: this.folder, foreign: foreign.slice(0, 20) },
      )
    }
    const results = found.filter(path => path !== this.#lock.path)
    if (results.length > 0) await this.#assertSameManifest(manifest)
    await this.#writing(this.#lock.take())
    try {
      if (results.length === 0) await writeFileAtomically(this.manifest, json(manifest))
      this.#partial = await this.#writing(open(this.partialScores, 'w'))
    } catch (error) {
      await this.unlock()
      throw error
    }
  }

  async unlock(): Promise<void> {
    await this.#lock.leave()
  }

  async #assertSameManifest(manifest: Manifest): Promise<void> {
    const differing = differences(await readManifest(this.manifest), manifest)
    if (differing.length === 0) return
    throw new DatasetError(
      'OUTPUT_EXISTS',
      `${this.folder} holds results made with something else: ${differing.join(', ')} differ; choose another folder`,
      { folder: this.folder, differing },
    )
  }

  async append(score: TrialScore): Promise<void> {
    this.#pending += `${formatScoreLine(score)}\n`
    if (performance.now() - this.#flushedAtMs > flushIntervalMs) await this.flush()
  }

  async flush(): Promise<void> {
    const text = this.#pending
    this.#pending = ''
    this.#flushedAtMs = performance.now()
    if (text !== '') await this.#writing(this.#partial!.writeFile(text))
  }

  async record(...events: readonly RunEvent[]): Promise<void> {
    const time = new Date().toISOString()
    const lines = events.map(event => `${JSON.stringify({ time, ...event })}\n`)
    await this.#writing(appendFile(this.log, lines.join('')))
  }

  /**
   * Keeps what there is; the scores stay under the name that says they are not all. What goes wrong here is not
   * reported: whoever stops has a reason already, and on a full disk this would hide it.
   */
  async stop(events: readonly RunEvent[]): Promise<void> {
    const partial = this.#partial
    this.#partial = undefined
    await partial?.writeFile(this.#pending).catch(() => undefined)
    await partial?.close().catch(() => undefined)
    await this.record(...events).catch(() => undefined)
  }

  /** The scores last: where they are, all the others are too. */
  async finish(report: string, metrics: unknown): Promise<void> {
    await this.flush()
    const partial = this.#partial!
    this.#partial = undefined
    try {
      await this.#writing(partial.sync())
    } finally {
      await partial.close()
    }
    await writeFileAtomically(this.report, report)
    await writeFileAtomically(this.metrics, json(metrics))
    await this.#writing(rename(this.partialScores, this.scores))
  }

  async #writing<T>(step: Promise<T>): Promise<T> {
    try {
      return await step
    } catch (cause) {
      if (cause instanceof DatasetError) throw cause
      throw new DatasetError(
        'OUTPUT_UNWRITABLE',
        `cannot write to ${this.folder}: ${String(cause)}; choose a folder that may be written to and has room`,
        { folder: this.folder, systemCode: errorCode(cause) ?? null },
        { cause },
      )
    }
  }
}

/** What a killed run loses at the most; a write for every clip would cost more than its line. */
const flushIntervalMs = 2000

/** Not with `recursive`, which tries for ever where a folder below an existing one cannot be made: in /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const isFolder = (at: string): Promise<boolean> =>
      stat(at).then(
        stats => stats.isDirectory(),
        () => false,
      )
    if (errorCode(error) === 'EEXIST' && (await isFolder(path))) return
    const parent = dirname(path)
    if (errorCode(error) !== 'ENOENT' || parent === path || (await isFolder(parent))) throw error
    await makeFolder(parent)
    await makeFolder(path)
  }
}

async function readManifest(path: string): Promise<Manifest> {
  try {
    const manifest: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (typeof manifest === 'object' && manifest !== null) return manifest as Manifest
  } catch {
    // As good as none: the results beside it are of unknown origin.
  }
  return { manifest: 'missing or damaged' }
}

function differences(found: Manifest, expected: Manifest): string[] {
  const names = new Set([...Object.keys(found), ...Object.keys(expected)])
  return [...names].filter(name => found[name] !== expected[name])
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
