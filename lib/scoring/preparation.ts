/**
 * What happens before a run and takes milliseconds to seconds: decoding clips and converting checkpoints. The tasks, as
 * the worker does them and as its client asks for them.
 */
import { clipFromSamples, loadClip, type Clip, type ClipOptions } from '../audio'
import { AasistError, ArgumentRangeError, ArgumentTypeError, AudioError, SessionError } from '../errors'
import {
  convertCheckpoint,
  convertOnnx,
  type AasistConfig,
  type ConvertedOnnx,
  type ConvertOptions,
} from '../model'
import { readInputFile, UnreadableFile } from './input-file'

/** Speech to be scored: a file, the bytes of one, or samples of one channel in [-1, 1]. */
export type ClipSource =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'samples'; readonly samples: Float32Array; readonly sampleRateHz: number }

export type PreparationTask =
  | { readonly kind: 'clip'; readonly source: ClipSource; readonly options: ClipOptions }
  | {
      readonly kind: 'model'
      readonly checkpoint: Uint8Array
      readonly config: AasistConfig
      readonly options: ConvertOptions
    }
  | { readonly kind: 'rewriting'; readonly onnx: Uint8Array }

/** What each kind of task gives. */
export interface PreparationResults {
  readonly clip: Clip
  readonly model: Uint8Array
  readonly rewriting: ConvertedOnnx
}

/** Longer recordings than half a gigabyte of one clip are not clips; scoring them whole is another task. */
const largestFileBytes = 512 * 2 ** 20

/** `memory`: of a window of the same size that is no longer needed. `read`: how a file comes to be read. */
export async function prepare(
  task: PreparationTask,
  memory?: ArrayBuffer,
  read: (path: string) => Promise<Uint8Array> = readClip,
): Promise<PreparationResults[PreparationTask['kind']]> {
  if (task.kind === 'model') return convertCheckpoint(task.checkpoint, task.config, task.options)
  if (task.kind === 'rewriting') return convertOnnx(task.onnx)
  const { source, options } = task
  switch (source.kind) {
    case 'samples':
      return clipFromSamples(source.samples, source.sampleRateHz, options, memory)
    case 'bytes':
      return loadClip(source.bytes, options, memory)
    case 'path':
      return loadClip(await read(source.path), { ...options, fileName: source.path }, memory)
  }
}

/**
 * The typed error for something nobody foresaw, such as memory running out or a broken installation: it must not end a
 * run over many files, and it must not be taken for a fault of the file.
 */
export function unexpectedFailure(task: PreparationTask, cause: unknown): Error {
  if (
    cause instanceof AasistError ||
    cause instanceof ArgumentTypeError ||
    cause instanceof ArgumentRangeError
  ) {
    return cause
  }
  const reason = String(cause)
  return new SessionError(
    'PREPARATION_FAILED',
    `${nameOf(task)} broke down: ${reason}; ${
      reason.includes('EMFILE')
        ? 'this process has as many files open as it may: raise the limit (ulimit -n)'
        : 'try again, with fewer at a time if memory is short'
    }`,
    { reason },
    { cause },
  )
}

function nameOf(task: PreparationTask): string {
  if (task.kind === 'model') return 'converting the checkpoint'
  if (task.kind === 'rewriting') return 'rewriting the model'
  return task.source.kind === 'path' ? `decoding ${task.source.path}` : 'decoding the clip'
}

/** @throws AudioError AUDIO_NOT_FOUND, AUDIO_UNREADABLE, AUDIO_TOO_LARGE */
export async function readClip(path: string): Promise<Uint8Array> {
  try {
    return await readInputFile(path, largestFileBytes)
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause
    const { problem, message, systemCode } = cause
    // Not the file's fault: memory has run out.
    if (problem === 'unreadable' && systemCode === null) throw cause.cause
    const detail = { path, systemCode }
    switch (problem) {
      case 'missing':
        throw new AudioError('AUDIO_NOT_FOUND', message, detail, { cause })
      case 'too large':
        throw new AudioError('AUDIO_TOO_LARGE', `${message}: cut the recording into parts`, detail, { cause })
      case 'changing':
        throw new AudioError('AUDIO_UNREADABLE', message, detail, { cause })
      case 'not a file':
      case 'unreadable':
        throw new AudioError(
          'AUDIO_UNREADABLE',
          `${message}; expected an audio file or, on the command line, a folder that holds some`,
          detail,
          { cause },
        )
    }
  }
}
