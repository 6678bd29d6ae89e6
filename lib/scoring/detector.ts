import {
  AasistError,
  ArgumentRangeError,
  ArgumentTypeError,
  assertKnownOptions,
  ModelError,
  SessionError,
} from '../errors'
import type { Clip as PreparedClip, ClipWarning } from '../audio'
import type { Device, FailedAttempt, PoolStats, SessionPool, TimeSummary } from '../session'
import { TimeRecorder } from '../session/time-recorder'
import { checkRunOptions, checkSignal } from '../session/arguments'
import {
  checkDetectorOptions,
  checkPlacedFile,
  type DetectorOptions,
  type PlacedFile,
  type ScoreFilesOptions,
  type ScoreOptions,
} from './detector-options'
import { readJudgement, type Judge, type Judgement } from './judgement'
import { demoCheckpoint, type LoadedModel, type ModelProvenance } from './model-file'
import type { NpuRuntime } from './npu-runtime'
import { openModel, type OpenedModel } from './open-model'
import { clipSource, type Clip } from './clip-source'
import { logWarnings, observeScore, type ObservedClip } from './diagnostics'
import { mapOrdered } from './ordered'
import { whenThereIsRoom } from './patience'
import { Preparer, type PreparationStats } from './preparer'
import type { LiveOptions, LiveScores } from './recording/live-scores'
import type { Recording, RecordingOptions } from './recording/recording-options'
import { Recordings } from './recording/recordings'
import type { WindowScore } from './recording/window-score'
import type { FallbackScorer } from './cpu-fallback'
import type { ScoreInterface } from './score-interface'
import type { WindowOptions } from './window-scorer'

/** Something to know before trusting a score. */
export interface ScoreWarning {
  readonly code: ClipWarning['code'] | 'MODEL_NOTICE' | 'NPU_SIMULATED' | 'CALIBRATION_OTHER_MODEL'
  readonly message: string
}

/** What a detector says about one clip. */
export interface Score extends Judgement {
  /** The countermeasure score, `logits[:, 1]`: a real number without bounds, higher means more bona fide. */
  readonly score: number
  /** Of the whole clip; the model hears the first 4.04 s of it (`nb_samp` samples at 16 kHz). */
  readonly durationSeconds: number
  /** What computed it: of several NPUs the one. */
  readonly device: Device
  /** Devices that failed at it before, by their own fault: empty but for a bad day. */
  readonly failedOver: readonly FailedAttempt[]
  readonly warnings: readonly ScoreWarning[]
}

/** What {@link Detector.stats} tells. */
export interface DetectorStats extends PoolStats {
  /** Reading, decoding and cutting clips, on threads of their own. */
  readonly preparation: PreparationStats
  /** From a clip's first step to its score, all waiting included; null before the first. */
  readonly clipMs: TimeSummary | null
}

/** One file of many: its score, or why it has none. */
export type FileScore =
  | ({ readonly file: string; readonly error?: undefined } & Score)
  | { readonly file: string; readonly error: AasistError; readonly failedOver: readonly FailedAttempt[] }

/**
 * Tells bona fide from spoofed speech.
 *
 * @example
 * await using detector = await Detector.load({ model: 'AASIST-L.pth' })
 * const { score } = await detector.score('call.wav')
 */
export class Detector implements AsyncDisposable {
  /** What the scores were made with. */
  readonly provenance: ModelProvenance
  /** What its NPUs run on; null on the CPU. */
  readonly npu: NpuRuntime | null
  /** Why the CPU computes, where `auto` looked for an NPU; null on NPUs, and where the CPU was asked for. */
  readonly whyNotNpu: string | null
  readonly #pool: SessionPool
  readonly #preparer: Preparer
  readonly #scorer: FallbackScorer
  readonly #interface: ScoreInterface
  readonly #model: LoadedModel
  readonly #judge: Judge
  readonly #recordings: Recordings
  /** Clips that may be in work or waiting at once. */
  readonly #places: number
  readonly #audio: Pick<DetectorOptions, 'resample' | 'channels' | 'maxSeconds'>

  readonly #clipTimes = new TimeRecorder()
  #scoring = 0
  #preparing = 0

