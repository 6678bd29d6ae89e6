/** Speech as it is spoken: samples in, a score for every hop out. */
import { addAbortSignal, Transform, type TransformCallback } from 'node:stream'
import {
  AudioError,
  ArgumentRangeError,
  ArgumentTypeError,
  assertKnownOptions,
  errorCode,
} from '../../errors'
import { checkSignal } from '../../session/arguments'
import { defaultSilenceDbfs } from './loudness'
import type { RecordingScorer } from './score-recording'
import { scoreGroup } from './score-recording'
import { ChannelWindows, type WindowGroup } from './window-plan'
import type { WindowScore } from './window-score'

export interface LiveOptions {
  /** From one score to the next, in seconds above 0; at most 3,600. Default 0.547. */
  readonly hopSeconds?: number
  /** What the chunks hold, one channel at 16 kHz; default `s16le`. A Float32Array is taken as it is. */
  readonly encoding?: 's16le' | 'f32le'
  /** As in {@link RecordingOptions}. */
  readonly silenceDbfs?: number | null
  /** Destroys the stream. */
  readonly signal?: AbortSignal
}

/** A window of live speech. */
export type LiveScore = WindowScore & {
  /** Windows before it that were left out, because the model had not come to the end of others, or nobody read scores. */
  readonly skippedWindows: number
}

export interface LiveSettings {
  readonly hopSeconds: number
  readonly encoding: 's16le' | 'f32le'
  readonly silenceDbfs: number | null
  readonly signal: AbortSignal | undefined
}

/** @throws ArgumentTypeError, ArgumentRangeError INVALID_ARGUMENT, UNKNOWN_OPTION */
export function checkLiveOptions(options: LiveOptions): LiveSettings {
  assertKnownOptions(options, ['hopSeconds', 'encoding', 'silenceDbfs', 'signal'], 'liveScores()')
  const { hopSeconds = 8748 / 16_000, encoding = 's16le', silenceDbfs = defaultSilenceDbfs } = options
  if (!(hopSeconds > 0 && hopSeconds <= 3600)) {
    throw new ArgumentRangeError(`hopSeconds is ${hopSeconds}; it must be seconds above 0, at most 3600`)
  }
  if (!['s16le', 'f32le'].includes(encoding)) {
    throw new ArgumentRangeError(`encoding is "${encoding as string}"; it must be s16le or f32le`)
  }
  if (silenceDbfs !== null && !(silenceDbfs >= -200 && silenceDbfs <= 0)) {
    throw new ArgumentRangeError(`silenceDbfs is ${silenceDbfs}; it must be from -200 to 0, or null`)
  }
  return { hopSeconds, encoding, silenceDbfs, signal: checkSignal(options.signal) }
}

/**
 * Chunks of samples in, {@link LiveScore}s out, in their order. A score comes as long after the end of its window as one run
 * takes: a window for which no session is free, or behind 16 scores that nobody has read, is left out instead of waiting,
 * and the next score tells how many were.
 */
export class LiveScores extends Transform {
  readonly #scorer: RecordingScorer
  readonly #windows: ChannelWindows
  readonly #settings: LiveSettings
  readonly #stop = new AbortController()
  /** Bytes of a sample that came in two chunks. */
  #rest: Uint8Array = new Uint8Array(0)
  #running = 0
  #skipped = 0
  #samples = 0
  #given = Promise.resolve()

  /** @internal Made by {@link Detector.liveScores}. */
  constructor(scorer: RecordingScorer, settings: LiveSettings) {
    super({ writableObjectMode: true, readableObjectMode: true })
    this.#scorer = scorer
    this.#settings = settings
    this.#windows = new ChannelWindows(0, scorer.plan)
    if (settings.signal !== undefined) addAbortSignal(settings.signal, this)
  }

  override _transform(chunk: unknown, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      for (const group of this.#windows.push(this.#decode(chunk))) this.#offer(group)
      done()
    } catch (error) {
      done(error as Error)
    }
  }

  override _flush(done: TransformCallback): void {
    this.#given.then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stop.abort(error ?? undefined)
    // What runs is given up; nobody is told of it twice.
    this.#given.then(
      () => done(error),
      () => done(error),
    )
  }

  #offer(group: WindowGroup): void {
    // Whoever does not read scores would be told of ever older ones, and of them all.
    const isUnread = this.readableLength + this.#running >= this.readableHighWaterMark
    if (this.#running >= this.#scorer.concurrency || isUnread) {
      this.#skipped += 1
      return
    }
    const skippedWindows = this.#skipped
    this.#skipped = 0
    this.#running += 1
    const scored = scoreGroup(group, this.#scorer, this.#settings.silenceDbfs, false, this.#stop.signal)
      .catch((error: unknown) => {
        // Other callers have filled the queue.
        if (errorCode(error) !== 'QUEUE_FULL') throw error
        this.#skipped += skippedWindows + 1
        return []
      })
      .finally(() => {
        this.#running -= 1
      })
    this.#given = Promise.all([this.#given, scored]).then(([, windows]) => {
      for (const window of windows) this.push({ ...window, skippedWindows } satisfies LiveScore)
    })
    this.#given.catch((error: unknown) => this.destroy(error as Error))
  }

  #decode(chunk: unknown): Float32Array {
    if (chunk instanceof Float32Array) return this.#checked(chunk)
    if (!(chunk instanceof Uint8Array)) {
      throw new ArgumentTypeError('live samples come as bytes (Buffer, Uint8Array) or as a Float32Array')
    }
    const width = this.#settings.encoding === 's16le' ? 2 : 4
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const count = Math.floor(bytes.length / width)
    this.#rest = Uint8Array.from(bytes.subarray(count * width))
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const samples = new Float32Array(count)
    for (let at = 0; at < count; at++) {
      samples[at] = width === 2 ? view.getInt16(2 * at, true) / 32_768 : view.getFloat32(4 * at, true)
    }
    return this.#checked(samples)
  }

  #checked(samples: Float32Array): Float32Array {
    for (let at = 0; at < samples.length; at++) {
      if (Number.isFinite(samples[at])) continue
      throw new AudioError(
        'AUDIO_CORRUPT',
        `sample ${this.#samples + at} is no finite number; are these f32le samples?`,
        {
          sample: this.#samples + at,
        },
      )
    }
    this.#samples += samples.length
    return samples
  }
}
