/** A recording in, the scores of its windows out: decoding, cutting, scoring and judging in step. */
import { onAbort } from '../../abort-listeners'
import { fitWindow } from '../../audio'
import { AudioError, SessionError } from '../../errors'
import type { Judge } from '../judgement'
import { mapOrdered } from '../ordered'
import type { ScoredWindow } from '../window-scorer'
import { loudestDbfs } from './loudness'
import type { Recording, RecordingSettings } from './recording-options'
import type { RecordingJob } from './recording-protocol'
import { readRecording } from './recording-reader'
import { ChannelWindows, type WindowGroup, type WindowPlan } from './window-plan'
import type { WindowScore } from './window-score'

/** What scores the windows. */
export interface RecordingScorer {
  readonly plan: WindowPlan
  readonly sampleRateHz: number
  readonly judge: Judge
  /** Groups in work or waiting at once. */
  readonly concurrency: number
  /** One window. */
  readonly scoreSingle: (samples: Float32Array<ArrayBuffer>, signal: AbortSignal) => Promise<ScoredWindow>
  /** As many windows as the plan shares, from one stretch of samples; null where it shares none. */
  readonly scoreShared:
    ((samples: Float32Array<ArrayBuffer>, signal: AbortSignal) => Promise<readonly ScoredWindow[]>) | null
}

export interface RecordingAudio {
  readonly channels: RecordingJob['channels']
  readonly resample: RecordingJob['resample']
}

/** In the order of the recording; windows of several channels take turns. */
export async function* scoreRecording(
  recording: Recording,
  settings: RecordingSettings,
  audio: RecordingAudio,
  scorer: RecordingScorer,
): AsyncGenerator<WindowScore, void, undefined> {
  const { signal, silenceDbfs, onProgress, format } = settings
  const job: RecordingJob = {
    path: typeof recording === 'string' ? recording : null,
    byteLength: recording instanceof Uint8Array ? recording.length : undefined,
    format,
    ...audio,
    sampleRateHz: scorer.sampleRateHz,
  }
  // Who leaves while the source says nothing must not leave its thread behind.
  const leaving = new AbortController()
  const unsubscribe = signal && onAbort(signal, () => leaving.abort(signal.reason))
  const groups = groupsOf(readRecording(job, bytesOf(recording), leaving.signal), scorer.plan)
  const work = (group: WindowGroup, stop: AbortSignal): Promise<readonly WindowScore[]> =>
    scoreGroup(group, scorer, silenceDbfs, job.channels === 'each', stop)
  let windows = 0
  try {
    for await (const scores of mapOrdered(groups, work, { concurrency: scorer.concurrency, signal })) {
      for (const score of scores) {
        windows += 1
        onProgress?.({ windows, seconds: score.endSeconds })
        yield score
      }
    }
  } finally {
    unsubscribe?.()
    leaving.abort()
    await groups.return()
  }
}

function bytesOf(recording: Recording): AsyncIterable<Uint8Array> | null {
  if (typeof recording === 'string') return null
  if (!(recording instanceof Uint8Array)) return recording
  return (async function* () {
    yield await Promise.resolve(recording)
  })()
}

async function* groupsOf(
  blocks: AsyncIterable<readonly Float32Array[]>,
  plan: WindowPlan,
): AsyncGenerator<WindowGroup, void, undefined> {
  const channels: ChannelWindows[] = []
  try {
    for await (const block of blocks) {
      for (const [channel, samples] of block.entries()) {
        channels[channel] ??= new ChannelWindows(channel, plan)
        yield* channels[channel].push(samples)
      }
    }
  } catch (error) {
    // What was heard before the damage is as good as any other recording.
    if (error instanceof AudioError) for (const channel of channels) yield* channel.finish()
    throw error
  }
  for (const channel of channels) yield* channel.finish()
}

/** The windows of a group, in their order. */
export async function scoreGroup(
  group: WindowGroup,
  scorer: RecordingScorer,
  silenceDbfs: number | null,
  isByChannel: boolean,
  signal: AbortSignal,
): Promise<readonly WindowScore[]> {
  const { windowSamples, hopSamples } = scorer.plan
  const starts = Array.from({ length: group.windows }, (_, at) => at * hopSamples)
  const isSilent = starts.map(start => {
    if (silenceDbfs === null) return false
    const window = group.samples.subarray(start, start + windowSamples)
    return loudestDbfs(window, scorer.sampleRateHz) < silenceDbfs
  })
  const scored = isSilent.every(Boolean) ? [] : await scoresOf(group, scorer, signal)
  return starts.map((start, at) => {
    const startSample = group.startSample + start
    const endSample = Math.min(startSample + windowSamples, group.recordingSamples)
    const place = {
      channel: isByChannel ? group.channel : null,
      startSeconds: startSample / scorer.sampleRateHz,
      endSeconds: endSample / scorer.sampleRateHz,
    }
    const window = scored[at]
    if (isSilent[at] === true || window === undefined) {
      return { ...place, silent: true, score: null, decision: null }
    }
    const { score, device } = window
    if (!Number.isFinite(score)) {
      throw new SessionError('RUN_FAILED', `the model gave the score ${score}; expected a finite number`, {
        score: String(score),
      })
    }
    return { ...place, silent: false, score, ...scorer.judge.judge(score), device }
  })
}

async function scoresOf(
  { kind, samples }: WindowGroup,
  scorer: RecordingScorer,
  signal: AbortSignal,
): Promise<readonly ScoredWindow[]> {
  if (kind === 'shared') return scorer.scoreShared!(samples, signal)
  const { windowSamples } = scorer.plan
  const window = samples.length === windowSamples ? samples : fitWindow(samples, windowSamples)
  return [await scorer.scoreSingle(window, signal)]
}
