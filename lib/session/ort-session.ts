import { ArgumentTypeError, ModelError, SessionError } from '../errors'
import { untilAborted } from '../abort-listeners'
import { checkRunOptions } from './arguments'
import { observeRun, sessionRuns } from './diagnostics'
import type { ObservedRun } from './diagnostics'
import { checkFeeds, checkFetches } from './feeds'
import { checkModelSource } from './model-source'
import { onnxruntimeMissing } from './ort-package'
import { checkOrtOptions } from './ort-options'
import type { OrtSessionOptions, OrtSettings } from './ort-options'
import type { Reply, Transport } from './ort-protocol'
import { disableTelemetry } from './ort-telemetry'
import { packFeeds, unpackTensors } from './packed-tensor'
import type { PackedWork } from './packed-tensor'
import { PendingRun } from './pending-run'
import type { GaveUp } from './pending-run'
import { startProcess } from './process-transport'
import type { Device, RunOptions, Session, SessionStats } from './session'
import { RunRecorder } from './session-stats'
import type { Feeds, Outputs, TensorMetadata } from './tensor'
import { startThread } from './thread-transport'

/** One run computes and the next one's input is already there, so the worker never waits for this event loop. */
const IN_WORKER = 2

interface Loaded {
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
}

/** What `load` started: only with one of these there is a session. */
const loadedHere = new WeakSet<Transport>()
const notByNew = 'an OrtSession is not made with new: use await OrtSession.create(model, options)'

function unusable(reply: Extract<Reply, { kind: 'unusable' }>): Error {
  if (reply.code === 'CPU_BACKEND_MISSING') return onnxruntimeMissing('running on the CPU', reply)
  const { code, reason } = reply
  return new ModelError(code, `onnxruntime cannot use the model: ${reason}`, { reason })
}

function adviceFor(how: string): string {
  return how.includes('EMFILE')
    ? '; this process has as many files open as it may: raise the limit (ulimit -n) or open fewer sessions'
    : ''
}

/** Starts a worker and waits until it has loaded the model. Whatever goes wrong, no worker stays behind. */
async function load(model: string | ArrayBuffer, settings: OrtSettings): Promise<[Transport, Loaded]> {
  const { threads, graphOptimization, memory, isolation, signal } = settings
  disableTelemetry()
  const transport = isolation === 'thread' ? startThread(settings) : startProcess()
  const loaded = new Promise<Loaded>((resolveLoaded, reject) => {
    transport.listen(reply => {
      if (reply.kind === 'ready') resolveLoaded(reply)
      if (reply.kind === 'unusable') reject(unusable(reply))
    })
    void transport.ended.then(how =>
      reject(new SessionError('SESSION_FAULTED', `the worker could not load: ${how}${adviceFor(how)}`)),
    )
  })
  transport.post({ kind: 'load', model, threads, graphOptimization, memory })
  try {
    const outcome = await untilAborted(loaded, signal)
    loadedHere.add(transport)
    return [transport, outcome]
  } catch (error) {
    transport.post({ kind: 'close' })
    transport.kill?.()
    // Loading cannot be interrupted in a thread. After an abort nobody waits for it: it leaves when it is through.
    if (signal?.aborted === true) transport.setKeepAlive('not needed')
    else await transport.ended
    throw error
  }
}

/**
 * A session on the CPU: onnxruntime in a worker_thread or a child process of its own, so the caller's event loop stays
 * free and every way of ending the process is safe, also while a run is in progress.
 */
