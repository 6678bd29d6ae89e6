import { AudioError } from '../errors'

/**
 * The mean of all channels, sample by sample, as librosa's `to_mono` and sox's `remix -` do.
 * @param channels one array per channel, all of one length; a single channel is returned as it is
 * @throws AudioError `AUDIO_EMPTY` for no channels
 */
export function mixToMono(channels: readonly Float32Array<ArrayBuffer>[]): Float32Array<ArrayBuffer> {
  const [first] = channels
  if (first === undefined) throw new AudioError('AUDIO_EMPTY', 'there are no channels to average')
  if (channels.length === 1) return first
  return Float32Array.from(first, (_, frame) => {
    let sum = 0
    for (const channel of channels) sum += channel[frame]!
    return sum / channels.length
  })
}
