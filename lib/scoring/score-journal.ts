/** The scores of a run that is not over yet. */
import { open, rm, type FileHandle } from 'node:fs/promises'
import { formatScoreLine, writeScoreFile, type TrialScore } from '../dataset'

/** What a killed run loses at the most; a write for every clip would cost more than its line. */
const flushIntervalMs = 500

/** A score file that grows. However it ends, its whole lines are right. */
export class ScoreJournal {
  readonly path: string
  #file: FileHandle | undefined
  #pending = ''
  #flushedAtMs = -Infinity

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  /** Begins with these scores; what the file held before is gone only when they are all in it. */
  static async begin(path: string, scores: Iterable<TrialScore>): Promise<ScoreJournal> {
    await writeScoreFile(path, scores)
    return new ScoreJournal(path, await open(path, 'a'))
  }

  async append(score: TrialScore): Promise<void> {
    this.#pending += `${formatScoreLine(score)}\n`
    if (performance.now() - this.#flushedAtMs > flushIntervalMs) await this.flush()
  }

  async flush(): Promise<void> {
    const text = this.#pending
    this.#pending = ''
    this.#flushedAtMs = performance.now()
    if (text !== '') await this.#file!.writeFile(text)
  }

  /** Keeps what there is. */
  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    if (file === undefined) return
    try {
      await file.writeFile(this.#pending)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  /** For when the scores are somewhere else. */
  async remove(): Promise<void> {
    await this.close()
    await rm(this.path, { force: true })
  }
}