export class OrtSession implements Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  readonly inputMetadata: readonly TensorMetadata[]
  readonly outputMetadata: readonly TensorMetadata[]
  readonly device: Device
  readonly isolation: 'thread' | 'process'
  readonly #transport: Transport
  readonly #queueLimit: number
  readonly #recorder: RunRecorder
  readonly #waiting: PendingRun<PackedWork>[] = []
  /** In the worker, in its order: the first one is being computed. */
  readonly #inWorker: PendingRun<PackedWork>[] = []
  #fault: string | undefined
  #released: Promise<void> | undefined
  #onDrained: (() => void) | undefined
  #closing = false

  private constructor(
    transport: Transport,
    loaded: Loaded,
    settings: OrtSettings,
    recorder: RunRecorder,
    reason?: string,
  ) {
    if (!loadedHere.has(transport)) throw new ArgumentTypeError(notByNew)
    this.inputMetadata = loaded.inputs
    this.outputMetadata = loaded.outputs
    this.inputNames = loaded.inputs.map(({ name }) => name)
    this.outputNames = loaded.outputs.map(({ name }) => name)
    this.device = { kind: 'cpu', threads: settings.threads, ...(reason !== undefined && { reason }) }
    this.isolation = settings.isolation
    this.#queueLimit = settings.queueLimit
    this.#recorder = recorder
    this.#transport = transport
    transport.listen(reply => this.#onReply(reply))
    transport.setKeepAlive('not needed')
    void transport.ended.then(how => this.#onEnded(how))
  }

  /**
   * Loads an ONNX model from a file (external weights beside it are found) or from its bytes, which are copied.
   *
   * @throws ModelError `MODEL_NOT_FOUND`, `MODEL_INVALID`; SessionError `CPU_BACKEND_MISSING` when onnxruntime-node is
   * not installed, `SESSION_FAULTED` when the worker died; ArgumentTypeError and ArgumentRangeError
   * `INVALID_ARGUMENT`, `UNKNOWN_OPTION`
   * @example
   * ```ts
   * await using session = await OrtSession.create('model.onnx', { threads: 1 })
   * ```
   */
  static async create(onnx: string | Uint8Array, options: OrtSessionOptions = {}): Promise<OrtSession> {
    return OrtSession.open(onnx, options, new RunRecorder())
  }

  /**
   * @internal `create` for a pool, which gathers the times of its sessions, and where `auto` found no NPU for a `reason`.
   */
  static async open(
    model: unknown,
    options: OrtSessionOptions,
    recorder: RunRecorder,
    reason?: string,
  ): Promise<OrtSession> {
    const settings = checkOrtOptions(options)
    settings.signal?.throwIfAborted()
    const checked = await checkModelSource(model, '.onnx')
    settings.signal?.throwIfAborted()
    const [transport, loaded] = await load(typeof checked === 'string' ? checked : checked.buffer, settings)
    return new OrtSession(transport, loaded, settings, recorder, reason)
  }

  async run(feeds: Feeds, fetches?: readonly string[], options?: RunOptions): Promise<Outputs> {
    if (!sessionRuns.hasSubscribers) return this.#run(feeds, fetches, options)
    return observeRun(this.device, observed => this.#run(feeds, fetches, options, observed))
  }

  stats(): SessionStats {
    const state = this.#fault !== undefined ? 'faulted' : this.#released !== undefined ? 'released' : 'ready'
    return this.#recorder.snapshot({
      state,
      queued: this.#queued(),
      running: Math.min(1, this.#inWorker.length),
    })
  }

  async release(): Promise<void> {
    this.#released ??= this.#release()
    return this.#released
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  async #run(
    feeds: Feeds,
    fetches: readonly string[] | undefined,
    options: RunOptions | undefined,
    observed?: ObservedRun,
  ): Promise<Outputs> {
    this.#assertUsable()
    const runOptions = checkRunOptions(options)
    const outputs = checkFetches(fetches, this.outputNames)
    const inputs = checkFeeds(feeds, this.inputMetadata)
    observed?.takes(inputs)
    runOptions.signal?.throwIfAborted()
    if (this.#inWorker.length > 0 && this.#queued() >= this.#queueLimit) {
      throw new SessionError(
        'QUEUE_FULL',
        `${this.#queued()} runs are waiting, as many as queueLimit allows; wait for some of them, or raise it`,
        { queueLimit: this.#queueLimit },
      )
    }
    const run = new PendingRun({
      work: { feeds: packFeeds(inputs), fetches: outputs },
      options: runOptions,
      recorder: this.#recorder,
      observed,
      onGiveUp: (given, why) => this.#onGiveUp(given, why),
    })
    this.#waiting.push(run)
    this.#pump()
    return run.promise
  }

  #assertUsable(): void {
    if (this.#fault !== undefined) throw this.#faulted('not started')
    if (this.#released !== undefined) {
      throw new SessionError('SESSION_RELEASED', 'the session has been released; create another one')
    }
  }

  #faulted(began: 'started' | 'not started'): SessionError {
    return new SessionError(
      'SESSION_FAULTED',
      `the session can no longer be used: ${this.#fault ?? 'unknown reason'}; create another one`,
      { reason: this.#fault, started: began === 'started' },
    )
  }

  #queued(): number {
    const inWorker = this.#inWorker.slice(1).filter(run => run.waitedFor).length
    return this.#waiting.length + inWorker
  }

  #pump(): void {
    while (this.#inWorker.length < IN_WORKER && this.#waiting.length > 0) {
      const run = this.#waiting.shift()!
      this.#inWorker.push(run)
      this.#transport.post({ kind: 'run', id: run.id, ...run.work })
    }
    if (this.#inWorker.length === 0) this.#onDrained?.()
    const needed = this.#onDrained !== undefined || this.#inWorker.some(run => run.waitedFor)
    this.#transport.setKeepAlive(needed ? 'needed' : 'not needed')
  }

  #onReply(reply: Reply): void {
    if (reply.kind !== 'result' && reply.kind !== 'failure' && reply.kind !== 'dropped') return
    const index = this.#inWorker.findIndex(run => run.id === reply.id)
    if (index < 0) return
    const [run] = this.#inWorker.splice(index, 1)
    run!.forget()
    if (reply.kind === 'result') {
      run!.took({ executeMs: reply.executeMs, executeAtMs: reply.executeAtMs })
      run!.succeed(unpackTensors(reply.outputs))
    }
    if (reply.kind === 'failure') {
      run!.fail(
        new SessionError('RUN_FAILED', `onnxruntime could not run the model: ${reply.reason}`, {
          reason: reply.reason,
        }),
      )
    }
    this.#pump()
  }

  #onGiveUp(run: PendingRun<PackedWork>, why: GaveUp): void {
    const index = this.#waiting.indexOf(run)
    if (index >= 0) {
      this.#waiting.splice(index, 1)
      run.forget()
    } else if (run !== this.#inWorker[0]) {
      this.#transport.post({ kind: 'drop', id: run.id })
    } else if (why === 'timed out' && this.#transport.kill !== undefined) {
      this.#breakDown('a run went past its timeoutMs, and its process was killed')
      this.#transport.kill()
    }
    this.#pump()
  }

  #onEnded(how: string): void {
    if (!this.#closing && this.#fault === undefined) this.#breakDown(how)
    this.#onDrained?.()
  }

  #breakDown(reason: string): void {
    this.#fault = reason
    const [running, ...others] = this.#inWorker.splice(0)
    running?.fail(this.#faulted('started'))
    running?.forget()
    for (const run of [...others, ...this.#waiting.splice(0)]) {
      run.fail(this.#faulted('not started'))
      run.forget()
    }
  }

  async #release(): Promise<void> {
    if (this.#fault === undefined) {
      const refused = [...this.#waiting.splice(0), ...this.#inWorker.slice(1)]
      for (const run of refused) {
        run.fail(new SessionError('SESSION_RELEASED', 'the session was released before this run began'))
        run.forget()
        this.#transport.post({ kind: 'drop', id: run.id })
      }
      await new Promise<void>(resolveDrained => {
        this.#onDrained = resolveDrained
        this.#pump()
      })
      this.#closing = true
      this.#transport.post({ kind: 'close' })
    }
    this.#transport.setKeepAlive('needed')
    await this.#transport.ended
    this.#recorder.close()
  }
}