  private constructor(opened: OpenedModel, preparer: Preparer, judge: Judge, options: DetectorOptions) {
    const { pool, scorer, scoreInterface, model, openShared, npu, whyNotNpu } = opened
    this.npu = npu
    this.whyNotNpu = whyNotNpu
    this.#pool = pool
    this.#preparer = preparer
    this.#interface = scoreInterface
    this.#scorer = scorer
    this.#model = model
    this.provenance = model.provenance
    const { resample, channels, maxSeconds } = options
    this.#judge = judge
    this.#places =
      pool.stats().sessions * (scoreInterface.batch ?? 1) + (options.queueLimit ?? defaultQueueLimit)
    this.#audio = {
      ...(resample && { resample }),
      ...(channels && { channels }),
      ...(maxSeconds !== undefined && { maxSeconds }),
    }
    this.#recordings = new Recordings({ pool, scorer, scoreInterface, openShared, judge, audio: this.#audio })
    logWarnings(this.notices)
  }

  /**
   * Loads a model and starts its sessions; conversion and loading happen off the caller's thread.
   *
   * @throws ModelError MODEL_NOT_FOUND, CONFIG_INVALID, CHECKPOINT_INVALID, CHECKPOINT_UNSAFE, MODEL_INVALID,
   * CALIBRATION_INVALID
   * @throws SessionError CPU_BACKEND_MISSING, ADDON_NOT_FOUND, UNSUPPORTED_PLATFORM, ACL_LIBRARY_NOT_FOUND,
   * ACL_SYMBOL_MISSING, ACL_NO_DEVICE, ACL_OUT_OF_MEMORY, ACL_DEVICE_FAULT, ACL_RUNTIME
   * @throws ToolError ATC_FAILED, TOOL_FAILED, SOC_UNKNOWN; DatasetError OUTPUT_UNWRITABLE (the cache)
   * @throws ArgumentTypeError, ArgumentRangeError INVALID_ARGUMENT, UNKNOWN_OPTION
   */
  static async load(options: DetectorOptions = {}): Promise<Detector> {
    checkDetectorOptions(options)
    // Before the model, which may have to be compiled for minutes.
    const judgeFor = await readJudgement(options)
    options.signal?.throwIfAborted()
    const preparer = new Preparer()
    try {
      const opened = await openModel(options, preparer)
      preparer.feed({ sessions: opened.pool.stats().sessions, devices: opened.pool.devices })
      return new Detector(
        opened,
        preparer,
        judgeFor({ sha256: opened.model.provenance.sha256, threshold: opened.model.card?.threshold ?? null }),
        options,
      )
    } catch (error) {
      await preparer.release()
      throw naming(options.model ?? demoCheckpoint, error)
    }
  }

  /** All threads together on the CPU; of several NPUs the first one, see {@link devices}. */
  get device(): Device {
    return this.#pool.device
  }

  /** Everything it may compute on; what computed a score is in its `device`. */
  get devices(): readonly Device[] {
    return this.#pool.devices
  }

  /** Samples the model hears of each clip. */
  get windowSamples(): number {
    return this.#interface.windowSamples
  }

  /** Clips in one run, with gears the most; null where the model takes any number, of which this class makes 1. */
  get batch(): number | null {
    return this.#interface.batch
  }

  /** Every number of clips that a run may hold, ascending; null where the model takes any. */
  get batches(): readonly number[] | null {
    return this.#interface.batches
  }

  /** The checkpoint's configuration, where there is one. */
  get config(): LoadedModel['config'] {
    return this.#model.config
  }

  /** Counters and times of the sessions and of what is around them; clips that are being decoded count as queued. */
  stats(): DetectorStats {
    const stats = this.#pool.stats()
    return {
      ...stats,
      queued: stats.queued + this.#preparing,
      preparation: this.#preparer.stats(),
      clipMs: this.#clipTimes.summary(),
    }
  }

  /**
   * Scores one clip.
   *
   * @throws AudioError AUDIO_NOT_FOUND, AUDIO_UNREADABLE, AUDIO_UNSUPPORTED, AUDIO_TRUNCATED, AUDIO_CORRUPT,
   * AUDIO_EMPTY, AUDIO_TOO_LARGE
   * @throws SessionError QUEUE_FULL, RUN_FAILED, RUN_TIMEOUT, SESSION_FAULTED, SESSION_RELEASED
   * @throws the signal's reason
   */
  async score(clip: Clip, options: ScoreOptions = {}): Promise<Score> {
    assertKnownOptions(options, ['signal', 'timeoutMs'], 'score()')
    const checked = checkRunOptions(options)
    return observeScore(clip, async observed => {
      if (this.#scoring >= this.#places) {
        // Before anything is read or decoded: what waits there takes memory and time as well.
        throw new SessionError(
          'QUEUE_FULL',
          `${this.#scoring} clips are being scored or waiting, as many as queueLimit allows; wait for some, or raise it`,
          { places: this.#places },
        )
      }
      this.#scoring += 1
      try {
        const { signal } = checked
        return await this.#scoreTimed({ clip, signal, observed }, prepared =>
          this.#scoreClip(prepared, checked),
        )
      } finally {
        this.#scoring -= 1
      }
    })
  }

  /**
   * Scores files, several at a time, and gives the results in input order. A file that cannot be scored gives an error
   * instead of a score and never ends the sequence; what ends it is the signal, or a detector that is no longer able
   * to score anything (`SESSION_FAULTED`, `SESSION_RELEASED`). The place of a path in the sequence is its position
   * (see {@link PlacedFile}) unless it says otherwise.
   */
  async *scoreFiles(
    paths: Iterable<string | PlacedFile> | AsyncIterable<string | PlacedFile>,
    options: ScoreFilesOptions = {},
  ): AsyncGenerator<FileScore, void, undefined> {
    assertKnownOptions(options, ['concurrency', 'signal', 'onProgress'], 'scoreFiles()')
    const { concurrency = this.#defaultConcurrency(), onProgress } = options
    const signal = checkSignal(options.signal)
    if (!isIterable(paths)) {
      throw new ArgumentTypeError('scoreFiles() takes an iterable of paths; for one file there is score()')
    }
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new ArgumentRangeError(`concurrency is ${concurrency}; it must be a whole number of at least 1`)
    }
    let done = 0
    let failed = 0
    let index = 0
    const total = Array.isArray(paths) ? paths.length : undefined
    const work = (path: string | PlacedFile, stop: AbortSignal): Promise<FileScore> => {
      const placed =
        typeof path === 'string'
          ? { file: path, position: index, ...(total !== undefined && { total }) }
          : path
      index += 1
      checkPlacedFile(placed)
      return this.#scoreFile(placed, stop)
    }
    for await (const result of mapOrdered(paths, work, { concurrency, signal })) {
      done += 1
      if (result.error !== undefined) failed += 1
      onProgress?.({ done, failed })
      yield result
    }
  }

  /**
   * Scores the overlapping windows of a recording of any length, in memory that does not grow with it: a WAV or FLAC file,
   * anything else that an ffmpeg on `PATH` decodes, or bytes as they come. Windows are as long as the model's
   * (`windowSamples`), the first begins at 0, and one more ends with the recording. With a checkpoint on the CPU they share
   * the encoder's work, and score as they would as clips of their own, within 1e-4.
   *
   * @throws AudioError as {@link score}: what came before the damage has been given by then
   * @throws SessionError RUN_FAILED, RUN_TIMEOUT, SESSION_FAULTED, SESSION_RELEASED, PREPARATION_FAILED
   * @throws ArgumentTypeError, ArgumentRangeError INVALID_ARGUMENT, UNKNOWN_OPTION; the signal's reason
   */
  async *scoreRecording(
    recording: Recording,
    options: RecordingOptions = {},
  ): AsyncGenerator<WindowScore, void, undefined> {
    yield* this.#recordings.score(recording, options)
  }

  /**
   * A stream that takes one channel of 16 kHz as it is spoken and gives a {@link LiveScore} for each hop, the first when a
   * window (4.04 s) is full. A score comes one run after the end of its window; hops for which the model has no time are
   * left out and counted. The stream fails with what {@link scoreRecording} throws.
   *
   * @throws ArgumentTypeError, ArgumentRangeError INVALID_ARGUMENT, UNKNOWN_OPTION
   * @example
   * microphone.pipe(detector.liveScores()).on('data', ({ score, endSeconds }) => console.log(endSeconds, score))
   */
  liveScores(options: LiveOptions = {}): LiveScores {
    return this.#recordings.live(options)
  }

  /** Waits for what runs; later calls reject with `SESSION_RELEASED`. May be called again. */
  async release(): Promise<void> {
    await Promise.all([
      this.#scorer.release(),
      this.#pool.release(),
      this.#recordings.release(),
      this.#preparer.release(),
    ])
    this.#clipTimes.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  async #scoreFile({ file, position, total }: PlacedFile, signal: AbortSignal): Promise<FileScore> {
    try {
      const score = await observeScore(file, observed =>
        this.#scoreTimed({ clip: file, signal, observed }, clip =>
          whenThereIsRoom(() => this.#scoreClip(clip, { signal, position, total }), signal),
        ),
      )
      return { file, ...score }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof AasistError && !endsEverything.has(error.code)) {
        return { file, error, failedOver: this.#scorer.attempts(error) }
      }
      throw error
    }
  }

  /** From a clip to its score, with the times of both halves. */
  async #scoreTimed(
    { clip, signal, observed }: ClipInWork,
    score: (prepared: PreparedClip) => Promise<Score>,
  ): Promise<Score> {
    const beganAtMs = performance.now()
    const prepared = await this.#prepare(clip, signal)
    observed?.prepared(prepared.durationSeconds)
    const scored = await score(prepared)
    this.#clipTimes.record(performance.now() - beganAtMs)
    observed?.scored(scored)
    logWarnings(prepared.warnings, clip)
    return scored
  }

  async #prepare(clip: Clip, signal: AbortSignal | undefined): Promise<PreparedClip> {
    const { windowSamples } = this.#interface
    const options = { windowSamples, ...this.#audio }
    const source = clipSource(clip)
    this.#preparing += 1
    try {
      return await this.#preparer.prepare({ kind: 'clip', source, options }, signal)
    } finally {
      this.#preparing -= 1
    }
  }

  async #scoreClip(
    { samples, durationSeconds, warnings }: PreparedClip,
    options: WindowOptions,
  ): Promise<Score> {
    const { score, device, failedOver } = await this.#scorer.score(samples, options)
    this.#preparer.recycle(samples)
    if (!Number.isFinite(score)) {
      throw new SessionError('RUN_FAILED', `the model gave the score ${score}; expected a finite number`, {
        score: String(score),
      })
    }
    return {
      score,
      ...this.#judge.judge(score),
      durationSeconds,
      device,
      failedOver,
      warnings: [...warnings, ...this.notices],
    }
  }

  /** What to know of every score before trusting it; in the `warnings` of each clip as well. */
  get notices(): readonly ScoreWarning[] {
    const card = this.#model.card?.notice ?? null
    const simulator = this.npu?.notice ?? null
    const calibration = this.#judge.notice
    return [
      ...(card === null ? [] : [{ code: 'MODEL_NOTICE' as const, message: card }]),
      ...(calibration === null ? [] : [{ code: 'CALIBRATION_OTHER_MODEL' as const, message: calibration }]),
      ...(simulator === null ? [] : [{ code: 'NPU_SIMULATED' as const, message: simulator }]),
    ]
  }

  /** For each session a run, the next one, which the pool sends ahead, and clips decoded in advance for a bad moment. */
  #defaultConcurrency(): number {
    const usual = this.#pool.stats().sessions * (this.#interface.batch ?? 1) * 3 + 4
    const kinds = new Set(this.#pool.devices.map(({ kind }) => kind))
    return kinds.size > 1 ? Math.max(usual, mixedConcurrency) : usual
  }
}

interface ClipInWork {
  readonly clip: Clip
  readonly signal: AbortSignal | undefined
  readonly observed: ObservedClip | undefined
}

const defaultQueueLimit = 256

/** Results come in order, and NPUs do dozens of clips while the CPU does one: they must not wait for it. 16 MB. */
const mixedConcurrency = 64

const endsEverything: ReadonlySet<string> = new Set([
  'SESSION_FAULTED',
  'SESSION_RELEASED',
  'CPU_BACKEND_MISSING',
])

/** Says which model it is, where the room that refused it saw only bytes. */
function naming(model: string | Uint8Array, error: unknown): unknown {
  if (!(error instanceof ModelError) || typeof model !== 'string') return error
  if (error.code === 'CONFIG_INVALID' || error.message.includes(model)) return error
  return new ModelError(error.code, `${model}: ${error.message}`, error.detail, { cause: error })
}

/** Strings are iterables too, of characters. */
function isIterable(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
  )
}
