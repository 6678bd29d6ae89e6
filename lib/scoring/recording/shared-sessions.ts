/** Sessions whose runs score several windows that share the encoder: opened when a recording first wants them. */
import { untilAborted } from '../../abort-listeners'
import { ModelError, SessionError } from '../../errors'
import type { SharedWindows } from '../../model'
import type { SessionPool } from '../../session'
import type { ScoredWindow } from '../window-scorer'

export type OpenShared = (windows: SharedWindows, signal: AbortSignal) => Promise<SessionPool>

/** Sessions in the hands of one recording. */
export interface SharedLease {
  readonly pool: SessionPool
  /** Once, when its last run is over. */
  readonly giveBack: () => void
}

interface Opened {
  readonly windows: SharedWindows
  readonly pool: Promise<SessionPool>
  recordings: number
}

/** Each has sessions with maps of 65 MB, and who asks for scores may choose the hop. */
const mostPools = 2

/** Sessions by hop: opened when a recording first wants them, closed when another hop needs their place. */
export class SharedSessions {
  readonly #open: OpenShared
  /** The one that was given back last is at the end. */
  #opened: readonly Opened[] = []
  readonly #closing = new Set<Promise<void>>()
  readonly #ending = new AbortController()

  constructor(open: OpenShared) {
    this.#open = open
  }

  /**
   * Null while recordings with other hops hold all there may be: such windows are computed one by one. Its own signal ends
   * the waiting of one recording, not the opening, for which others may wait too.
   * @throws what opening sessions throws; SessionError SESSION_RELEASED; the signal's reason
   */
  async borrow(windows: SharedWindows, signal: AbortSignal | undefined): Promise<SharedLease | null> {
    signal?.throwIfAborted()
    if (this.#ending.signal.aborted) throw released()
    const opened =
      this.#opened.find(each => each.windows.hopSamples === windows.hopSamples) ?? this.#begin(windows)
    if (opened === null) return null
    opened.recordings += 1
    let isBack = false
    const giveBack = (): void => {
      if (isBack) return
      isBack = true
      opened.recordings -= 1
      this.#opened = [
        ...this.#opened.filter(each => each !== opened),
        ...this.#opened.filter(each => each === opened),
      ]
    }
    try {
      return { pool: await untilAborted(opened.pool, signal), giveBack }
    } catch (error) {
      giveBack()
      throw error
    }
  }

  async release(): Promise<void> {
    this.#ending.abort(released())
    for (const opened of this.#opened) this.#close(opened)
    await Promise.all(this.#closing)
  }

  #begin(windows: SharedWindows): Opened | null {
    if (this.#opened.length >= mostPools) {
      const idle = this.#opened.find(({ recordings }) => recordings === 0)
      if (idle === undefined) return null
      this.#close(idle)
    }
    const opened: Opened = { windows, pool: this.#open(windows, this.#ending.signal), recordings: 0 }
    this.#opened = [...this.#opened, opened]
    // The next one may have more luck.
    opened.pool.catch(() => this.#forget(opened))
    return opened
  }

  #close(opened: Opened): void {
    this.#forget(opened)
    const closed = opened.pool.then(
      pool => pool.release(),
      () => undefined,
    )
    this.#closing.add(closed)
    void closed.finally(() => this.#closing.delete(closed))
  }

  #forget(opened: Opened): void {
    this.#opened = this.#opened.filter(each => each !== opened)
  }
}

function released(): SessionError {
  return new SessionError('SESSION_RELEASED', 'the detector has been released; load another one')
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
