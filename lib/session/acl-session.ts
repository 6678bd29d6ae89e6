import { isUint8Array } from 'node:util/types'
import { ArgumentTypeError, ModelError, SessionError, errorCode, errorMessage } from '../errors'
import { runError } from './acl-errors'
import { chooseGear } from './acl-model'
import { endsWithin } from './ends-within'
import { isOpened, openModel } from './acl-open'
import type { Opened } from './acl-open'
import { checkAclOptions } from './acl-options'
import type { AclSessionOptions, AclSettings } from './acl-options'
import { checkRunOptions } from './arguments'
import type { NativeDims, NativeEvent, NativeModel, NativeSession } from './binding'
import { CompletionPoller } from './completion-poller'
import { observeRun, sessionRuns, warn } from './diagnostics'
import type { ObservedRun } from './diagnostics'
import { checkFeeds, checkFetches } from './feeds'
import type { CheckedTensor } from './feeds'
import { checkModelBytes, checkModelSource } from './model-source'
import { unpackTensor } from './packed-tensor'
import { PendingRun, nextRunId } from './pending-run'
import type { GaveUp } from './pending-run'
import type { Device, RunOptions, Session, SessionStats } from './session'
import { RunRecorder } from './session-stats'
import type { Feeds, Outputs, TensorMetadata } from './tensor'

/** How long a copy to the device may go on after its run was given up: time for gigabytes. */
const COPY_WAIT_MS = 500

interface Work {
  readonly gear: number
  /** Indices of the wanted outputs. */
  readonly fetches: readonly number[]
}

function isThere(data: ArrayBuffer | undefined): data is ArrayBuffer {
  return data !== undefined
}

/**
 * A session on an Ascend NPU: an offline model (`.om`) behind AscendCL, on threads of its own. While a run computes,
 * the inputs of the next one are copied to the device and the results of the one before are copied back.
 */
