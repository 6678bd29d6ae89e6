/** What detectors tell whoever listens, through node:diagnostics_channel; where nobody does, nothing is made. */
import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel'
import type { Device, FailedAttempt, LogMessage, SessionLogCode, TracedFailure } from '../session'
import { log, sessionChannels, traced } from '../session/diagnostics'
import type { Clip } from './clip-source'
import type { Score, ScoreWarning } from './detector'

/** Names of all channels of this package: `log` for `channel()` of node:diagnostics_channel, others for `tracingChannel()`. */
export const channels = { ...sessionChannels, detectorScore: 'aasist-ascend:detector.score' } as const

/**
 * One clip of `score()` or `scoreFiles()` on its way to a score. What is not known yet, or never was, is missing. Samples,
 * bytes and the score itself are never in it.
 */
export interface DetectorScoreMessage extends TracedFailure {
  readonly clip: 'path' | 'bytes' | 'samples'
  /** Of a clip given by its path. */
  readonly file?: string
  /** Of the whole clip. */
  readonly durationSeconds?: number
  /** Milliseconds of reading, decoding and cutting, waiting for a thread included. */
  readonly preparationMs?: number
  /** Milliseconds from there to the score, all waiting included. */
  readonly inferenceMs?: number
  /** What computed it in the end. */
  readonly device?: Device
  /** Devices that failed at it before, by their own fault. */
  readonly failedOver?: readonly FailedAttempt[]
}

/** What is logged of detectors, their pools and their sessions. */
export type LogCode = SessionLogCode | 'CPU_HELPED_OUT' | ScoreWarning['code']

export type DetectorLogMessage = LogMessage & { readonly code: LogCode }

type Filling = { -readonly [Key in keyof DetectorScoreMessage]: DetectorScoreMessage[Key] }

const scores: TracingChannel<unknown, Filling> = tracingChannel(channels.detectorScore)

/** Fills in the message of one clip. */
export class ObservedClip {
  readonly message: Filling
  #sinceMs = performance.now()

  constructor(clip: Clip) {
    this.message = typeof clip === 'string' ? { clip: 'path', file: clip } : { clip: kindOf(clip) }
  }

  prepared(durationSeconds: number): void {
    Object.assign(this.message, { durationSeconds, preparationMs: this.#sinceLast() })
  }

  scored({ device, failedOver }: Score): void {
    Object.assign(this.message, { device, failedOver, inferenceMs: this.#sinceLast() })
  }

  #sinceLast(): number {
    const beganAtMs = this.#sinceMs
    this.#sinceMs = performance.now()
    return this.#sinceMs - beganAtMs
  }
}

/** `work` is given nothing to fill in where nobody listens. */
export function observeScore(clip: Clip, work: (observed?: ObservedClip) => Promise<Score>): Promise<Score> {
  if (!scores.hasSubscribers) return work()
  const observed = new ObservedClip(clip)
  return traced(scores, observed.message, () => work(observed))
}

/** What is to be known before trusting the scores of a detector, or one of them. */
export function logWarnings(warnings: readonly ScoreWarning[], clip?: Clip): void {
  for (const { code, message } of warnings) {
    log(() => ({ level: 'warn', code, message, ...(typeof clip === 'string' && { file: clip }) }))
  }
}

const kindOf = (clip: Clip): 'bytes' | 'samples' => (clip instanceof Uint8Array ? 'bytes' : 'samples')
