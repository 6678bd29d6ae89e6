import { Worker } from 'node:worker_threads'
import { sourceFlags } from '../file-beside'
import { addExitGuard, newControl, removeExitGuard } from './exit-handshake'
import { requestTransfer } from './ort-protocol'
import type { Reply, Transport } from './ort-protocol'
import { workerFile } from './worker-file'

/** A worker_thread. It is never terminated: it leaves by itself when told to close. */
export function startThread({ exitWaitMs }: { exitWaitMs: number }): Transport {
  const guard = { control: newControl(), exitWaitMs }
  const worker = new Worker(workerFile, {
    name: 'onnxruntime session',
    workerData: { control: guard.control },
    // Nothing printed in there may reach the caller's streams.
    stdout: true,
    stderr: true,
    ...(sourceFlags.length > 0 && { execArgv: [...sourceFlags] }),
  })
  addExitGuard(guard)
  let failure: string | undefined
  worker.on('error', error => {
    failure = error.message
  })
  const ended = new Promise<string>(resolve => {
    worker.once('exit', status => {
      removeExitGuard(guard)
      resolve(failure ?? `its thread ended with status ${status}`)
    })
  })
  return {
    listen: onReply => {
      worker.removeAllListeners('message').on('message', (reply: Reply) => onReply(reply))
    },
    post: request => worker.postMessage(request, requestTransfer(request)),
    setKeepAlive: state => {
      if (state === 'needed') worker.ref()
      else worker.unref()
    },
    kill: undefined,
    ended,
  }
}
