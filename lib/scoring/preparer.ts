/** Runs preparation tasks on threads of their own, so that the caller's event loop stays free. */
import { onAbort } from '../abort-listeners'
import { SessionError } from '../errors'
import type { Device, TimeSummary } from '../session'
import { usableCpus } from '../session/cpu-count'
import { TimeRecorder } from '../session/time-recorder'
import type { PreparationResults, PreparationTask } from './preparation'
import { cannotBePosted, PreparationThread, type PendingTask } from './preparation-thread'

/**
 * Decoding takes 2 % of the time of scoring on a CPU, so one thread feeds dozens of sessions; converting the sample rate
 * takes as long as scoring, so then there must be as many threads as sessions. Hence a thread more only while all are
 * behind.
 */
const behind = 2
/** Each thread that converts sample rates keeps 26 MB. */
const mostThreads = 8

/** As many windows as eight NPUs with two sessions have on their way, and 4 MB of AASIST's. */
const mostSpares = 16

/** What the threads did for clips that came to a window. */
export interface PreparationStats {
  /** Threads running now; they are started as they are needed. */
  readonly threads: number
  /** Reading, decoding and cutting one clip to its window, in its thread; null before the first. */
  readonly workMs: TimeSummary | null
  /** Waiting for a thread, and the way there and back. */
  readonly waitMs: TimeSummary | null
}

/** Threads are started as they are needed. Idle ones never keep the process alive. */
export class Preparer {
  readonly #threads = new Set<PreparationThread>()
  /** Each of one conversion, which leaves 35 MB in its thread for as long as that lives. */
  readonly #converting = new Set<PreparationThread>()
  readonly #leaving = new Set<Promise<void>>()
  /** Memory of windows that have their score. */
  readonly #spares: ArrayBuffer[] = []
  #limit = 1
  #released = false
  readonly #workTimes = new TimeRecorder()
  readonly #waitTimes = new TimeRecorder()

  /**
   * CPU sessions need no more threads than they are, because they compute at least as long as anything takes here. NPUs
   * can be faster than one thread decodes (2 ms): they are fed by as many as there are CPUs.
   */
  feed({ sessions, devices }: { readonly sessions: number; readonly devices: readonly Device[] }): void {
    const isOnNpus = devices.some(({ kind }) => kind === 'npu')
    this.#limit = Math.min(isOnNpus ? Math.max(sessions, usableCpus()) : sessions, mostThreads)
  }

  prepare<Kind extends PreparationTask['kind']>(
    task: Extract<PreparationTask, { kind: Kind }>,
    signal?: AbortSignal,
  ): Promise<PreparationResults[Kind]> {
    return new Promise((resolve, reject) => {
      if (this.#released) {
        throw new SessionError('SESSION_RELEASED', 'the detector has been released; load another one')
      }
      signal?.throwIfAborted()
      const sentAtMs = performance.now()
      const thread = task.kind === 'clip' ? this.#nextThread() : this.#threadOfItsOwn()
      // A clip among others in a thread cannot be stopped; its result is dropped.
      const unsubscribe =
        signal &&
        onAbort(signal, () => {
          reject(signal.reason)
          this.#letGo(thread)
        })
      try {
        const pending: PendingTask = {
          task: compactTask(task),
          resolve: (value, workMs) => {
            unsubscribe?.()
            this.#letGo(thread)
            if (task.kind === 'clip') {
              this.#workTimes.record(workMs)
              this.#waitTimes.record(performance.now() - sentAtMs - workMs)
            }
            resolve(value as PreparationResults[Kind])
          },
          reject: error => {
            unsubscribe?.()
            this.#letGo(thread)
            reject(error)
          },
        }
        thread.send(pending, this.#memoryFor(pending.task))
      } catch (error) {
        unsubscribe?.()
        this.#letGo(thread)
        throw cannotBePosted(error)
      }
    })
  }

  /**
   * Takes a window that nobody reads any more: the next clip is put into its memory. V8 collects by what such arrays
   * leave outside of its heap, and the more often, the more lives in it: with 71,237 utterances a fifth of a clip's time.
   */
  recycle({ buffer, byteLength }: Float32Array<ArrayBuffer>): void {
    // One that was handed to a thread with its memory is empty.
    const isWhole = byteLength > 0 && byteLength === buffer.byteLength
    if (isWhole && this.#spares.length < mostSpares) this.#spares.push(buffer)
  }

  #memoryFor(task: PreparationTask): ArrayBuffer | undefined {
    if (task.kind !== 'clip') return undefined
    const spare = this.#spares.pop()
    const needed = task.options.windowSamples * Float32Array.BYTES_PER_ELEMENT
    return spare?.byteLength === needed ? spare : undefined
  }

  stats(): PreparationStats {
    return {
      threads: this.#threads.size + this.#converting.size + this.#leaving.size,
      workMs: this.#workTimes.summary(),
      waitMs: this.#waitTimes.summary(),
    }
  }

  async release(): Promise<void> {
    this.#released = true
    for (const thread of this.#converting) this.#letGo(thread)
    await Promise.all([...[...this.#threads].map(thread => thread.release()), ...this.#leaving])
    this.#threads.clear()
    this.#workTimes.close()
    this.#waitTimes.close()
  }

  #threadOfItsOwn(): PreparationThread {
    const started = new PreparationThread()
    this.#converting.add(started)
    return started
  }

  /** One that decodes stays. */
  #letGo(thread: PreparationThread): void {
    if (!this.#converting.delete(thread)) return
    const gone = thread.release()
    this.#leaving.add(gone)
    void gone.then(() => this.#leaving.delete(gone))
  }

  #nextThread(): PreparationThread {
    let freest: PreparationThread | undefined
    for (const thread of this.#threads) if (freest === undefined || thread.load < freest.load) freest = thread
    if (freest !== undefined && (freest.load < behind || this.#threads.size >= this.#limit)) return freest
    const started = new PreparationThread()
    this.#threads.add(started)
    return started
  }
}

/** Posting a view of a long recording would copy all of the recording. */
function compactTask(task: PreparationTask): PreparationTask {
  if (task.kind === 'model') return { ...task, checkpoint: compact(task.checkpoint) }
  if (task.kind === 'rewriting') return { ...task, onnx: compact(task.onnx) }
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
