/** The files of an evaluation's results folder: which there are, and how they come to be whole or not at all. */
import {
  appendFile,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { DatasetError, errorCode } from '../errors'
import { formatScoreLine, writeFileAtomically, type TrialScore } from '../dataset'

/** One line of `run.jsonl`: what happened to a file that has no score, or to the sessions. */
export interface RunEvent {
  readonly event: 'start' | 'failed' | 'failover' | 'end' | 'stopped'
  readonly [key: string]: unknown
}

/** What the scores depend on, by name; equal manifests give equal scores. */
export type Manifest = Readonly<Record<string, string | number | null>>

/**
 * - `eval_scores.txt`: `utterance source key score`, protocol order. While the run goes on, and when it was stopped, the
 *   lines so far are in `eval_scores.partial.txt`.
 * - `t-DCF_EER.txt`: as the evaluation of AASIST writes it.
 * - `metrics.json`, `manifest.json`: what was computed, and with what.
 * - `run.jsonl`: files without a score and other events, one JSON object a line.
 */
export class EvaluationFiles {
  readonly folder: string
  readonly scores: string
  readonly partialScores: string
  readonly report: string
  readonly metrics: string
  readonly manifest: string
  readonly log: string
  #partial: FileHandle | undefined
  #pending = ''

  constructor(folder: string) {
    this.folder = resolve(folder)
    const within = (name: string): string => join(this.folder, name)
    this.scores = within('eval_scores.txt')
    this.partialScores = within('eval_scores.partial.txt')
    this.report = within('t-DCF_EER.txt')
    this.metrics = within('metrics.json')
    this.manifest = within('manifest.json')
    this.log = within('run.jsonl')
  }

  /**
   * Makes the folder ready. Results of an earlier run with the same manifest are replaced; other files, and results
   * made with anything else, are refused before anything is touched.
   *
   * @throws DatasetError OUTPUT_EXISTS, OUTPUT_UNWRITABLE
   */
  async begin(manifest: Manifest): Promise<void> {
    await this.#writing(makeFolder(this.folder))
    const own = [this.scores, this.partialScores, this.report, this.metrics, this.manifest, this.log]
    const found = (await this.#writing(readdir(this.folder))).map(name => join(this.folder, name))
    const foreign = found.filter(path => !own.includes(path))
    if (foreign.length > 0) {
      throw new DatasetError(
        'OUTPUT_EXISTS',
        `${this.folder} holds files that are not of an evaluation (${foreign[0]!}); choose an empty or a new folder`,
        { folder: this.folder, foreign: foreign.slice(0, 20) },
      )
    }
    if (found.length > 0) await this.#assertSameManifest(manifest)
    for (const path of own) await this.#writing(rm(path, { force: true }))
    await writeFileAtomically(this.manifest, json(manifest))
    this.#partial = await this.#writing(open(this.partialScores, 'w'))
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
    if (this.#pending.length > flushLength) await this.flush()
  }

  async flush(): Promise<void> {
    const text = this.#pending
    this.#pending = ''
    if (text !== '') await this.#writing(this.#partial!.writeFile(text))
  }

  async record(...events: readonly RunEvent[]): Promise<void> {
    const time = new Date().toISOString()
    const lines = events.map(event => `${JSON.stringify({ time, ...event })}\n`)
    await this.#writing(appendFile(this.log, lines.join('')))
  }

  /** Keeps what there is; the scores stay under the name that says they are not all. */
  async stop(): Promise<void> {
    const partial = this.#partial
    if (partial === undefined) return
    this.#partial = undefined
    try {
      await this.#writing(partial.writeFile(this.#pending))
    } finally {
      await partial.close()
    }
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
      throw new DatasetError(
        'OUTPUT_UNWRITABLE',
        `cannot write to ${this.folder}: ${String(cause)}; choose a folder that may be written to and has room`,
        { folder: this.folder, systemCode: errorCode(cause) ?? null },
        { cause },
      )
    }
  }
}

/** About a thousand lines: a killed run loses seconds, and a write a clip would cost more than its line. */
const flushLength = 40_000

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
    return JSON.parse(await readFile(path, 'utf8')) as Manifest
  } catch {
    return { manifest: 'missing or damaged' }
  }
}

function differences(found: Manifest, expected: Manifest): string[] {
  const names = new Set([...Object.keys(found), ...Object.keys(expected)])
  return [...names].filter(name => found[name] !== expected[name])
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
