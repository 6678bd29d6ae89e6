/** The CPU behind the NPUs: for windows that no NPU could score, opened when the first one comes. */
import { errorCode, errorMessage } from '../errors'
import type { FailedAttempt, SessionPool } from '../session'
import { log } from '../session/diagnostics'
import type { DetectorLogMessage } from './diagnostics'
import { findScoreInterface } from './score-interface'
import { WindowScorer, type ScoredWindow, type WindowOptions } from './window-scorer'

interface Opened {
  readonly pool: SessionPool
  readonly scorer: WindowScorer
}

/** No session of the pool is left. */
const isOver = (error: unknown): boolean => errorCode(error) === 'SESSION_FAULTED'

/** Scores windows on NPUs, and on the CPU what failed there for a reason that lies with the devices. */
export class FallbackScorer {
  readonly #npus: SessionPool
  readonly #scorer: WindowScorer
  readonly #open: (() => Promise<SessionPool>) | null
  #cpu: Promise<Opened> | undefined
  #released = false

  /** `open`: sessions on the CPU; null where there is no model for it. */
  constructor(npus: SessionPool, scorer: WindowScorer, open: (() => Promise<SessionPool>) | null) {
    this.#npus = npus
    this.#scorer = scorer
    this.#open = open
  }

  async score(samples: Float32Array, options: WindowOptions = {}): Promise<ScoredWindow> {
    try {
      return await this.#scorer.score(samples, options)
    } catch (error) {
      const attempts = this.attempts(error)
      if (this.#open === null || this.#released || (attempts.length === 0 && !isOver(error))) throw error
      options.signal?.throwIfAborted()
      const opened = await this.#cpuSessions(this.#open, error).catch(() => undefined)
      // The NPU's trouble is what is to be mended, not that nothing else is there.
      if (opened === undefined) throw error
      const { position, signal, timeoutMs } = options
      const scored = await opened.scorer.score(samples, {
        ...(position !== undefined && { position }),
        ...(signal && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      })
      // Without an attempt of its own it came to a pool that had lost every NPU.
      const { devices } = this.#npus
      const lost = error instanceof Error ? devices.map(device => ({ device, error })) : []
      return { ...scored, failedOver: attempts.length > 0 ? attempts : lost }
    }
  }

  /** Where a window failed before it failed for good. */
  attempts(error: unknown): readonly FailedAttempt[] {
    return error instanceof Error ? this.#npus.failedAttempts(error) : []
  }

  async release(): Promise<void> {
    this.#released = true
    const opened = await this.#cpu?.catch(() => undefined)
    await opened?.pool.release()
  }

  #cpuSessions(open: () => Promise<SessionPool>, reason: unknown): Promise<Opened> {
    if (this.#cpu === undefined) log(() => aboutHelp(reason))
    this.#cpu ??= open().then(pool => ({
      pool,
      scorer: new WindowScorer(pool, findScoreInterface(pool), { parallelRuns: pool.stats().sessions }),
    }))
    return this.#cpu
  }
}

function aboutHelp(reason: unknown): DetectorLogMessage {
  const cause = errorCode(reason)
  return {
    level: 'warn',
    code: 'CPU_HELPED_OUT',
    message: `the CPU scores what fails on the NPUs, as this first clip did: ${errorMessage(reason)}`,
    ...(cause !== undefined && { cause }),
  }
}
