/** Runs in a worker_thread beside its caller and owns one onnxruntime session. */
import { parentPort, workerData } from 'node:worker_threads'
import type * as Ort from 'onnxruntime-node'
import { errorMessage } from '../errors'
import { NativeGate } from './exit-handshake'
import { findOnnxruntime } from './ort-package'
import type { LoadRequest, Reply, Request, RunRequest } from './ort-protocol'
import { packTensor, transferList, unpackTensor } from './packed-tensor'
import type { PackedTensor } from './packed-tensor'
import type { TensorLike, TensorMetadata } from './tensor'

if (parentPort === null) throw new Error('ort-worker runs in a worker_thread')
const caller = parentPort
const gate = new NativeGate((workerData as { control: SharedArrayBuffer }).control)

function reply(message: Reply): void {
  caller.postMessage(message, message.kind === 'result' ? transferList(message.outputs) : [])
}

/** Unlike `performance.now()` the same in every thread and process. */
const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6

let ort: typeof Ort | undefined
let session: Ort.InferenceSession | undefined

function tensorMetadata(values: readonly Ort.InferenceSession.ValueMetadata[]): TensorMetadata[] {
  return values.map(value => {
    if (!value.isTensor)
      throw new Error(`"${value.name}" is not a tensor; only tensors can cross into this session`)
    // Under the package's own names, so that nothing else of onnxruntime's object crosses.
    return { name: value.name, isTensor: true, type: value.type, shape: [...value.shape] }
  })
}

async function load({ model, threads, graphOptimization, memory }: LoadRequest): Promise<Reply> {
  const found = findOnnxruntime()
  if ('reason' in found) return { kind: 'unusable', code: 'CPU_BACKEND_MISSING', ...found }
  ort = found.ort
  ort.env.logLevel = 'fatal'
  const options: Ort.InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: graphOptimization,
    enableMemPattern: memory === 'planned',
    logSeverityLevel: 4,
  }
  try {
    const { InferenceSession } = ort
    session = await (typeof model === 'string'
      ? InferenceSession.create(model, options)
      : InferenceSession.create(new Uint8Array(model), options))
    const inputs = tensorMetadata(session.inputMetadata)
    return { kind: 'ready', inputs, outputs: tensorMetadata(session.outputMetadata) }
  } catch (error) {
    return { kind: 'unusable', code: 'MODEL_INVALID', reason: errorMessage(error) }
  }
}

function packOutput({ type, dims, data }: TensorLike): PackedTensor {
  if (
    ArrayBuffer.isView(data) &&
    data.buffer instanceof ArrayBuffer &&
    data.byteLength === data.buffer.byteLength
  ) {
    return { type, dims, data: data.buffer }
  }
  return packTensor({ type, dims, data })
}

function onnxruntimeTensor(packed: PackedTensor): Ort.Tensor {
  const { type, dims, data } = unpackTensor(packed)
  // From Node 24 on the constructor turns float16 into a Float16Array, which onnxruntime-node 1.30 then cannot read.
  if (type === 'float16')
    return { type, dims, data, location: 'cpu', size: data.length } as unknown as Ort.Tensor
  return new ort!.Tensor(type, data, dims)
}

async function run({ id, feeds, fetches }: RunRequest): Promise<Reply> {
  try {
    const tensors = Object.entries(feeds).map(([name, packed]) => [name, onnxruntimeTensor(packed)] as const)
    const executeAtMs = monotonicMs()
    const results = await session!.run(Object.fromEntries(tensors), fetches, { logSeverityLevel: 4 })
    const executeMs = monotonicMs() - executeAtMs
    const outputs = Object.entries(results).map(([name, tensor]) => [name, packOutput(tensor)] as const)
    return { kind: 'result', id, outputs: Object.fromEntries(outputs), executeMs, executeAtMs }
  } catch (error) {
    return { kind: 'failure', id, reason: errorMessage(error) }
  }
}

async function answer(request: Exclude<Request, { kind: 'drop' }>): Promise<void> {
  gate.enter()
  if (request.kind === 'close') {
    await session?.release()
    gate.leave()
    // The thread ends by itself once nothing listens any more.
    caller.close()
    return
  }
  const message = request.kind === 'load' ? await load(request) : await run(request)
  gate.leave()
  reply(message)
}

const inbox: Exclude<Request, { kind: 'drop' }>[] = []
let working = false

/** Strictly one request at a time. */
async function work(): Promise<void> {
  working = true
  for (;;) {
    // One turn of the event loop, in which a `drop` for the request that comes next can still arrive.
    await new Promise(setImmediate)
    const request = inbox.shift()
    if (request === undefined) break
    await answer(request)
  }
  working = false
}

caller.on('message', (request: Request) => {
  if (request.kind !== 'drop') {
    inbox.push(request)
    if (!working) void work()
    return
  }
  const index = inbox.findIndex(other => other.kind === 'run' && other.id === request.id)
  if (index < 0) return
  inbox.splice(index, 1)
  reply({ kind: 'dropped', id: request.id })
})
