/** A thread that prepares: one task at a time, in the order they arrive. */
import { parentPort } from 'node:worker_threads'
import { serializeError } from '../errors'
import { prepare, unexpectedFailure, type PreparationTask } from './preparation'
import type { PreparationReply } from './preparation-thread'

const port = parentPort!
let previous = Promise.resolve()

port.on('message', ({ id, task }: { id: number; task: PreparationTask }) => {
  previous = previous.then(async () => {
    try {
      const value = await prepare(task)
      const reply: PreparationReply = { id, value }
      port.postMessage(reply, [
        value instanceof Uint8Array ? (value.buffer as ArrayBuffer) : value.samples.buffer,
      ])
    } catch (error) {
      const reply: PreparationReply = { id, error: serializeError(unexpectedFailure(task, error)) }
      port.postMessage(reply)
    }
  })
})
