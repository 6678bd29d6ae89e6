import { AudioError } from '../../errors'

export function corruptFlac(message: string, detail: Readonly<Record<string, unknown>> = {}): AudioError {
  return new AudioError('AUDIO_CORRUPT', `${message}; copy or download the file again`, detail)
}

export function truncatedFlac(message: string, detail: Readonly<Record<string, unknown>> = {}): AudioError {
  return new AudioError('AUDIO_TRUNCATED', `${message}; copy or download the file again`, detail)
}

/**
 * What is wrong inside a frame. It never leaves this folder: only the reader of whole frames knows which frame it was,
 * and whether running out of bytes means a cut file or a damaged one.
 */
export class FrameFault extends Error {
  override readonly name = 'FrameFault'
  readonly kind: 'out-of-bytes' | 'damaged'

  constructor(kind: 'out-of-bytes' | 'damaged', message: string) {
    super(message)
    this.kind = kind
  }
}

export function damaged(message: string): FrameFault {
  return new FrameFault('damaged', message)
}
