/**
 * What happens before a run and takes milliseconds to seconds: decoding clips and converting checkpoints. The tasks, as
 * the worker does them and as its client asks for them.
 */
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { clipFromSamples, loadClip, type Clip, type ClipOptions } from '../audio'
import { AudioError, errorCode } from '../errors'
import { convertCheckpoint, type AasistConfig, type ConvertOptions } from '../model'

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

/** What each kind of task gives. */
export interface PreparationResults {
  readonly clip: Clip
  readonly model: Uint8Array
}

/** Longer recordings than half a gigabyte of one clip are not clips; scoring them whole is another task. */
const largestFileBytes = 512 * 2 ** 20

export async function prepare(task: PreparationTask): Promise<PreparationResults[PreparationTask['kind']]> {
  if (task.kind === 'model') return convertCheckpoint(task.checkpoint, task.config, task.options)
  const { source, options } = task
  switch (source.kind) {
    case 'samples':
      return clipFromSamples(source.samples, source.sampleRateHz, options)
    case 'bytes':
      return loadClip(source.bytes, options)
    case 'path':
      return loadClip(await readClip(source.path), { ...options, fileName: source.path })
  }
}

/** @throws AudioError AUDIO_NOT_FOUND, AUDIO_UNREADABLE, AUDIO_TOO_LARGE */
async function readClip(path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined
  try {
    // Opening a named pipe without O_NONBLOCK would wait for its writer for ever; the check below then refuses it.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await file.stat()
    if (!stats.isFile()) {
      const found = stats.isDirectory() ? 'a folder' : 'not a regular file'
      throw new AudioError('AUDIO_UNREADABLE', `${path} is ${found}; expected an audio file`, { path })
    }
    if (stats.size > largestFileBytes) {
      throw new AudioError(
        'AUDIO_TOO_LARGE',
        `${path} has ${stats.size} bytes; a clip may have ${largestFileBytes}: cut the recording into parts`,
        { path, bytes: stats.size },
      )
    }
    return await file.readFile()
  } catch (cause) {
    if (cause instanceof AudioError) throw cause
    const missing = errorCode(cause) === 'ENOENT' || errorCode(cause) === 'ENOTDIR'
    throw new AudioError(
      missing ? 'AUDIO_NOT_FOUND' : 'AUDIO_UNREADABLE',
      missing ? `there is no file ${path}` : `${path} cannot be read: ${String(cause)}`,
      { path, systemCode: errorCode(cause) },
      { cause },
    )
  } finally {
    await file?.close()
  }
}
