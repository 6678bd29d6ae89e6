/** Runs preparation tasks on a thread of their own, so that the caller's event loop stays free. */
import { Worker } from 'node:worker_threads'
import { deserializeError, SessionError, type SerializedError } from '../errors'
import { onAbort } from '../session/abort-listeners'
import { unexpectedFailure, type PreparationResults, type PreparationTask } from './preparation'

/** @internal What the worker answers. */
export type PreparationReply =
  | { readonly id: number; readonly value: PreparationResults[keyof PreparationResults] }
  | { readonly id: number; readonly error: SerializedError }

interface Pending {
  readonly task: PreparationTask
  readonly resolve: (value: PreparationResults[keyof PreparationResults]) => void
  readonly reject: (error: unknown) => void
}

const workerFile = require.resolve('./preparation-worker')
/** Sources run through tsx, whose hooks a new thread does not inherit; compiled code needs none. */
const execArgv = workerFile.endsWith('.ts') ? ['--require', require.resolve('tsx/cjs')] : []

/**
 * One thread, started with the first task. Decoding takes 2 % of the time of scoring, so one feeds dozens of sessions.
 * An idle one never keeps the process alive.
 */
export class Preparer {
  #worker: Worker | undefined
  /** In the order they were sent, which is the order they are worked on. */
  readonly #pending = new Map<number, Pending>()
  #serial = 0
  #released = false

  prepare<Kind extends PreparationTask['kind']>(
    task: Extract<PreparationTask, { kind: Kind }>,
    signal?: AbortSignal,
  ): Promise<PreparationResults[Kind]> {
    return new Promise((resolve, reject) => {
      if (this.#released) {
        throw new SessionError('SESSION_RELEASED', 'the detector has been released; load another one')
      }
      signal?.throwIfAborted()
      const id = this.#serial++
      // A task in the worker cannot be stopped; its result is dropped.
      const unsubscribe = signal && onAbort(signal, () => reject(signal.reason))
      this.#send(id, {
        task: compactTask(task),
        resolve: value => {
          unsubscribe?.()
          resolve(value as PreparationResults[Kind])
        },
        reject: error => {
          unsubscribe?.()
          reject(error)
        },
      })
    })
  }

  async release(): Promise<void> {
    this.#released = true
    const worker = this.#worker
    this.#worker = undefined
    for (const { reject } of this.#pending.values()) {
      reject(new SessionError('SESSION_RELEASED', 'the detector was released before this clip was decoded'))
    }
    this.#pending.clear()
    await worker?.terminate()
  }

  #send(id: number, pending: Pending): void {
    this.#pending.set(id, pending)
    const worker = (this.#worker ??= this.#start())
    worker.ref()
    worker.postMessage({ id, task: pending.task })
  }

  #start(): Worker {
    const worker = new Worker(workerFile, { execArgv, stdout: true, stderr: true })
    worker.on('message', (reply: PreparationReply) => {
      const pending = this.#pending.get(reply.id)
      this.#pending.delete(reply.id)
      if (this.#pending.size === 0) worker.unref()
      if ('error' in reply) pending?.reject(deserializeError(reply.error))
      else pending?.resolve(reply.value)
    })
    worker.on('error', error => this.#onDeath(worker, error))
    worker.on('exit', code => this.#onDeath(worker, new Error(`its thread ended with exit code ${code}`)))
    return worker
  }

  /** The task that was being worked on is lost, most likely out of memory; the others go to a new thread. */
  #onDeath(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const [first, ...rest] = [...this.#pending]
    this.#pending.clear()
    first?.[1].reject(unexpectedFailure(first[1].task, cause))
    for (const [id, pending] of rest) this.#send(id, pending)
  }
}

/** Posting a view of a long recording would copy all of the recording. */
function compactTask(task: PreparationTask): PreparationTask {
  if (task.kind === 'model') return { ...task, checkpoint: compact(task.checkpoint) }
  const { source } = task
  switch (source.kind) {
    case 'path':
      return task
    case 'bytes':
      return { ...task, source: { ...source, bytes: compact(source.bytes) } }
    case 'samples':
      return { ...task, source: { ...source, samples: compact(source.samples) } }
  }
}

function compact(view: Uint8Array): Uint8Array
function compact(view: Float32Array): Float32Array
function compact(view: Uint8Array | Float32Array): Uint8Array | Float32Array {
  if (view.byteLength === view.buffer.byteLength) return view
  return view instanceof Float32Array ? Float32Array.from(view) : Uint8Array.from(view)
}
