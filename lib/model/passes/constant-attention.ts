/** Attention maps that are uniform whatever the input, replaced by the constant they are. */
import { GraphBuilder, indexGraph, intAttribute, removeDead, type Graph, type GraphIndex } from '../graph'
import { inferShapes, type Shape } from '../shapes'

/**
 * exp(x − max x) is exactly 1 in float32 while x spans less than half a unit in the last place below 1, and a soft-max
 * of n equal values is exactly 1/n.
 */
const uniformSpan = 2 ** -25

/**
 * In the official AASIST-L checkpoint the attention vectors of the heterogeneous layers have decayed to about 1e-40, so
 * those maps are 1/n for any input. This is proved from the weights, by bounding every value that reaches a Softmax,
 * and never assumed: other checkpoints (the demo's, the full AASIST) keep their attention.
 */
export function constantAttention(graph: Graph): Graph {
  const index = indexGraph(graph)
  const shapes = inferShapes(graph)
  const builder = new GraphBuilder(graph)
  const constants = new Map<string, string>()
  for (const node of graph.nodes) {
    const shape = shapes.get(node.outputs[0]!)
    if (
      node.op === 'Softmax' &&
      shape !== undefined &&
      2 * magnitudeBound(graph, index, node.inputs[0]!) < uniformSpan
    ) {
      const axis = intAttribute(node, 'axis', -1)
      constants.set(
        node.outputs[0]!,
        uniformMap(builder, node.outputs[0]!, shape, axis < 0 ? axis + shape.length : axis),
      )
    } else {
      builder.keep({ ...node, inputs: node.inputs.map(input => constants.get(input) ?? input) })
    }
  }
  return removeDead(builder.build(graph))
}

function uniformMap(builder: GraphBuilder, name: string, shape: Shape, axis: number): string {
  const size = shape.reduce((product, length) => product * length, 1)
  return builder.floats(`${name}.uniform`, shape, new Float32Array(size).fill(1 / shape[axis]!))
}

/** An upper bound of |value| over all inputs, Infinity where none can be given. */
function magnitudeBound(graph: Graph, index: GraphIndex, value: string): number {
  const constant = graph.initializers.get(value)
  if (constant !== undefined) return largestMagnitude(constant.data)
  const node = index.producer.get(value)
  if (node === undefined) return Infinity
  const boundOf = (input: number): number => magnitudeBound(graph, index, node.inputs[input]!)
  switch (node.op) {
    case 'Tanh':
    case 'Sigmoid':
    case 'Softmax':
      return 1
    case 'Concat':
      return Math.max(...node.inputs.map((_, input) => boundOf(input)))
    case 'Slice':
    case 'Squeeze':
    case 'Unsqueeze':
    case 'Reshape':
    case 'Transpose':
    case 'Identity':
      return boundOf(0)
    case 'Mul':
      return boundOf(0) * boundOf(1)
    case 'Add':
    case 'Sub':
      return boundOf(0) + boundOf(1)
    case 'Div': {
      const divisor = graph.initializers.get(node.inputs[1]!)
      return divisor === undefined ? Infinity : boundOf(0) / smallestMagnitude(divisor.data)
    }
    case 'MatMul': {
      const weight = graph.initializers.get(node.inputs[1]!)
      if (weight?.dims.length !== 2) return Infinity
      return boundOf(0) * largestMagnitude(weight.data) * weight.dims[0]!
    }
    default:
      return Infinity
  }
}

function largestMagnitude(data: Float32Array | BigInt64Array): number {
  let largest = 0
  for (const value of data) largest = Math.max(largest, Math.abs(Number(value)))
  return largest
}

function smallestMagnitude(data: Float32Array | BigInt64Array): number {
  let smallest = Infinity
  for (const value of data) smallest = Math.min(smallest, Math.abs(Number(value)))
  return smallest
}
