/** From a recording's own samples to those a model takes: channels averaged or apart, at the model's rate. */
import { mixToMono, StreamResampler, type AudioStream } from '../../audio'
import { AudioError } from '../../errors'
import type { RecordingJob } from './recording-protocol'

/** Each channel has a converter of 26 MB and windows of its own. */
const mostChannels = 8
/** Two seconds of 16 kHz: fewer messages, and nobody waits for them. */
const usualSamples = 32_768

type Channels = readonly Float32Array<ArrayBuffer>[]

/**
 * `atOnce`: blocks are given as they come, because they come as slowly as they are spoken.
 * @throws AudioError AUDIO_UNSUPPORTED, AUDIO_EMPTY, AUDIO_CORRUPT and what the stream throws
 */
export async function* recordingSamples(
  audio: AudioStream,
  job: Pick<RecordingJob, 'channels' | 'resample' | 'sampleRateHz'>,
  pace: 'at once' | 'gathered',
): AsyncGenerator<Channels, void, undefined> {
  assertWanted(audio, job)
  const count = job.channels === 'each' ? audio.channelCount : 1
  const converters = Array.from(
    { length: count },
    () => new StreamResampler(audio.sampleRateHz, job.sampleRateHz),
  )
  let gathered: Channels[] = []
  let length = 0
  let total = 0
  const take = (channels: Channels): void => {
    gathered.push(channels)
    length += channels[0]!.length
    total += channels[0]!.length
  }
  const give = (): Channels => {
    const joined = converters.map((_, channel) => concatenated(gathered.map(block => block[channel]!)))
    gathered = []
    length = 0
    return joined
  }
  let damage: AudioError | undefined
  try {
    for await (const block of audio.blocks) {
      const channels = count === 1 ? [mixToMono(block)] : block
      const converted: Float32Array<ArrayBuffer>[] = []
      for (const [at, samples] of channels.entries()) converted.push(await converters[at]!.convert(samples))
      take(converted)
      if (length >= (pace === 'gathered' ? usualSamples : 1)) yield give()
    }
  } catch (error) {
    if (!(error instanceof AudioError)) throw error
    damage = error
  }
  // Also in front of damage: what came before it is as good as any other recording.
  take(converters.map(converter => converter.finish()))
  if (damage !== undefined) {
    if (length > 0) yield give()
    throw damage
  }
  if (total === 0) throw new AudioError('AUDIO_EMPTY', 'the recording has no samples; expected speech')
  if (length > 0) yield give()
}

function assertWanted(
  audio: AudioStream,
  { channels, resample, sampleRateHz }: Pick<RecordingJob, 'channels' | 'resample' | 'sampleRateHz'>,
): void {
  if (resample === 'refuse' && audio.sampleRateHz !== sampleRateHz) {
    throw new AudioError(
      'AUDIO_UNSUPPORTED',
      `recorded at ${audio.sampleRateHz} Hz; expected ${sampleRateHz} Hz, or allow conversion`,
      { sampleRateHz: audio.sampleRateHz },
    )
  }
  if (channels === 'refuse' && audio.channelCount !== 1) {
    throw new AudioError(
      'AUDIO_UNSUPPORTED',
      `${audio.channelCount} channels; expected one, or allow averaging`,
      {
        channels: audio.channelCount,
      },
    )
  }
  if (channels === 'each' && audio.channelCount > mostChannels) {
    throw new AudioError(
      'AUDIO_UNSUPPORTED',
      `${audio.channelCount} channels; at most ${mostChannels} are scored one by one: average them, or split the file`,
      { channels: audio.channelCount },
    )
  }
}

function concatenated(parts: readonly Float32Array<ArrayBuffer>[]): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let filled = 0
  for (const part of parts) {
    whole.set(part, filled)
    filled += part.length
  }
  return whole
}
