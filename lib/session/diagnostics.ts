/** What sessions and pools tell whoever listens, through node:diagnostics_channel; where nobody does, nothing is made. */
import { AsyncResource } from 'node:async_hooks'
import { channel, tracingChannel, type TracingChannel } from 'node:diagnostics_channel'
import { errorCode } from '../errors'
import type { FailedAttempt } from './pool-attempts'
import type { Device } from './session'
import type { StageTimes } from './session-stats'
import type { Outputs } from './tensor'

/** Names of channels: `sessionRun` and `poolRun` for `tracingChannel()`, `log` for `channel()` of node:diagnostics_channel. */
export const sessionChannels = {
  sessionRun: 'aasist-ascend:session.run',
  poolRun: 'aasist-ascend:pool.run',
  log: 'aasist-ascend:log',
} as const

/** How every traced call may end. */
export interface TracedFailure {
  /** Of the error, where it has one. */
  readonly code?: string
  /** What the call rejected with. */
  readonly error?: unknown
}

/** One call of `run()` of a session. What is not known yet, or never was, is missing. Inputs and outputs are never in it. */
export interface SessionRunMessage extends TracedFailure {
  readonly device: Device
  /** First dimension of the first input, where that has one. */
  readonly batch?: number
  /** Milliseconds of waiting, from being accepted to being computed; on NPUs without the copies. */
  readonly queuedMs?: number
  /** Milliseconds of copies to a device with memory of its own, and back. */
  readonly copyMs?: number
  /** Milliseconds of computing alone, measured where it happens. */
  readonly executingMs?: number
}

/** One call of `run()` of a pool, which calls that of one of its sessions, or of several one after the other. */
export interface PoolRunMessage extends TracedFailure {
  /** First dimension of the first input, where that has one. */
  readonly batch?: number
  /** Milliseconds until a session took it for the first time. */
  readonly queuedMs?: number
  /** What computed it in the end. */
  readonly device?: Device
  /** Devices that failed at it before, by their own fault. */
  readonly failedOver?: readonly FailedAttempt[]
}

/** What a pool or a session logs. */
export type SessionLogCode =
  'ACL_MEMORY_ABANDONED' | 'ACL_THREAD_ABANDONED' | 'RUN_RETRIED' | 'SESSION_LOST' | 'SESSION_NOT_REPLACED'

/** Something that went wrong or should be known, and that no caller's promise tells of. */
export interface LogMessage {
  /** `error`: something stays lost; `warn`: the work goes on. */
  readonly level: 'warn' | 'error'
  /** Stable; `aasist explain CODE` says more. */
  readonly code: string
  /** One sentence for people. */
  readonly message: string
  /** The device it is about. */
  readonly device?: Device
  /** The file it is about. */
  readonly file?: string
  /** The code of the error behind it. */
  readonly cause?: string
}

type Filling<Message> = { -readonly [Key in keyof Message]: Message[Key] }
type Channel<Message extends object> = TracingChannel<unknown, Filling<Message>>

/** Asked by who would tell, before anything is made or another function is called. */
export const sessionRuns: Channel<SessionRunMessage> = tracingChannel(sessionChannels.sessionRun)
export const poolRuns: Channel<PoolRunMessage> = tracingChannel(sessionChannels.poolRun)
const logged = channel(sessionChannels.log)

/** The message is made only where somebody listens. */
export function log(message: () => LogMessage): void {
  if (logged.hasSubscribers) logged.publish(message())
}

/** A warning of the process too: it is about what no caller waits for, and not everybody listens. */
export function warn(code: SessionLogCode, message: string): void {
  process.emitWarning(message, { code })
  log(() => ({ level: 'warn', code, message }))
}

/** As `tracePromise` of the channel, but without `result`: subscribers print messages, and must not print somebody's data. */
export async function traced<Message extends TracedFailure, Result>(
  calls: Channel<Message>,
  message: Filling<Message>,
  work: () => Promise<Result>,
): Promise<Result> {
  let outcome: { readonly result: Result } | undefined
  await calls.tracePromise(async () => {
    try {
      outcome = { result: await work() }
    } catch (error) {
      const code = errorCode(error)
      if (code !== undefined) Object.assign(message, { code })
      throw error
    }
  }, message)
  return outcome!.result
}

interface Shaped {
  readonly dims: readonly number[]
}

/** Fills in the message of one run of a session. */
export class ObservedRun {
  readonly message: Filling<SessionRunMessage>
  readonly #beganAtMs = Number(process.hrtime.bigint()) / 1e6

  constructor(device: Device) {
    this.message = { device }
  }

  takes(inputs: readonly Shaped[]): void {
    Object.assign(this.message, batchOf(inputs))
  }

  took({ queueMs, copyInMs, executeMs, copyOutMs, executeAtMs }: StageTimes): void {
    this.message.queuedMs = queueMs ?? Math.max(0, executeAtMs - this.#beganAtMs)
    if (copyInMs !== undefined && copyOutMs !== undefined) this.message.copyMs = copyInMs + copyOutMs
    this.message.executingMs = executeMs
  }
}

export function observeRun(
  device: Device,
  work: (observed: ObservedRun) => Promise<Outputs>,
): Promise<Outputs> {
  const observed = new ObservedRun(device)
  return traced(sessionRuns, observed.message, () => work(observed))
}

/** Fills in the message of one run of a pool, and keeps the context it was called in for what is done later. */
export class ObservedPoolRun {
  readonly message: Filling<PoolRunMessage> = {}
  readonly #acceptedAtMs = performance.now()
  #caller: AsyncResource | undefined

  takes(inputs: readonly Shaped[]): void {
    // Made inside of the traced call: a subscriber's store, such as a span, is there by now.
    this.#caller = new AsyncResource('AasistPoolRun')
    Object.assign(this.message, batchOf(inputs))
  }

  /** Most runs begin when another one ends, which is another caller's: whoever traces must not take it for theirs. */
  begin(compute: () => void): void {
    this.message.queuedMs ??= performance.now() - this.#acceptedAtMs
    this.#caller?.runInAsyncScope(compute)
  }
}

/** What a pool knows of a run when it has ended. */
interface RunHistory {
  deviceOf(outputs: Outputs): Device | undefined
  failedAttempts(outcome: Outputs | Error): readonly FailedAttempt[]
}

export function observePoolRun(
  history: RunHistory,
  work: (observed: ObservedPoolRun) => Promise<Outputs>,
): Promise<Outputs> {
  const observed = new ObservedPoolRun()
  const { message } = observed
  return traced(poolRuns, message, async () => {
    try {
      const outputs = await work(observed)
      const device = history.deviceOf(outputs)
      if (device !== undefined) message.device = device
      message.failedOver = history.failedAttempts(outputs)
      return outputs
    } catch (error) {
      message.failedOver = error instanceof Error ? history.failedAttempts(error) : []
      throw error
    }
  })
}

function batchOf([first]: readonly Shaped[]): { readonly batch?: number } {
  const batch = first?.dims[0]
  return batch === undefined ? {} : { batch }
}
