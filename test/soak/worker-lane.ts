/** worker_threads that come and go, every other one ended while it runs. */
import { Worker } from 'node:worker_threads'
import { npuCodes, type Surroundings } from './session-lanes'
import type { WorkerOutcome, WorkerTask } from './worker'

const codes: readonly string[] = [...npuCodes, 'MODEL_INVALID', 'ACL_NO_DEVICE']

export async function workerRound(
  index: string,
  { tally, add, library }: Surroundings,
  count: number,
): Promise<void> {
  const kind = count % 2 === 0 ? 'npu' : 'cpu'
  const endless = count % 4 >= 2
  const lane = `worker ${kind}${endless ? ' ended' : ''}`
  const task: WorkerTask = {
    package: index,
    kind,
    model: kind === 'npu' ? add.om : add.onnx,
    library,
    device: (count >> 2) % 4,
    endless,
  }
  const worker = new Worker(require.resolve('./worker'), { workerData: task })
  // Not once(): that rejects when the worker breaks down, which is told below.
  const exited = new Promise<void>(resolve => worker.once('exit', () => resolve()))
  const failed = new Promise<WorkerOutcome>(resolve => {
    worker.once('error', error => resolve({ code: 'no code', text: String(error) }))
  })
  const said = new Promise<'running' | WorkerOutcome>(resolve => worker.once('message', resolve))
  const gone = exited.then((): WorkerOutcome => ({ code: 'no code', text: 'ended without a word' }))
  const first = await Promise.race([said, failed, gone])
  if (first === 'running') {
    await worker.terminate()
    tally.right(lane)
  } else if ('sum' in first) tally.compare(lane, first.sum, [2, 2, 2, 2, 2, 2])
  else
    tally.error(lane, Object.assign(new Error(first.text), { code: first.code }), kind === 'npu' ? codes : [])
  await exited
}
