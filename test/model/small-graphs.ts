/** Graphs of a few nodes, for what no AASIST export shows. */
import {
  float32Tensor,
  int64Tensor,
  type Attributes,
  type Graph,
  type Node,
  type Tensor,
} from '../../lib/model/graph'
import { writeOnnx } from '../../lib/model/onnx/write'
import { runOnnx, type Value } from '../support/run-onnx'

export function node(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Attributes = {},
): Node {
  return { name: `${op}/${output}`, op, inputs, outputs: [output], attributes }
}

/** A graph from `input`, `[rows, columns]`, to `output`. */
export function smallGraph(
  opset: number,
  shape: readonly [number, number],
  nodes: readonly Node[],
  constants: Readonly<Record<string, Tensor>> = {},
): Graph {
  return {
    name: 'small',
    opset,
    inputs: [{ name: 'input', dtype: 'float32', shape }],
    outputs: [{ name: 'output', dtype: 'float32', shape: null }],
    nodes,
    initializers: new Map(Object.entries(constants)),
  }
}

export const sizes = (...values: readonly number[]): Tensor => int64Tensor([values.length], values)

/** Numbers between −1 and 1 without a pattern; equal seeds give equal ones. */
export function noise(count: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0
    return state / 2 ** 31 - 1
  })
}

export function noiseTensor(dims: readonly number[], seed: number): Tensor {
  return float32Tensor(
    dims,
    noise(
      dims.reduce((product, size) => product * size, 1),
      seed,
    ),
  )
}

/** `output` for a batch of noise. */
export async function outputOf(graph: Graph): Promise<Value> {
  const [rows, columns] = graph.inputs[0]!.shape as readonly [number, number]
  const samples = Array.from({ length: rows }, (_, row) => noise(columns, row + 1))
  return (await runOnnx(writeOnnx(graph, { producerName: 'test', metadata: {} }), samples))['output']!
}
