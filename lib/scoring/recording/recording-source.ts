/** Bytes of a recording, from where it lies: a file, or another program that decodes it. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { openStream, OtherContent, type OpenedStream, type PcmFormat } from '../../audio'
import { hasChanged } from '../../dataset'
import { AudioError, errorCode, errorMessage } from '../../errors'

const CHUNK_BYTES = 256 * 1024

/**
 * A file as a stream of samples: WAV, FLAC and raw ones here, anything else by ffmpeg where there is one.
 * @throws AudioError AUDIO_NOT_FOUND, AUDIO_UNREADABLE, AUDIO_UNSUPPORTED and as decodeAudio
 */
export async function openRecording(path: string, format: PcmFormat | undefined): Promise<OpenedStream> {
  const { file, byteLength } = await openFile(path)
  try {
    return await openStream(bytesOf(file, path), { format, byteLength })
  } catch (error) {
    if (error instanceof OtherContent) return decodeElsewhere(path, error)
    throw error
  }
}

async function openFile(path: string): Promise<{ readonly file: FileHandle; readonly byteLength: number }> {
  let file: FileHandle | undefined
  try {
    // Opening a named pipe without O_NONBLOCK would wait for its writer for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await file.stat()
    if (!stats.isFile())
      throw new AudioError('AUDIO_UNREADABLE', `${path} is not a file; expected an audio file`, { path })
    return { file, byteLength: stats.size }
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

async function* bytesOf(file: FileHandle, path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const before = await file.stat()
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null)
      if (bytesRead === 0) break
      yield buffer.subarray(0, bytesRead)
    }
    if (hasChanged(before, await file.stat())) {
      throw new AudioError(
        'AUDIO_UNREADABLE',
        `${path} was written to while it was read; try again when its writer is done`,
        { path },
      )
    }
  } finally {
    await file.close()
  }
}

/** As ffmpeg hands them on; it opens no other place than the file, whatever a play list inside says. */
const ffmpegArguments = (path: string): string[] => [
  ...['-nostdin', '-v', 'error', '-protocol_whitelist', 'file,pipe'],
  ...['-i', `file:${resolve(path)}`, '-map', '0:a:0', '-vn', '-c:a', 'pcm_f32le', '-f', 'wav', 'pipe:1'],
]

async function decodeElsewhere(path: string, refusal: OtherContent): Promise<OpenedStream> {
  const child = spawn('ffmpeg', ffmpegArguments(path), { stdio: ['ignore', 'pipe', 'pipe'] })
  const program = new Ffmpeg(child, path, refusal)
  try {
    const { audio, close } = await openStream(program.bytes())
    return { audio, close: () => close().finally(() => program.end()) }
  } catch (error) {
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
            `ffmpeg cannot decode it: ${this.#complaint.trim().split('\n')[0] ?? ''}; expected audio`,
            { path, status, complaint: this.#complaint },
          )
        }
        settle()
      })
    })
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
