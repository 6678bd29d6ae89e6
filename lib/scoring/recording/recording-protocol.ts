/** What a recording's thread and its reader say to each other. */
import type { PcmFormat } from '../../audio'
import type { SerializedError } from '../../errors'

export interface RecordingJob {
  /** A file; null where the reader hands on bytes. */
  readonly path: string | null
  /** How many bytes the reader will hand on, where it knows. */
  readonly byteLength: number | undefined
  readonly format: PcmFormat | undefined
  readonly channels: 'average' | 'each' | 'refuse'
  readonly resample: 'convert' | 'refuse'
  /** Of what is given. */
  readonly sampleRateHz: number
}

export type RecordingRequest =
  | { readonly kind: 'next' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'no more bytes' }
  | { readonly kind: 'leave' }

export type RecordingReply =
  /** An array for each channel. */
  | { readonly kind: 'samples'; readonly channels: readonly Float32Array<ArrayBuffer>[] }
  | { readonly kind: 'bytes wanted' }
  | { readonly kind: 'end' }
  | { readonly kind: 'failure'; readonly error: SerializedError }
