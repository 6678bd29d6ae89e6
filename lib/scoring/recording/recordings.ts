/** A detector's recordings: which of its sessions score their windows, and with what plan. */
import type { SessionPool } from '../../session'
import type { FallbackScorer } from '../cpu-fallback'
import type { Judge } from '../judgement'
import { whenThereIsRoom } from '../patience'
import type { ScoreInterface } from '../score-interface'
import { checkLiveOptions, LiveScores, type LiveOptions } from './live-scores'
import {
  checkRecording,
  checkRecordingOptions,
  type Recording,
  type RecordingOptions,
} from './recording-options'
import { scoreRecording, type RecordingScorer } from './score-recording'
import { scoreShared, SharedSessions, type OpenShared } from './shared-sessions'
import { planWindows, type WindowPlan } from './window-plan'
import type { WindowScore } from './window-score'

export interface RecordingsOptions {
  /** For windows one by one. */
  readonly pool: SessionPool
  readonly scorer: FallbackScorer
  readonly scoreInterface: ScoreInterface
  /** Null where no graph of several windows can be made. */
  readonly openShared: OpenShared | null
  readonly judge: Judge
  readonly audio: { readonly channels?: 'average' | 'refuse'; readonly resample?: 'convert' | 'refuse' }
}

/** What AASIST was trained at. */
const sampleRateHz = 16_000

export class Recordings {
  readonly #options: RecordingsOptions
  readonly #shared: SharedSessions | null

  constructor(options: RecordingsOptions) {
    this.#options = options
    this.#shared = options.openShared && new SharedSessions(options.openShared)
  }

  /** As {@link Detector.scoreRecording}. */
  async *score(
    recording: Recording,
    options: RecordingOptions,
  ): AsyncGenerator<WindowScore, void, undefined> {
    const settings = checkRecordingOptions(options)
    const source = checkRecording(recording)
    const plan = this.#plan(settings.hopSeconds, this.#shared !== null)
    const { sharedWindows: count, hopSamples } = plan
    const lease = count > 1 ? await this.#shared!.borrow({ count, hopSamples }, settings.signal) : null
    const { channels = 'average', resample = 'convert' } = this.#options.audio
    const audio = { channels: settings.channels ?? channels, resample }
    try {
      yield* scoreRecording(source, settings, audio, {
        ...this.#scorer(
          lease === null ? { ...plan, sharedWindows: 1 } : plan,
          lease?.pool ?? this.#options.pool,
        ),
        ...(lease !== null && {
          scoreShared: (samples, signal) =>
            whenThereIsRoom(() => scoreShared(lease.pool, samples, count, signal), signal),
        }),
      })
    } finally {
      lease?.giveBack()
    }
  }

  /** As {@link Detector.liveScores}. */
  live(options: LiveOptions): LiveScores {
    const settings = checkLiveOptions(options)
    const { pool, scorer } = this.#options
    return new LiveScores(
      {
        ...this.#scorer(this.#plan(settings.hopSeconds, false), pool),
        concurrency: pool.stats().sessions,
        // Late is left out.
        scoreSingle: (samples, signal) => scorer.score(samples, { signal }),
      },
      settings,
    )
  }

  async release(): Promise<void> {
    await this.#shared?.release()
  }

  #plan(hopSeconds: number, canShare: boolean): WindowPlan {
    const { windowSamples } = this.#options.scoreInterface
    return planWindows(hopSeconds, { windowSamples, sampleRateHz, canShare })
  }

  #scorer(plan: WindowPlan, pool: SessionPool): RecordingScorer {
    const { judge, scorer, scoreInterface } = this.#options
    return {
      ...{ plan, sampleRateHz, judge },
      concurrency: 2 * pool.stats().sessions * (scoreInterface.batch ?? 1),
      scoreSingle: (samples, signal) => whenThereIsRoom(() => scorer.score(samples, { signal }), signal),
      scoreShared: null,
    }
  }
}
