/** A thread that prepares: one task at a time, in the order they arrive. */
import { parentPort } from 'node:worker_threads'
import { serializeError } from '../errors'
import { prepare, unexpectedFailure, type PreparationResults } from './preparation'
import type { Leave, PreparationReply, PreparationRequest } from './preparation-thread'

const port = parentPort!

/** What is handed over instead of being copied. */
function bufferOf(value: PreparationResults[keyof PreparationResults]): ArrayBuffer {
  if (value instanceof Uint8Array) return value.buffer as ArrayBuffer
  return ('samples' in value ? value.samples : value.onnx).buffer as ArrayBuffer
}

let previous = Promise.resolve()
let isLeaving = false

port.on('message', (request: PreparationRequest | Leave) => {
  if (request === 'leave') {
    isLeaving = true
    void previous.then(() => port.close())
    return
  }
  const { id, task, memory } = request
  previous = previous.then(async () => {
    // Nobody waits for it any more.
    if (isLeaving) return
    try {
      const startedAtMs = performance.now()
      const value = await prepare(task, memory)
      const reply: PreparationReply = { id, value, workMs: performance.now() - startedAtMs }
      port.postMessage(reply, [bufferOf(value)])
    } catch (error) {
      const reply: PreparationReply = { id, error: serializeError(unexpectedFailure(task, error)) }
      port.postMessage(reply)
    }
  })
})
