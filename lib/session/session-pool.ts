import { setTimeout as delay } from 'node:timers/promises'
import { SessionError, errorCode } from '../errors'
import { openSession } from './create-session'
import type { ModelSource } from './create-session'
import { checkRunOptions } from './arguments'
import { checkDeviceOptions, targetOf } from './device-options'
import { aboutLoss, aboutRetry } from './pool-log'
import { log, observePoolRun, poolRuns } from './diagnostics'
import type { ObservedPoolRun } from './diagnostics'
import { checkFeeds, checkFetches } from './feeds'
import { modelForms } from './model-forms'
import { packFeeds, unpackTensors } from './packed-tensor'
import type { FeedOwnership, PackedWork } from './packed-tensor'
import { AclSession } from './acl-session'
import { PendingRun } from './pending-run'
import { choosePlaces } from './places'
import { Attempts, asError, deviceName, failureOf, tookTooLong } from './pool-attempts'
import type { FailedAttempt, Failure } from './pool-attempts'
import { distinctDevices, totalDevice } from './pool-devices'
import { newPlace, runningIn } from './pool-place'
import type { Place } from './pool-place'
import { assertSameInterface } from './pool-interface'
import { RunTimesByKind } from './pool-tail'
import { checkPoolOptions, copyModel } from './pool-options'
import type { FailoverEvent, PoolOptions, PoolSettings } from './pool-options'
import type { Device, RunOptions, Session, SessionStats } from './session'
import { RunRecorder } from './session-stats'
import type { Feeds, Outputs, TensorMetadata } from './tensor'

export interface PoolStats extends SessionStats {
  /** Sessions that take runs now. */
  readonly sessions: number
  /** Runs that were begun again on another session. */
  readonly retried: number
  /** Sessions lost since the pool was created; replacements that could not be opened are not counted. */
  readonly failovers: number
}

/** A model or a machine that kills every session would otherwise start new ones for ever. */
const MOST_LOST_IN_A_ROW = 3
/** Doubles with each further failure: a model file that is just being written is there again by then. */
const FIRST_PAUSE_MS = 250

type OpenSession = (place: number, signal: AbortSignal) => Promise<Session>

/** Several sessions of one model behind one queue: each run goes to the first session that is free. */
export class SessionPool implements Session {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  readonly inputMetadata: readonly TensorMetadata[]
  readonly outputMetadata: readonly TensorMetadata[]
  /** All threads together on the CPU; of several NPUs the first one, see {@link devices}. */
  readonly device: Device
  /** What its sessions were opened on, each device once. */
  readonly devices: readonly Device[]
  /** The shapes of all inputs in each gear of an offline model; none for a model without gears. */
  readonly gears: AclSession['gears']
  readonly #places: readonly Place[]
  readonly #open: OpenSession
  readonly #queueLimit: number
  readonly #runTimeoutMs: number | undefined
  readonly #onFailover: ((event: FailoverEvent) => void) | undefined
  readonly #recorder: RunRecorder
  readonly #waiting: PendingRun<PackedWork>[] = []
  readonly #optionsOf = new WeakMap<
    PendingRun<PackedWork>,
    {
      signal: AbortSignal | undefined
      deadlineMs: number | undefined
      observed: ObservedPoolRun | undefined
    }
  >()
  readonly #deviceOf = new WeakMap<Outputs, Device>()
  readonly #attempts = new Attempts()
  /** Undefined where all sessions compute on one kind of device. */
  readonly #runTimes: RunTimesByKind | undefined
  readonly #replacing = new Map<Place, Promise<void>>()
  readonly #leaving = new Set<Promise<void>>()
  readonly #stopReplacing = new AbortController()
  /** Looks again whether the NPUs still move, while runs are left to them. */
  #lookAgain: NodeJS.Timeout | undefined
  #retries = 0
  #failovers = 0
  #fault: Error | undefined
  #released: Promise<void> | undefined

