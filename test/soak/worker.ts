/** A worker_thread of the load: opens a session of each kind, runs, and ends, or is ended in the middle of it. */
import { parentPort, workerData } from 'node:worker_threads'
import type * as Package from '../../lib'

export interface WorkerTask {
  readonly package: string
  readonly kind: 'cpu' | 'npu'
  readonly model: string
  readonly library: string
  readonly device: number
  /** Runs until it is ended. */
  readonly endless: boolean
}

export type WorkerOutcome =
  { readonly sum: readonly number[] } | { readonly code: string; readonly text: string }

const ones = { type: 'float32', dims: [2, 3], data: Float32Array.of(1, 1, 1, 1, 1, 1) } as const

async function outcome(task: WorkerTask): Promise<WorkerOutcome> {
  const { AclSession, OrtSession } = (await import(task.package)) as typeof Package
  try {
    await using session =
      task.kind === 'cpu'
        ? await OrtSession.create(task.model, { threads: 1 })
        : await AclSession.create(task.model, { device: task.device, libraryPath: task.library })
    const run = () => session.run({ a: ones, b: ones }, undefined, { timeoutMs: 5000 })
    let { sum } = await run()
    if (task.endless) parentPort!.postMessage('running')
    while (task.endless) sum = (await run())['sum']
    return { sum: Array.from(sum!.data as Float32Array) }
  } catch (error) {
    return { code: (error as { code?: string }).code ?? 'no code', text: String(error) }
  }
}

void outcome(workerData as WorkerTask).then(result => parentPort!.postMessage(result))
