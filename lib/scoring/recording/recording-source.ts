/** Bytes of a recording, from where it lies: a file, or another program that decodes it. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { constants, type Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { onAbort } from '../../abort-listeners'
import { openStream, OtherContent, type OpenedStream, type PcmFormat, type StreamOptions } from '../../audio'
import { hasChanged } from '../../dataset'
import { AudioError, errorCode, errorMessage } from '../../errors'

const CHUNK_BYTES = 256 * 1024

/**
 * A file as a stream of samples: WAV, FLAC and raw ones here, anything else by ffmpeg where there is one. `leaving` ends a
 * program that may have stopped answering.
 * @throws AudioError AUDIO_NOT_FOUND, AUDIO_UNREADABLE, AUDIO_UNSUPPORTED and as decodeAudio
 */
export async function openRecording(
  path: string,
  format: PcmFormat | undefined,
  leaving: AbortSignal,
): Promise<OpenedStream> {
  const { file, stats } = await openFile(path)
  try {
    const { audio, close } = await openHere(file, { format, byteLength: stats.size }, refusal =>
      decodeElsewhere(path, refusal, leaving),
    )
    return {
      audio: { ...audio, blocks: untouched(audio.blocks, file, stats, path) },
      close: () => close().finally(() => file.close()),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function openHere(
  file: FileHandle,
  options: StreamOptions,
  elsewhere: (refusal: OtherContent) => Promise<OpenedStream>,
): Promise<OpenedStream> {
  try {
    return await openStream(bytesOf(file), options)
  } catch (error) {
    if (error instanceof OtherContent) return elsewhere(error)
    throw error
  }
}

async function openFile(path: string): Promise<{ readonly file: FileHandle; readonly stats: Stats }> {
  let file: FileHandle | undefined
  try {
    // Opening a named pipe without O_NONBLOCK would wait for its writer for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await file.stat()
    if (!stats.isFile())
      throw new AudioError('AUDIO_UNREADABLE', `${path} is not a file; expected an audio file`, { path })
    return { file, stats }
  } catch (cause) {
    await file?.close()
    if (cause instanceof AudioError) throw cause
    const systemCode = errorCode(cause) ?? null
    const isMissing = systemCode === 'ENOENT' || systemCode === 'ENOTDIR'
    throw isMissing
      ? new AudioError('AUDIO_NOT_FOUND', `there is no file ${path}`, { path, systemCode }, { cause })
      : new AudioError(
          'AUDIO_UNREADABLE',
          `${path} cannot be read: ${errorMessage(cause)}; expected an audio file`,
          { path, systemCode },
          { cause },
        )
  }
}

async function* bytesOf(file: FileHandle): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

/** Where the samples end, not the bytes: a decoder that has all it was promised reads no further. */
async function* untouched<Block>(
  blocks: AsyncIterable<Block>,
  file: FileHandle,
  before: Stats,
  path: string,
): AsyncGenerator<Block, void, undefined> {
  yield* blocks
  if (!hasChanged(before, await file.stat())) return
  throw new AudioError(
    'AUDIO_UNREADABLE',
    `${path} was written to while it was read; try again when its writer is done`,
    { path },
  )
}

/** As ffmpeg hands them on; it opens no other place than the file, whatever a play list inside says. */
const ffmpegArguments = (path: string): string[] => [
  ...['-nostdin', '-v', 'error', '-protocol_whitelist', 'file,pipe'],
  ...['-i', `file:${resolve(path)}`, '-map', '0:a:0', '-vn', '-c:a', 'pcm_f32le', '-f', 'wav', 'pipe:1'],
]

async function decodeElsewhere(
  path: string,
  refusal: OtherContent,
  leaving: AbortSignal,
): Promise<OpenedStream> {
  const child = spawn('ffmpeg', ffmpegArguments(path), { stdio: ['ignore', 'pipe', 'pipe'] })
  const unsubscribe = onAbort(leaving, () => child.kill('SIGKILL'))
  const program = new Ffmpeg(child, path, refusal)
  try {
    const { audio, close } = await openStream(program.bytes())
    return {
      audio,
      close: () =>
        close()
          .finally(() => program.end())
          .finally(unsubscribe),
    }
  } catch (error) {
    unsubscribe()
    await program.end()
    throw program.failure ?? error
  }
}

/** Of what it says: the first lines name the trouble. */
const longestComplaint = 2000

class Ffmpeg {
  failure: AudioError | undefined
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #ended: Promise<void>
  #complaint = ''

  constructor(child: ChildProcessByStdio<null, Readable, Readable>, path: string, refusal: OtherContent) {
    this.#child = child
    child.stderr.on('data', (text: Buffer) => {
      if (this.#complaint.length < longestComplaint) this.#complaint += text.toString()
    })
    this.#ended = new Promise(settle => {
      child.on('error', cause => {
        const found = String(refusal.detail['looksLike'])
        const isMissing = errorCode(cause) === 'ENOENT'
        this.failure = new AudioError(
          'AUDIO_UNSUPPORTED',
          `this looks like ${found}, which ffmpeg would decode, and ${isMissing ? 'there is none on PATH: install it' : `it does not start (${cause.message})`}, or convert the file to WAV or FLAC`,
          { looksLike: found },
          { cause },
        )
        settle()
      })
      child.on('close', (status, signal) => {
        if (status !== 0 && signal === null) {
          this.failure ??= new AudioError(
            'AUDIO_UNSUPPORTED',
            `ffmpeg cannot decode it: ${this.#firstComplaint}; expected audio`,
            { path, status, complaint: this.#complaint },
          )
        } else if (status === 0 && this.#firstComplaint !== '') {
          // It leaves out what it cannot decode and calls that a success.
          this.failure = new AudioError(
            'AUDIO_CORRUPT',
            `ffmpeg left out what it could not decode: ${this.#firstComplaint}; copy or download the file again`,
            { path, complaint: this.#complaint },
          )
        }
        settle()
      })
    })
  }

  get #firstComplaint(): string {
    return this.#complaint.trim().split('\n', 1)[0]!
  }

  /** Ends with ffmpeg's refusal where it has one: what it gave before that is no whole recording. */
  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const bytes of this.#child.stdout) yield bytes as Uint8Array
    await this.#ended
    if (this.failure !== undefined) throw this.failure
    if (this.#child.signalCode !== null) {
      throw new AudioError('AUDIO_UNREADABLE', `ffmpeg was ended by ${this.#child.signalCode}; try again`)
    }
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL')
    this.#child.stdout.destroy()
    await this.#ended
  }
}
