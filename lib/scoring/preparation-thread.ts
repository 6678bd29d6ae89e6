/** One thread that prepares, from its caller's side. */
import { Worker } from 'node:worker_threads'
import { endsWithin } from '../session/ends-within'
import { LeaveSign } from './leave-sign'
import { fileBeside, sourceFlags } from '../file-beside'
import { ArgumentTypeError, deserializeError, SessionError, type SerializedError } from '../errors'
import { unexpectedFailure, type PreparationResults, type PreparationTask } from './preparation'

/** What the worker is asked. */
export interface PreparationRequest {
  readonly id: number
  readonly task: PreparationTask
  readonly memory: ArrayBuffer | undefined
}

/** What the worker answers. */
export type PreparationReply =
  | {
      readonly id: number
      readonly value: PreparationResults[keyof PreparationResults]
      /** Milliseconds of work, without the time it waited. */
      readonly workMs: number
    }
  | { readonly id: number; readonly error: SerializedError }

/** Instead of a request: the worker goes, its {@link LeaveSign} being set. */
export type Leave = 'leave'

/**
 * For the file it is at; a disk that takes longer leaves one open, and nobody waits for it longer than for a run that
 * hangs.
 */
const leaveWithinMs = 30_000

export interface PendingTask {
  readonly task: PreparationTask
  readonly resolve: (value: PreparationResults[keyof PreparationResults], workMs: number) => void
  readonly reject: (error: unknown) => void
}

const workerFile = fileBeside(__filename, 'preparation-worker')
/**
 * A clip leaves a megabyte of short-lived garbage. Collected in the 48 MB that a thread takes for it by default, memory
 * grows for 20,000 clips (bench/scale.ts: 287 MB instead of 241).
 */
const resourceLimits = { maxYoungGenerationSizeMb: 12 }

export class PreparationThread {
  #worker: Worker | undefined
  #sign = new LeaveSign()
  #released: Promise<void> | undefined
  /** In the order they were sent, which is the order they are worked on. */
  readonly #pending = new Map<number, PendingTask>()
  #serial = 0

  /** Tasks sent and not answered. */
  get load(): number {
    return this.#pending.size
  }

  /**
   * Throws what cannot be posted, such as a detached buffer, and then has done nothing. `memory` is given away with it,
   * for a clip's window.
   */
  send(pending: PendingTask, memory?: ArrayBuffer): void {
    const id = this.#serial++
    const worker = (this.#worker ??= this.#start())
    const request: PreparationRequest = { id, task: pending.task, memory }
    worker.postMessage(request, memory === undefined ? [] : [memory])
    this.#pending.set(id, pending)
    worker.ref()
  }

  /** May be called again, and ends when the first call does. */
  release(): Promise<void> {
    return (this.#released ??= this.#end())
  }

  async #end(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    for (const { reject } of this.#pending.values()) {
      reject(new SessionError('SESSION_RELEASED', 'the detector was released before this clip was decoded'))
    }
    this.#pending.clear()
    if (worker === undefined) return
    const gone = new Promise<void>(resolve => worker.once('exit', () => resolve()))
    worker.ref()
    if (this.#sign.set() === 'with a file') {
      worker.postMessage('leave' satisfies Leave)
      if (await endsWithin(gone, leaveWithinMs)) return
    }
    await worker.terminate()
  }

  #start(): Worker {
    this.#sign = new LeaveSign()
    const worker = new Worker(workerFile, {
      workerData: this.#sign.memory,
      execArgv: [...sourceFlags],
      stdout: true,
      stderr: true,
      resourceLimits,
    })
    worker.unref()
    worker.on('message', (reply: PreparationReply) => {
      // Released meanwhile: letting go of it now would end the process before it is known to have ended.
      if (this.#worker !== worker) return
      const pending = this.#pending.get(reply.id)
      this.#pending.delete(reply.id)
      if (this.#pending.size === 0) worker.unref()
      if ('error' in reply) pending?.reject(deserializeError(reply.error))
      else pending?.resolve(reply.value, reply.workMs)
    })
    worker.on('error', error => this.#onDeath(worker, error))
    worker.on('exit', code => this.#onDeath(worker, new Error(`its thread ended with exit code ${code}`)))
    return worker
  }

  #sendAgain(pending: PendingTask): void {
    try {
      this.send(pending)
    } catch (error) {
      // Its caller has handed the memory to somebody else meanwhile.
      pending.reject(cannotBePosted(error))
    }
  }

  /** The task that was being worked on is lost, most likely out of memory; the others go to a new worker. */
  #onDeath(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const [lost, ...others] = [...this.#pending.values()]
    this.#pending.clear()
    lost?.reject(unexpectedFailure(lost.task, cause))
    for (const other of others) this.#sendAgain(other)
  }
}

/** Says what is wrong with a clip whose memory is not its own any more. */
export function cannotBePosted(error: unknown): unknown {
  return error instanceof Error && error.name === 'DataCloneError'
    ? new ArgumentTypeError(`the clip cannot be handed over: ${error.message}; is its buffer detached?`)
    : error
}
