/**
 * Runs in a process of its own: `registration-stories <story> <model>`. Prints what happened as one line of JSON. Each
 * thread has a registry of its own, so one process tells several beginnings.
 */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import type * as Ort from 'onnxruntime-node'
import { errorCode } from '../../lib/errors'
import { registerAscendBackend } from '../../lib/onnxruntime'
import type { RegisterOptions } from '../../lib/onnxruntime'

const [story = '', model = ''] = isMainThread ? process.argv.slice(2) : (workerData as string[])

const onnxruntime = (): typeof Ort => createRequire(__filename)('onnxruntime-node') as typeof Ort

function outcome(options?: RegisterOptions): string {
  try {
    registerAscendBackend(options)
    return 'registered'
  } catch (error) {
    return errorCode(error) ?? String(error)
  }
}

async function use(): Promise<string> {
  const ort = onnxruntime()
  const session = await ort.InferenceSession.create(model, { executionProviders: ['ascend'] })
  const x = new ort.Tensor('float32', Float32Array.of(1), [1])
  const rounds = new ort.Tensor('int64', BigInt64Array.of(1n), [])
  const { y } = await session.run({ x, rounds })
  await session.release()
  return `y = ${String((y!.data as Float32Array)[0])}`
}

/** Somebody else's, which comes first. */
async function afterAnother(priority: number): Promise<readonly string[]> {
  const ort = onnxruntime()
  const refusing = () => Promise.reject(new Error('another back end'))
  ort.registerBackend(
    'ascend',
    { init: () => Promise.resolve(), createInferenceSessionHandler: refusing },
    priority,
  )
  return [outcome(), await use().catch(String)]
}

const stories: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  once: async () => [outcome(), await use()],
  twice: async () => [outcome(), await use(), outcome(), outcome(), await use()],
  'an ort that is given': async () => [outcome({ ort: onnxruntime() }), await use(), outcome()],
  'no ort': () => Promise.resolve([{}, 1, null].map(ort => outcome({ ort } as unknown as RegisterOptions))),
  'misspelt option': () => Promise.resolve([outcome({ onnxruntime: {} } as RegisterOptions)]),
  'another before': () => afterAnother(-1),
  'another before, of higher priority': () => afterAnother(5),
  'another before, of lower priority': () => afterAnother(-2),
  nowhere: () => Promise.resolve([outcome()]),
}

async function inWorker(name: string): Promise<unknown> {
  const worker = new Worker(__filename, { workerData: [name, model] })
  const [[told]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [
    [unknown],
    unknown,
  ]
  return told
}

async function main(): Promise<unknown> {
  if (story === 'each in a thread') {
    const names = Object.keys(stories).filter(name => name !== 'nowhere')
    const told = await Promise.all(names.map(async name => [name, await inWorker(name)] as const))
    return Object.fromEntries(told)
  }
  return stories[story]!()
}

void main().then(told => {
  if (isMainThread) process.stdout.write(`${JSON.stringify(told)}\n`)
  else parentPort!.postMessage(told)
})