export class AclSession implements Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  readonly inputMetadata: readonly TensorMetadata[]
  readonly outputMetadata: readonly TensorMetadata[]
  readonly device: Device
  /** The shapes of all inputs in each gear of the model; none for a model without gears. */
  readonly gears: readonly (readonly (readonly number[])[])[]
  readonly #native: NativeSession
  readonly #model: NativeModel
  readonly #closed: Promise<void>
  readonly #queueLimit: number
  readonly #exitWaitMs: number
  readonly #deviceId: number
  readonly #recorder: RunRecorder
  readonly #poller: CompletionPoller
  /** Given to the native side and not back yet, in order. The first one is being computed. */
  readonly #open: PendingRun<Work>[] = []
  #fault: string | undefined
  #released: Promise<void> | undefined
  #onDrained: (() => void) | undefined

  private constructor(opened: Opened, settings: AclSettings, recorder: RunRecorder) {
    if (!isOpened(opened)) {
      throw new ArgumentTypeError(
        'an AclSession is not made with new: use await AclSession.create(model, options)',
      )
    }
    const { native, model, description, closed } = opened
    this.inputMetadata = description.inputs
    this.outputMetadata = description.outputs
    this.inputNames = description.inputs.map(({ name }) => name)
    this.outputNames = description.outputs.map(({ name }) => name)
    this.device = { kind: 'npu', id: settings.device, socName: model.socName }
    this.gears = model.gears.map(({ inputs }) => inputs.map(dims => [...dims]))
    this.#native = native
    this.#model = model
    this.#closed = closed
    this.#queueLimit = settings.queueLimit
    this.#exitWaitMs = settings.exitWaitMs
    this.#deviceId = settings.device
    this.#recorder = recorder
    this.#poller = new CompletionPoller(native)
    const onClosed = native.onEvent
    native.onResult = (id, data, dims, ...times) => this.#onResult(id, data, dims, times)
    native.onEvent = event => {
      if (event.kind === 'runFailed') this.#onFailure(event)
      else onClosed(event)
    }
    native.letGo()
  }

  /**
   * Loads an offline model from a file (external weights beside it are found) or from its bytes, which are copied before
   * this returns. Opening a device takes seconds, and has no limit of its own: `signal` sets one, as
   * `AbortSignal.timeout(60_000)`.
   *
   * @throws ModelError `MODEL_NOT_FOUND`, `MODEL_INVALID`; SessionError `ADDON_NOT_FOUND`, `UNSUPPORTED_PLATFORM`,
   * `ACL_LIBRARY_NOT_FOUND`, `ACL_SYMBOL_MISSING`, `ACL_NO_DEVICE`, `ACL_OUT_OF_MEMORY`, `ACL_DEVICE_FAULT`,
   * `ACL_RUNTIME`; ArgumentTypeError and ArgumentRangeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`
   * @example
   * ```ts
   * await using session = await AclSession.create('aasist.om', { device: 0 })
   * ```
   */
  static async create(om: string | Uint8Array, options: AclSessionOptions = {}): Promise<AclSession> {
    return AclSession.open(om, options, new RunRecorder())
  }

  /** @internal `create` for a pool, which gathers the times of its sessions. */
  static async open(model: unknown, options: AclSessionOptions, recorder: RunRecorder): Promise<AclSession> {
    const settings = checkAclOptions(options)
    settings.signal?.throwIfAborted()
    // Bytes go to the native side at once, which copies them: the caller may change them as soon as this returns.
    const checked = isUint8Array(model) ? checkModelBytes(model, '.om') : await checkModelSource(model, '.om')
    settings.signal?.throwIfAborted()
    return new AclSession(await openModel(checked, settings), settings, recorder)
  }

  async run(feeds: Feeds, fetches?: readonly string[], options?: RunOptions): Promise<Outputs> {
    if (!sessionRuns.hasSubscribers) return this.#run(feeds, fetches, options)
    return observeRun(this.device, observed => this.#run(feeds, fetches, options, observed))
  }

  stats(): SessionStats {
    // The end of the environment stops all sessions without asking them.
    const isReleased = this.#released !== undefined || this.#native.isStopped()
    const state = this.#fault !== undefined ? 'faulted' : isReleased ? 'released' : 'ready'
    return this.#recorder.snapshot({ state, ...this.#load() })
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
    const gear = chooseGear(this.#model, inputs)
    runOptions.signal?.throwIfAborted()
    const { queued, running } = this.#load()
    if (running > 0 && queued >= this.#queueLimit) {
      throw new SessionError(
        'QUEUE_FULL',
        `${queued} runs are waiting, as many as queueLimit allows; wait for some of them, or raise it`,
        { queueLimit: this.#queueLimit },
      )
    }
    const sent = { id: nextRunId(), acceptedAtMs: performance.now() }
    const work = { gear, fetches: outputs.map(name => this.outputNames.indexOf(name)) }
    const dims = inputs.map(input => input.dims)
    const refused = this.#hand(sent.id, work, inputs.map(bytesOf), dims, runOptions.timeoutMs ?? 0)
    // What is left to do here is done while the device is busy already.
    const run = new PendingRun({
      sent,
      work,
      options: runOptions,
      recorder: this.#recorder,
      observed,
      onDue: () => this.#native.poll(),
      onGiveUp: (given, why) => this.#onGiveUp(given, why),
    })
    if (refused === undefined) {
      this.#open.push(run)
      this.#keepAlive()
      this.#poller.expect()
    } else {
      run.fail(refused)
      run.forget()
    }
    return run.promise
  }

  #hand(
    id: number,
    { gear, fetches }: Work,
    inputs: readonly Uint8Array[],
    dims: readonly (readonly number[])[],
    timeoutMs: number,
  ): SessionError | undefined {
    try {
      const taken = this.#native.run(id, gear, inputs, dims, fetches, timeoutMs)
      return taken ? undefined : releasedError()
    } catch (error) {
      const message = errorMessage(error)
      if (errorCode(error) === 'INPUT_TYPE') return new SessionError('INPUT_TYPE', message)
      return runError({ kind: 'internal', message }, this.#deviceId)
    }
  }

  #assertUsable(): void {
    if (this.#fault !== undefined) throw this.#faulted('not started')
    if (this.#released !== undefined) {
      throw releasedError()
    }
  }

  #faulted(began: 'started' | 'not started'): SessionError {
    return new SessionError(
      'SESSION_FAULTED',
      `the session can no longer be used: ${this.#fault ?? 'unknown reason'}; create another one`,
      { reason: this.#fault, started: began === 'started', device: this.#deviceId },
    )
  }

  /** A run that was taken and will be begun any moment counts as running. */
  #load(): { queued: number; running: number } {
    const open = this.#open.length
    const running = open < 2 ? open : Math.min(open, Math.max(1, this.#native.begun()))
    return { queued: open - running, running }
  }

  #keepAlive(): void {
    const needed = this.#onDrained !== undefined || this.#open.some(run => run.waitedFor)
    if (needed) this.#native.keepAlive()
    else this.#native.letGo()
  }

  #onResult(
    id: number,
    data: readonly (ArrayBuffer | undefined)[],
    dims: readonly NativeDims[] | undefined,
    [queueMs, copyInMs, executeMs, copyOutMs, executeAtMs]: [number, number, number, number, number],
  ): void {
    const run = this.#take(id)
    if (run !== undefined) {
      run.took({ queueMs, copyInMs, executeMs, copyOutMs, executeAtMs })
      this.#poller.learn(copyInMs + executeMs + copyOutMs)
      if (data.every(isThere)) run.succeed(this.#outputsOf(run.work, data, dims))
      else run.fail(this.#outOfMemory())
    }
    this.#afterRun()
  }

  #outOfMemory(): SessionError {
    return new SessionError(
      'ACL_OUT_OF_MEMORY',
      'the host has not enough memory for the outputs of this run; run fewer at a time, or smaller ones',
      { device: this.#deviceId },
    )
  }

  #onFailure({ id, failure, fatal }: NativeEvent & { kind: 'runFailed' }): void {
    const error = runError(failure, this.#deviceId)
    this.#take(id)?.fail(error)
    if (fatal) this.#breakDown(error.message)
    this.#afterRun()
  }

  /** Harmless for a run that is gone already. */
  #remove(run: PendingRun<Work>): void {
    const index = this.#open.indexOf(run)
    if (index >= 0) this.#open.splice(index, 1)
  }

  #take(id: number): PendingRun<Work> | undefined {
    const index = this.#open.findIndex(run => run.id === id)
    if (index < 0) return undefined
    const [run] = this.#open.splice(index, 1)
    run!.forget()
    return run
  }

  #afterRun(): void {
    if (this.#open.length === 0) {
      this.#poller.stop()
      this.#onDrained?.()
    }
    this.#keepAlive()
  }

  #outputsOf(
    { gear, fetches }: Work,
    data: readonly ArrayBuffer[],
    found: readonly NativeDims[] | undefined,
  ): Outputs {
    const shapes = this.#model.gears[gear]?.outputs ?? this.#model.outputs.map(({ dims }) => dims)
    return Object.fromEntries(
      fetches.map((output, index) => {
        const { name, type } = this.outputMetadata[output]!
        const dims = [...(found?.[index] ?? shapes[output]!)]
        return [name, unpackTensor({ type, dims, data: data[index]! })]
      }),
    )
  }

  #onGiveUp(run: PendingRun<Work>, why: GaveUp): void {
    const dropped = this.#native.drop(run.id)
    if (dropped === 'dropped' || dropped === 'copying') {
      this.#remove(run)
      run.forget()
      if (dropped === 'copying') this.#watchCopy(run.id)
    } else if (why === 'timed out') {
      if (dropped === 'ending') this.#watchEnd(run)
      else this.#breakDown('a run went past its timeoutMs, and the state of the device is unknown')
    }
    this.#keepAlive()
  }

  /** A copy under way when its run was given up is most likely about to end; one that is not blocks all that follow. */
  #watchCopy(id: number): void {
    setTimeout(() => {
      if (this.#native.isCopyingIn(id))
        this.#breakDown('copying the inputs of a run that was given up does not end')
    }, COPY_WAIT_MS).unref()
  }

  /** It has been computed, and only its results are on their way. */
  #watchEnd(run: PendingRun<Work>): void {
    setTimeout(() => {
      this.#native.poll()
      if (this.#open.includes(run)) this.#breakDown('copying the results of a run does not end')
    }, COPY_WAIT_MS).unref()
  }

  /** Nothing is begun any more; what the device is computing is left to it. */
  #breakDown(reason: string): void {
    if (this.#fault !== undefined) return
    this.#fault = reason
    this.#refuse(() => this.#faulted('not started'))
  }

  /** Takes back what has not begun. */
  #refuse(error: () => SessionError): void {
    for (const run of [...this.#open]) {
      const dropped = this.#native.drop(run.id)
      if (dropped === 'executing' || dropped === 'ending') continue
      this.#remove(run)
      run.fail(error())
      run.forget()
    }
  }

  async #release(): Promise<void> {
    const startedAtMs = performance.now()
    this.#refuse(() => new SessionError('SESSION_RELEASED', 'the session was released before this run began'))
    const drained = new Promise<void>(resolve => {
      this.#onDrained = resolve
      if (this.#open.length === 0) resolve()
    })
    this.#native.keepAlive()
    const inTime =
      (await endsWithin(drained, this.#exitWaitMs)) &&
      (this.#native.close(),
      await endsWithin(this.#closed, this.#exitWaitMs - (performance.now() - startedAtMs)))
    if (!inTime) this.#abandon()
    this.#recorder.close()
  }

  #abandon(): void {
    this.#native.abandon()
    this.#fault ??= 'a call into AscendCL does not return'
    for (const run of this.#open.splice(0)) {
      run.fail(this.#faulted('started'))
      run.forget()
    }
    warn(
      'ACL_THREAD_ABANDONED',
      `a call into AscendCL on NPU ${this.#deviceId} did not return within the exitWaitMs of ${this.#exitWaitMs} ms; ` +
        'its thread and its memory are left behind',
    )
  }
}

function releasedError(): SessionError {
  return new SessionError('SESSION_RELEASED', 'the session has been released; create another one')
}

function bytesOf({ name, data }: CheckedTensor): Uint8Array {
  if (ArrayBuffer.isView(data)) return data
  throw new ModelError('MODEL_INVALID', `input "${name}" holds text, which no offline model takes`)
}
