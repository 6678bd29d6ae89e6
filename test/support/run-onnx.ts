/** onnxruntime on this thread: tests of the model room must not depend on the session room. */
import * as ort from 'onnxruntime-node'
import type { Graph } from '../../lib/model/graph'
import { inferShapes } from '../../lib/model/shapes'
import { writeOnnx } from '../../lib/model/onnx/write'

export interface Value {
  readonly dims: readonly number[]
  readonly data: Float32Array
}

/** Runs a model whose one input is `input`. `samples` may hold fewer rows than the batch; they are repeated. */
export async function runOnnx(
  model: Uint8Array,
  samples: readonly Float32Array[],
): Promise<Record<string, Value>> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1 })
  try {
    const [info] = session.inputMetadata
    if (info?.isTensor !== true) throw new Error('the model has no tensor input')
    const [batch, length] = info.shape as [number, number]
    const input = new Float32Array(batch * length)
    for (let row = 0; row < batch; row++) input.set(samples[row % samples.length]!, row * length)
    const outputs = await session.run({ input: new ort.Tensor('float32', input, [batch, length]) })
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { dims, data }]) => [
        name,
        { dims, data: Float32Array.from(data as Float32Array) },
      ]),
    )
  } finally {
    await session.release()
  }
}

/** Runs a graph with any of its values as outputs. */
export function runGraph(
  graph: Graph,
  samples: readonly Float32Array[],
  outputs: readonly string[],
): Promise<Record<string, Value>> {
  const shapes = inferShapes(graph)
  const open = {
    ...graph,
    outputs: outputs.map(name => ({ name, dtype: 'float32', shape: shapes.get(name)! })),
  }
  return runOnnx(writeOnnx(open, { producerName: 'test', metadata: {} }), samples)
}

/** Row `row` of a `[rows, columns]` value. */
export function rowOf(value: Value, row: number): Float32Array {
  const columns = value.dims[1]!
  return value.data.subarray(row * columns, (row + 1) * columns)
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity
  let largest = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!)
    // A NaN must never pass for agreement.
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference
  }
  return largest
}
