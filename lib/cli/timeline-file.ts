/** What `--timeline` draws: gathered while recordings are scored, and written also where that ends early. */
import { access, constants, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ArgumentTypeError, DatasetError, errorCode, errorMessage } from '../errors'
import type { ScoredRecording } from '../report'
import { note, printable } from './terminal'

export class TimelineFile {
  readonly #path: string
  readonly #recordings: ScoredRecording[] = []

  private constructor(path: string) {
    this.#path = path
  }

  /**
   * Before hours of scoring: whether it may be written, and replaces nothing that is read.
   * @throws ArgumentTypeError INVALID_ARGUMENT; DatasetError OUTPUT_UNWRITABLE
   */
  static async prepare(path: string, inputs: readonly (string | undefined)[]): Promise<TimelineFile> {
    await assertNoInput(path, inputs)
    await assertWritable(path)
    return new TimelineFile(path)
  }

  add(recording: ScoredRecording): void {
    this.#recordings.push(recording)
  }

  /** @throws DatasetError OUTPUT_UNWRITABLE */
  async write(): Promise<void> {
    if (this.#recordings.length === 0) {
      note(`no window was scored, so ${printable(this.#path)} was not written`)
      return
    }
    // Loaded here: whoever draws nothing should not wait for what draws.
    const { writeTimeline } = await import('../report/index.js')
    await writeTimeline(this.#path, this.#recordings)
    note(`wrote ${printable(this.#path)}`)
  }
}

async function assertNoInput(path: string, inputs: readonly (string | undefined)[]): Promise<void> {
  const target = await realpath(path).catch(() => undefined)
  if (target === undefined) return
  for (const input of inputs) {
    if (input === undefined || (await realpath(input).catch(() => undefined)) !== target) continue
    throw new ArgumentTypeError(`--timeline ${path} would replace ${input}, which is read; name another file`)
  }
}

async function assertWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK)
  } catch (cause) {
    throw new DatasetError(
      'OUTPUT_UNWRITABLE',
      `cannot write ${path}: ${errorMessage(cause)}; choose a folder that exists and may be written to`,
      { path, systemCode: errorCode(cause) ?? null },
      { cause },
    )
  }
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() !== true) return
  throw new DatasetError('OUTPUT_UNWRITABLE', `cannot write ${path}: it is a folder; name a file`, { path })
}
