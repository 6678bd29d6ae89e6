/** Audio files to model input: bytes in, samples out. Knows nothing of models, sessions or data sets. */
export { clipFromSamples, loadClip } from './clip'
export type { Clip, ClipOptions } from './clip'
export { decodeAudio } from './decode'
export type { DecodeOptions } from './decode'
export type { DecodedAudio } from './decoded-audio'
export { mixToMono } from './mix'
export { resample, StreamResampler } from './resample'
export type { AudioStream } from './stream/audio-stream'
export {
  checkPcmFormat,
  openStream,
  OtherContent,
  type OpenedStream,
  type StreamOptions,
} from './stream/open-stream'
export type { PcmFormat } from './stream/pcm-stream'
export type { ClipWarning, ClipWarningCode } from './warnings'
export { fitWindow } from './window'
