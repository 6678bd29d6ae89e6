/**
 * The child process of isolation `process`: passes messages on between its parent and a thread that computes. This
 * thread stays free, so the next input is read while a run computes, and a child without a parent ends at once.
 */
import type { Request } from './ort-protocol'
import { startThread } from './thread-transport'

const worker = startThread({ exitWaitMs: 0 })
let closing = false

// A terminal's Ctrl-C and a service manager's SIGTERM reach the whole group. When to go is the parent's decision.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)

// However the parent went: it is killed, it exits, or its worker_thread is terminated.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

process.on('message', message => {
  const request = message as Request
  closing ||= request.kind === 'close'
  worker.post(request)
})

// A failed send means that the parent is gone.
worker.listen(reply => void process.send?.(reply, undefined, {}, () => undefined))

void worker.ended.then(how => {
  if (!closing) process.stderr.write(how)
  process.exit(closing ? 0 : 1)
})
