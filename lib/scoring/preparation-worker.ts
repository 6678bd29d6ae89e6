/** A thread that prepares: one task at a time, in the order they arrive. */
import { parentPort, workerData } from 'node:worker_threads'
import { serializeError } from '../errors'
import { LeaveSign } from './leave-sign'
import { prepare, readClip, unexpectedFailure, type PreparationResults } from './preparation'
import type { Leave, PreparationReply, PreparationRequest } from './preparation-thread'

const port = parentPort!
const sign = new LeaveSign(workerData as SharedArrayBuffer)

/** What is handed over instead of being copied. */
function bufferOf(value: PreparationResults[keyof PreparationResults]): ArrayBuffer {
  if (value instanceof Uint8Array) return value.buffer as ArrayBuffer
  return ('samples' in value ? value.samples : value.onnx).buffer as ArrayBuffer
}

let previous = Promise.resolve()

port.on('message', (request: PreparationRequest | Leave) => {
  if (request === 'leave') {
    void previous.then(() => port.close())
    return
  }
  const { id, task, memory } = request
  previous = previous.then(async () => {
    if (sign.isSet) return
    try {
      const startedAtMs = performance.now()
      const value = await prepare(task, memory, path => sign.whileAtFile(() => readClip(path)))
      const reply: PreparationReply = { id, value, workMs: performance.now() - startedAtMs }
      port.postMessage(reply, [bufferOf(value)])
    } catch (error) {
      const reply: PreparationReply = { id, error: serializeError(unexpectedFailure(task, error)) }
      port.postMessage(reply)
    }
  })
})
