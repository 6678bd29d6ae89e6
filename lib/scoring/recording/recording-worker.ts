/** A thread that decodes one recording, a block whenever one is asked for. */
import { parentPort, workerData } from 'node:worker_threads'
import { openStream, type OpenedStream } from '../../audio'
import { AasistError, serializeError, SessionError } from '../../errors'
import type { RecordingJob, RecordingReply, RecordingRequest } from './recording-protocol'
import { recordingSamples } from './recording-samples'
import { openRecording } from './recording-source'

const port = parentPort!
const job = workerData as RecordingJob

function reply(message: RecordingReply, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

const leaving = new AbortController()

/** Who waits for the reader's bytes. */
let onBytes: ((bytes: Uint8Array | null) => void) | undefined

async function* bytesOfReader(): AsyncGenerator<Uint8Array, void, undefined> {
  // Nobody would answer any more.
  while (!leaving.signal.aborted) {
    const next = new Promise<Uint8Array | null>(resolve => (onBytes = resolve))
    reply({ kind: 'bytes wanted' })
    const bytes = await next
    if (bytes === null) return
    yield bytes
  }
}

function open(): Promise<OpenedStream> {
  const { path, format, byteLength } = job
  return path === null
    ? openStream(bytesOfReader(), { format, byteLength })
    : openRecording(path, format, leaving.signal)
}

let opened: OpenedStream | undefined

async function* samples(): AsyncGenerator<readonly Float32Array<ArrayBuffer>[], void, undefined> {
  opened = await open()
  yield* recordingSamples(opened.audio, job, job.path === null ? 'at once' : 'gathered')
}

const blocks = samples()

async function next(): Promise<void> {
  try {
    const { done, value } = await blocks.next()
    if (done === true) reply({ kind: 'end' })
    else
      reply(
        { kind: 'samples', channels: value },
        value.map(channel => channel.buffer),
      )
  } catch (error) {
    reply({ kind: 'failure', error: serializeError(typed(error)) })
  }
}

function typed(cause: unknown): AasistError {
  if (cause instanceof AasistError) return cause
  const reason = String(cause)
  return new SessionError(
    'PREPARATION_FAILED',
    `decoding the recording broke down: ${reason}; try again`,
    { reason },
    { cause },
  )
}

let working = Promise.resolve()

port.on('message', (request: RecordingRequest) => {
  switch (request.kind) {
    case 'next':
      working = working.then(next)
      break
    case 'bytes':
      onBytes?.(request.bytes)
      break
    case 'no more bytes':
      onBytes?.(null)
      break
    case 'leave':
      leaving.abort()
      onBytes?.(null)
      // Left open by a thread that is ended by force, a file would stay open.
      void working.then(() => opened?.close()).finally(() => port.close())
  }
})