  private constructor(
    sessions: readonly Session[],
    open: OpenSession,
    recorder: RunRecorder,
    options: Pick<PoolSettings, 'queueLimit' | 'runTimeoutMs' | 'onFailover'> & {
      readonly reason: string | undefined
    },
  ) {
    const first = sessions[0]!
    this.inputNames = first.inputNames
    this.outputNames = first.outputNames
    this.inputMetadata = first.inputMetadata
    this.outputMetadata = first.outputMetadata
    const devices = sessions.map(({ device }) => device)
    this.device = totalDevice(devices, options.reason)
    this.devices = distinctDevices(devices)
    this.gears = first instanceof AclSession ? first.gears : []
    this.#places = sessions.map(newPlace)
    this.#runTimes = devices.some(({ kind }) => kind !== first.device.kind) ? new RunTimesByKind() : undefined
    this.#open = open
    this.#recorder = recorder
    this.#queueLimit = options.queueLimit
    this.#runTimeoutMs = options.runTimeoutMs
    this.#onFailover = options.onFailover
  }

  /** @internal Use {@link createPool}. */
  static async create(model: ModelSource, options: PoolOptions): Promise<SessionPool> {
    const { queueLimit, runTimeoutMs, onFailover, signal, devices, sessionOptions, ...settings } =
      checkPoolOptions(options)
    const kept = copyModel(model)
    checkDeviceOptions(options, targetOf(modelForms(kept), devices), 'createPool()')
    const { devices: places, reason } = await choosePlaces(kept, devices, settings)
    signal?.throwIfAborted()
    const recorder = new RunRecorder()
    const open: OpenSession = (index, openSignal) =>
      openSession(
        kept,
        { ...sessionOptions, device: places[index]!, signal: openSignal },
        new RunRecorder(recorder.stages),
      )

    const failed = new AbortController()
    const openSignal = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal])
    const opened = await Promise.allSettled(
      places.map(async (_, index) => {
        try {
          return await open(index, openSignal)
        } catch (error) {
          failed.abort(error)
          throw error
        }
      }),
    )
    const ready = opened.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    if (ready.length < places.length) {
      await Promise.all(ready.map(session => session.release()))
      openSignal.throwIfAborted()
    }
    try {
      for (const session of ready) assertSameInterface(ready[0]!, session)
    } catch (error) {
      await Promise.all(ready.map(session => session.release()))
      throw error
    }
    return new SessionPool(ready, open, recorder, { queueLimit, runTimeoutMs, onFailover, reason })
  }

  async run(feeds: Feeds, fetches?: readonly string[], options?: RunOptions): Promise<Outputs> {
    return this.#accept(feeds, fetches, options, 'borrowed')
  }

  /**
   * @internal {@link run} without a copy of the feeds, which the caller must not touch any more. Copies of 258 kB a clip
   * are garbage outside of V8's heap, and made it collect four times as often.
   */
  async runGivenAway(feeds: Feeds, fetches: readonly string[], options: RunOptions): Promise<Outputs> {
    return this.#accept(feeds, fetches, options, 'given away')
  }

  async #accept(
    feeds: Feeds,
    fetches: readonly string[] | undefined,
    options: RunOptions | undefined,
    ownership: FeedOwnership,
  ): Promise<Outputs> {
    if (!poolRuns.hasSubscribers) return this.#queue(feeds, fetches, options, ownership)
    return observePoolRun(this, observed => this.#queue(feeds, fetches, options, ownership, observed))
  }

  async #queue(
    feeds: Feeds,
    fetches: readonly string[] | undefined,
    options: RunOptions | undefined,
    ownership: FeedOwnership,
    observed?: ObservedPoolRun,
  ): Promise<Outputs> {
    if (this.#released !== undefined) {
      throw new SessionError('SESSION_RELEASED', 'the pool has been released; create another one')
    }
    if (this.#fault !== undefined) throw this.#faulted()
    const runOptions = checkRunOptions(options)
    const outputs = checkFetches(fetches, this.outputNames)
    const inputs = checkFeeds(feeds, this.inputMetadata)
    observed?.takes(inputs)
    runOptions.signal?.throwIfAborted()
    if (this.#queued() >= this.#queueLimit && this.#freePlace() === undefined) {
      throw new SessionError(
        'QUEUE_FULL',
        `${this.#queued()} runs are waiting, as many as queueLimit allows; wait for some of them, or raise it`,
        { queueLimit: this.#queueLimit },
      )
    }
    const run = new PendingRun({
      work: { feeds: packFeeds(inputs, ownership), fetches: outputs },
      options: runOptions,
      recorder: this.#recorder,
      onGiveUp: given => this.#onGiveUp(given),
    })
    const { signal, timeoutMs } = runOptions
    const deadlineMs = timeoutMs === undefined ? undefined : performance.now() + timeoutMs
    this.#optionsOf.set(run, { signal, deadlineMs, observed })
    this.#waiting.push(run)
    this.#dispatch()
    return run.promise
  }

  /** What computed these outputs of {@link run}; undefined for anything else, copies of outputs too. */
  deviceOf(outputs: Outputs): Device | undefined {
    return this.#deviceOf.get(outputs)
  }

  /** What happened to a run before it gave these outputs, or before it rejected with this error: devices it failed on. */
  failedAttempts(outcome: Outputs | Error): readonly FailedAttempt[] {
    return this.#attempts.of(outcome)
  }

  stats(): PoolStats {
    const members = this.#places.flatMap(({ session }) => (session === undefined ? [] : [session.stats()]))
    const state = this.#fault !== undefined ? 'faulted' : this.#released !== undefined ? 'released' : 'ready'
    const running = members.reduce((sum, member) => sum + member.running, 0)
    return {
      ...this.#recorder.snapshot({ state, queued: this.#queued(), running }),
      sessions: members.length,
      retried: this.#retries,
      failovers: this.#failovers,
    }
  }

  async release(): Promise<void> {
    this.#released ??= this.#release()
    return this.#released
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  #queued(): number {
    // One whose caller has given up waits no longer, even if its session has not heard of that yet.
    const ahead = this.#places.flatMap(({ runs }) => runs.slice(1)).filter(run => run.waitedFor)
    return this.#waiting.length + ahead.length
  }

  /** The place that comes to a run soonest, or none: another device than the one it failed on, while there is one. */
  #freePlace(run?: PendingRun<PackedWork>): Place | undefined {
    const avoided = run === undefined ? undefined : this.#attempts.of(run).at(-1)?.device
    const elsewhere = avoided !== undefined && this.#hasOther(avoided)
    // A second run is sent ahead to a busy session, so that it never waits for this event loop; but only while there
    // is one for every session, or the last runs would wait behind each other beside idle sessions.
    const mayGoAhead = this.#runTimeoutMs === undefined && this.#waiting.length >= this.#places.length
    const most = mayGoAhead ? 2 : 1
    let best: { place: Place; load: number } | undefined
    for (const place of this.#places) {
      if (place.session === undefined || place.runs.length >= most) continue
      if (elsewhere && deviceName(place.device) === deviceName(avoided)) continue
      if (!elsewhere && place.device.kind === 'cpu' && this.#npusAreSooner()) continue
      const open = place.runs.length
      const load = open > 0 ? open : runningIn(place, place.session)
      if (best === undefined || load < best.load) best = { place, load }
      if (load === 0) break
    }
    return best?.place
  }

  #npusAreSooner(): boolean {
    return this.#runTimes?.npusAreSooner(this.#places, this.#waiting.length) === true
  }

  /** Whether there is, or is about to be, a session on another device. */
  #hasOther(device: Device): boolean {
    const others = this.#places.filter(place => deviceName(place.device) !== deviceName(device))
    return others.some(place => place.session !== undefined || this.#replacing.has(place))
  }

  #dispatch(): void {
    for (let index = 0; index < this.#waiting.length;) {
      const run = this.#waiting[index]!
      const place = this.#freePlace(run)
      if (place !== undefined) {
        this.#waiting.splice(index, 1)
        this.#begin(place, place.session!, run)
      } else if (this.#attempts.of(run).length === 0) break
      else index += 1
    }
    if (this.#waiting.length > 0 && this.#runTimes !== undefined) this.#dispatchWhenOverdue(this.#runTimes)
  }

  /** No run ends on an NPU that hangs, and then nothing else would give what waits for it to the CPU. */
  #dispatchWhenOverdue(runTimes: RunTimesByKind): void {
    if (this.#lookAgain !== undefined) return
    const heads = this.#places.flatMap(({ device, headSinceMs }) =>
      device.kind === 'npu' ? [headSinceMs] : [],
    )
    // The next one to be overdue; those that are have been counted out.
    const dueMs = heads.map(since => since + runTimes.overdueMs - performance.now()).filter(ms => ms > 0)
    this.#lookAgain = setTimeout(
      () => {
        this.#lookAgain = undefined
        this.#dispatch()
      },
      Math.min(runTimes.overdueMs, ...dueMs) + 1,
    ).unref()
  }

  #begin(place: Place, session: Session, run: PendingRun<PackedWork>): void {
    const observed = this.#optionsOf.get(run)?.observed
    if (observed === undefined) void this.#compute(place, session, run)
    else observed.begin(() => void this.#compute(place, session, run))
  }

  async #compute(place: Place, session: Session, run: PendingRun<PackedWork>): Promise<void> {
    const { signal, deadlineMs } = this.#optionsOf.get(run)!
    const untilDeadlineMs = deadlineMs === undefined ? Infinity : Math.max(1, deadlineMs - performance.now())
    const timeoutMs = Math.min(untilDeadlineMs, this.#runTimeoutMs ?? Infinity)
    const options = { ...(signal && { signal }), ...(timeoutMs < Infinity && { timeoutMs }) }
    const sentAtMs = performance.now()
    if (place.runs.length === 0 && runningIn(place, session) === 0) place.headSinceMs = sentAtMs
    place.runs.push(run)
    let isMoving = true
    try {
      const outputs = await session.run(unpackTensors(run.work.feeds), run.work.fetches, options)
      const endedAtMs = performance.now()
      this.#runTimes?.learn(place.device.kind, endedAtMs - Math.max(sentAtMs, place.lastEndMs))
      place.lastEndMs = endedAtMs
      if (place.session === session) place.lostInARow = 0
      this.#deviceOf.set(outputs, this.device.kind === 'cpu' ? this.device : session.device)
      this.#attempts.handOver(run, outputs)
      run.succeed(outputs)
      run.forget()
    } catch (error) {
      place.mayCompute = true
      // One that was given up says nothing about the one in front of it, nor whether it has ended itself.
      isMoving = place.runs[0] === run && runningIn(place, session) === 0
      const failure = failureOf(error, place.device, deadlineMs)
      this.#onFailure(run, failure, {
        device: place.device,
        error: tookTooLong(error, this.#runTimeoutMs) ?? asError(error),
      })
      if (session.stats().state === 'faulted') this.#lose(place, session, error)
    }
    if (place.session === session) {
      place.runs = place.runs.filter(other => other !== run)
      if (isMoving) place.headSinceMs = performance.now()
    }
    this.#dispatch()
  }

  #onFailure(run: PendingRun<PackedWork>, failure: Failure, attempt: FailedAttempt): void {
    const before = this.#attempts.of(run).length
    const began = failure === 'lost' || failure === 'late'
    if (began) this.#attempts.add(run, attempt)
    const isHopeful = this.#released === undefined && this.#fault === undefined && run.waitedFor
    const isOnceMore =
      before === 0 && (failure === 'lost' || (failure === 'late' && this.#hasOther(attempt.device)))
    if (isHopeful && (failure === 'not begun' || isOnceMore)) {
      if (began) {
        this.#retries += 1
        log(() => aboutRetry(attempt))
      }
      const behind = this.#waiting.findIndex(other => other.id > run.id)
      this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, run)
      return
    }
    this.#reject(run, attempt.error)
  }

  #reject(run: PendingRun<PackedWork>, error: Error): void {
    this.#attempts.handOver(run, error)
    run.fail(error)
    run.forget()
  }

  #onGiveUp(run: PendingRun<PackedWork>): void {
    const index = this.#waiting.indexOf(run)
    if (index < 0) return
    this.#waiting.splice(index, 1)
    run.forget()
  }

  #lose(place: Place, session: Session, cause: unknown): void {
    if (place.session !== session) return
    place.session = undefined
    place.runs = []
    // A run that was stopped on its caller's wish says nothing against the session.
    if (errorCode(cause) !== 'RUN_TIMEOUT') place.lostInARow += 1
    this.#failovers += 1
    this.#track(session.release())
    const replacement =
      place.lostInARow > MOST_LOST_IN_A_ROW || this.#released !== undefined ? 'given up' : 'starting'
    if (replacement === 'starting') this.#replacing.set(place, this.#replace(place))
    const error = asError(cause)
    this.#report({ place: place.index, device: place.device, error, replacement })
    this.#faultWhenEmpty(error)
  }

  async #replace(place: Place): Promise<void> {
    const { signal } = this.#stopReplacing
    let pauseMs = FIRST_PAUSE_MS
    let failure: unknown
    do {
      try {
        if (failure !== undefined) {
          await delay(pauseMs, undefined, { signal })
          pauseMs *= 2
        }
        place.session = await this.#open(place.index, signal)
        place.runs = []
        this.#replacing.delete(place)
        this.#dispatch()
        return
      } catch (error) {
        failure = error
        place.lostInARow += 1
      }
    } while (place.lostInARow <= MOST_LOST_IN_A_ROW && !signal.aborted)
    this.#replacing.delete(place)
    if (signal.aborted) return
    const error = asError(failure)
    this.#report({ place: place.index, device: place.device, error, replacement: 'given up' })
    this.#faultWhenEmpty(error)
    // A run may have waited for this device, because it failed on the others.
    this.#dispatch()
  }

  /** Outside of the caller: an exception of the listener is its owner's, and must not stop the pool. */
  #report(event: FailoverEvent): void {
    log(() => aboutLoss(event))
    if (this.#onFailover !== undefined) queueMicrotask(() => this.#onFailover?.(event))
  }

  #faultWhenEmpty(cause: Error): void {
    if (this.#replacing.size > 0 || this.#places.some(({ session }) => session !== undefined)) return
    if (this.#released !== undefined) return
    this.#fault = cause
    for (const run of this.#waiting.splice(0)) this.#reject(run, this.#faulted())
  }

  #faulted(): SessionError {
    const reason = this.#fault?.message ?? 'unknown reason'
    return new SessionError(
      'SESSION_FAULTED',
      `no session of the pool is left: ${reason}; create another pool`,
      {
        reason,
        code: errorCode(this.#fault),
      },
    )
  }

  #track(leaving: Promise<void>): void {
    this.#leaving.add(leaving)
    void leaving.finally(() => this.#leaving.delete(leaving))
  }

  async #release(): Promise<void> {
    const released = (): Error =>
      new SessionError('SESSION_RELEASED', 'the pool was released before this run began')
    for (const run of this.#waiting.splice(0)) this.#reject(run, released())
    this.#stopReplacing.abort()
    clearTimeout(this.#lookAgain)
    await Promise.all(this.#replacing.values())
    await Promise.all([...this.#places.map(({ session }) => session?.release()), ...this.#leaving])
    this.#recorder.close()
  }
}

/**
 * Opens several sessions of one model, on the CPU or on one or more NPUs. The pool is a `Session` itself; runs may
 * finish out of order.
 *
 * A session that breaks down (killed, out of memory, a run past its `timeoutMs` in its own process) is replaced. The
 * run it was computing is tried once more elsewhere, on another device where there is one, which is safe because a run
 * has no effect but its result; so is a run that an NPU does not end in time, where there is another NPU. Runs that only
 * waited there move on. A replacement that cannot be opened is tried again after a pause; when that failed
 * too often, the place stays empty and `onFailover` says `given up`. When no session is left, runs reject with `SESSION_FAULTED`.
 *
 * @throws the errors of {@link createSession}
 * @example
 * ```ts
 * await using pool = await createPool('model.onnx', { sessions: 4, onFailover: event => log.warn(event) })
 * const all = await Promise.all(batches.map(feeds => pool.run(feeds)))
 * ```
 */
export async function createPool(model: ModelSource, options: PoolOptions = {}): Promise<SessionPool> {
  return SessionPool.create(model, options)
}
