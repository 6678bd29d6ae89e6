import type { DecodedAudio } from './decoded-audio'

export type ClipWarningCode = 'AUDIO_SILENT' | 'AUDIO_CLIPPED' | 'AUDIO_SHORT' | 'AUDIO_NARROW_BAND'

/** Something that makes a score less trustworthy without making the clip unusable. */
export interface ClipWarning {
  readonly code: ClipWarningCode
  readonly message: string
}

/** Peak to peak; about -84 dB below full scale, two steps of 16 bits either way, so dithered silence counts. */
const SILENCE_SPAN = 4 / 32768
/** Isolated peaks reach full scale in any normalised recording; a clipped one stays there. */
const CLIPPED_RUN = 3
/** Of the looked-at samples; 7 in a window of 64,600. */
const CLIPPED_SHARE = 1e-4
/** Leaves room for one step below full scale at 16 bits. */
const FULL_SCALE_MARGIN = 0.9999
/** Of the window: below it the model hears everything at least twice. */
const SHORT_SHARE = 0.5

export interface ClipFacts {
  readonly window: Float32Array
  readonly source: Pick<DecodedAudio, 'channels' | 'fullScale' | 'sampleRateHz'>
  readonly durationSeconds: number
  readonly sampleRateHz: number
}

/** In a fixed order, so that equal clips give equal reports. */
export function clipWarnings(facts: ClipFacts): readonly ClipWarning[] {
  return [silence(facts), clipping(facts), shortness(facts), narrowBand(facts)].filter(
    warning => warning !== undefined,
  )
}

function silence({ window }: ClipFacts): ClipWarning | undefined {
  let lowest = Infinity
  let highest = -Infinity
  for (let i = 0; i < window.length; i++) {
    const sample = window[i]!
    if (sample < lowest) lowest = sample
    if (sample > highest) highest = sample
    // Speech shows in its first milliseconds.
    if (highest - lowest > SILENCE_SPAN) return undefined
  }
  return { code: 'AUDIO_SILENT', message: 'the part that is scored is silent: the score says nothing' }
}

/** Looks at the samples as they were stored, because mixing and resampling round clipped tops. */
function clipping({ source }: ClipFacts): ClipWarning | undefined {
  const threshold = source.fullScale * FULL_SCALE_MARGIN
  const shares = source.channels.map(channel => clippedCount(channel, threshold) / channel.length)
  const worst = Math.max(...shares)
  if (worst < CLIPPED_SHARE) return undefined
  const percent = (worst * 100).toPrecision(2)
  return {
    code: 'AUDIO_CLIPPED',
    message: `${percent} % of the samples are clipped: the recording was too loud`,
  }
}

function clippedCount(samples: Float32Array, threshold: number): number {
  let clipped = 0
  let run = 0
  let runSign = 0
  const close = (): void => {
    if (run >= CLIPPED_RUN) clipped += run
    run = 0
  }
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]!
    const sign = sample >= threshold ? 1 : sample <= -threshold ? -1 : 0
    if (sign === 0 && run === 0) continue
    if (sign !== runSign) close()
    runSign = sign
    if (sign !== 0) run++
  }
  close()
  return clipped
}

function shortness({ window, durationSeconds, sampleRateHz }: ClipFacts): ClipWarning | undefined {
  const windowSeconds = window.length / sampleRateHz
  if (durationSeconds >= windowSeconds * SHORT_SHARE) return undefined
  return {
    code: 'AUDIO_SHORT',
    message: `${durationSeconds.toFixed(2)} s of audio, repeated to fill the ${windowSeconds.toFixed(2)} s the model hears`,
  }
}

function narrowBand({ source, sampleRateHz }: ClipFacts): ClipWarning | undefined {
  if (source.sampleRateHz >= sampleRateHz) return undefined
  return {
    code: 'AUDIO_NARROW_BAND',
    message: `recorded at ${source.sampleRateHz} Hz: nothing above ${source.sampleRateHz / 2} Hz, which the model expects`,
  }
}
