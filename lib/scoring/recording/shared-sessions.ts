/** Sessions whose runs score several windows that share the encoder: opened when a recording first wants them. */
import { ModelError } from '../../errors'
import type { SharedWindows } from '../../model'
import type { SessionPool } from '../../session'
import type { ScoredWindow } from '../window-scorer'

export type OpenShared = (windows: SharedWindows, signal: AbortSignal | undefined) => Promise<SessionPool>

export class SharedSessions {
  readonly #open: OpenShared
  /** By hop: those who ask for another one get sessions of their own. */
  readonly #pools = new Map<number, Promise<SessionPool>>()
  #released = false

  constructor(open: OpenShared) {
    this.#open = open
  }

  /** @throws what opening sessions throws */
  async pool(windows: SharedWindows, signal: AbortSignal | undefined): Promise<SessionPool> {
    let opening = this.#pools.get(windows.hopSamples)
    if (opening === undefined) {
      opening = this.#open(windows, signal)
      this.#pools.set(windows.hopSamples, opening)
      // The next one may have more luck, or more patience.
      opening.catch(() => this.#pools.delete(windows.hopSamples))
    }
    const pool = await opening
    if (this.#released) await pool.release()
    return pool
  }

  async release(): Promise<void> {
    this.#released = true
    const opened = await Promise.allSettled(this.#pools.values())
    const pools = opened.flatMap(opening => (opening.status === 'fulfilled' ? [opening.value] : []))
    await Promise.all(pools.map(pool => pool.release()))
  }
}

/** One run of `windows.count` windows. */
export async function scoreShared(
  pool: SessionPool,
  samples: Float32Array<ArrayBuffer>,
  windows: number,
  signal: AbortSignal,
): Promise<readonly ScoredWindow[]> {
  const [input] = pool.inputNames
  const output = pool.outputNames.find(name => name === 'logits') ?? pool.outputNames[1]
  if (input === undefined || output === undefined) {
    throw new ModelError('MODEL_INVALID', 'the graph of several windows has no logits')
  }
  const feeds = { [input]: { type: 'float32', dims: [1, samples.length], data: samples } } as const
  const outputs = await pool.runGivenAway(feeds, [output], { signal })
  const logits = outputs[output]!.data as Float32Array
  const device = pool.deviceOf(outputs)!
  const failedOver = pool.failedAttempts(outputs)
  return Array.from({ length: windows }, (_, row) => ({ score: logits[2 * row + 1]!, device, failedOver }))
}
