/** A recording's samples, decoded on a thread of their own and no faster than they are taken. */
import { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { untilAborted } from '../../abort-listeners'
import { ArgumentTypeError, deserializeError, SessionError } from '../../errors'
import { fileBeside, sourceFlags } from '../../file-beside'
import { endsWithin } from '../../session/ends-within'
import type { RecordingJob, RecordingReply, RecordingRequest } from './recording-protocol'

const workerFile = fileBeside(__filename, 'recording-worker')
/** As for clips: what is decoded is garbage soon. */
const resourceLimits = { maxYoungGenerationSizeMb: 12 }
const leaveWithinMs = 2000

/** `bytes`: of a recording that is no file. Leaving the loop ends the thread. */
export async function* readRecording(
  job: RecordingJob,
  bytes: AsyncIterable<Uint8Array> | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Float32Array<ArrayBuffer>[], void, undefined> {
  const thread = new RecordingThread(job, bytes)
  try {
    for (;;) {
      const reply = await untilAborted(thread.next(), signal)
      if (reply.kind === 'failure') throw deserializeError(reply.error)
      if (reply.kind === 'end') return
      if (reply.kind === 'samples') yield reply.channels
    }
  } finally {
    await thread.leave()
  }
}

class RecordingThread {
  readonly #worker: Worker
  readonly #stream: AsyncIterable<Uint8Array> | null
  readonly #bytes: AsyncIterator<Uint8Array> | undefined
  readonly #exited: Promise<void>
  #answer:
    | { readonly resolve: (reply: RecordingReply) => void; readonly reject: (error: unknown) => void }
    | undefined
  #death: Error | undefined
  #isLeaving = false

  constructor(job: RecordingJob, bytes: AsyncIterable<Uint8Array> | null) {
    this.#stream = bytes
    this.#bytes = bytes?.[Symbol.asyncIterator]()
    this.#worker = new Worker(workerFile, {
      workerData: job,
      execArgv: [...sourceFlags],
      stdout: true,
      stderr: true,
      resourceLimits,
    })
    this.#exited = new Promise(resolve => this.#worker.once('exit', () => resolve()))
    this.#worker.on('message', (reply: RecordingReply) => {
      if (reply.kind === 'bytes wanted') void this.#handOn()
      else this.#answer?.resolve(reply)
    })
    this.#worker.on('error', error => this.#die(error))
    this.#worker.on('exit', code => this.#die(new Error(`its thread ended with exit code ${code}`)))
  }

  next(): Promise<RecordingReply> {
    return new Promise((resolve, reject) => {
      if (this.#death !== undefined) {
        reject(brokeDown(this.#death))
        return
      }
      this.#answer = { resolve, reject }
      this.#post({ kind: 'next' })
    })
  }

  async leave(): Promise<void> {
    this.#isLeaving = true
    this.#answer = undefined
    this.#post({ kind: 'leave' })
    // A source that has not answered cannot be waited for: it may never answer.
    void Promise.resolve(this.#bytes?.return?.()).catch(() => undefined)
    // Its iterator would close it only after the next chunk.
    if (this.#stream instanceof Readable) this.#stream.destroy()
    if (!(await endsWithin(this.#exited, leaveWithinMs))) await this.#worker.terminate()
  }

  async #handOn(): Promise<void> {
    try {
      const next = await this.#bytes!.next()
      if (this.#isLeaving) return
      if (next.done === true) {
        this.#post({ kind: 'no more bytes' })
        return
      }
      const chunk: unknown = next.value
      // Anything iterable would become bytes of some sort: texts zeros, numbers what is left of them.
      if (!(chunk instanceof Uint8Array)) throw notBytes(chunk)
      // A copy: what callers pass on is theirs, and may be part of a pool.
      this.#post({ kind: 'bytes', bytes: Uint8Array.from(chunk) })
    } catch (error) {
      this.#answer?.reject(error)
    }
  }

  #post(request: RecordingRequest): void {
    this.#worker.postMessage(request)
  }

  #die(cause: Error): void {
    this.#death ??= cause
    this.#answer?.reject(brokeDown(cause))
  }
}

function notBytes(chunk: unknown): ArgumentTypeError {
  const found = typeof chunk === 'object' && chunk !== null ? chunk.constructor.name : typeof chunk
  return new ArgumentTypeError(
    `the recording gave a ${found}; expected bytes (Buffer, Uint8Array): a stream without an encoding, or the bytes of samples`,
  )
}

function brokeDown(cause: Error): SessionError {
  const reason = String(cause)
  return new SessionError(
    'PREPARATION_FAILED',
    `decoding the recording broke down: ${reason}; try again`,
    { reason },
    { cause },
  )
}
