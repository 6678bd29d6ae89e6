/** Attention maps that are uniform whatever the input, replaced by the constant they are. */
import {
  floatAttribute,
  GraphBuilder,
  intAttribute,
  removeDead,
  stringAttribute,
  type Graph,
  type Node,
  type Tensor,
} from '../graph'
import { inferShapes, wrap, type Shape } from '../shapes'

/**
 * exp(x − max x) is exactly 1 in float32 while x spans less than half a unit in the last place below 1, and a soft-max
 * of n equal values is exactly 1/n.
 */
const uniformSpan = 2 ** -25

/** More than any attention map of this network has at the largest batch. */
const largestMap = 2 ** 24

/**
 * In the official AASIST-L checkpoint the attention vectors of the heterogeneous layers have decayed to about 1e-40, so
 * those maps are 1/n for any input. This is proved from the weights, by bounding every value that reaches a Softmax,
 * and never assumed: other checkpoints (the demo's, the full AASIST) keep their attention.
 */
export function constantAttention(graph: Graph): Graph {
  const shapes = inferShapes(graph)
  const bounds = magnitudeBounds(graph, shapes)
  const outputs = new Set(graph.outputs.map(({ name }) => name))
  const builder = new GraphBuilder(graph)
  const constants = new Map<string, string>()
  for (const node of graph.nodes) {
    const output = node.outputs[0]!
    const shape = shapes.get(output)
    const isUniform = node.op === 'Softmax' && 2 * (bounds.get(node.inputs[0]!) ?? Infinity) < uniformSpan
    if (isUniform && shape !== undefined && sizeOf(shape) <= largestMap && !outputs.has(output)) {
      const share = 1 / normalizedTogether(graph.opset, node, shape)
      constants.set(
        output,
        builder.floats(`${output}.uniform`, shape, new Float32Array(sizeOf(shape)).fill(share)),
      )
    } else {
      builder.keep({ ...node, inputs: node.inputs.map(input => constants.get(input) ?? input) })
    }
  }
  return constants.size === 0 ? graph : removeDead(builder.build(graph))
}

const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1)

/** How many values a Softmax makes sum to one: before operator set 13 those of all axes from `axis` on. */
function normalizedTogether(opset: number, node: Node, shape: Shape): number {
  return opset < 13
    ? sizeOf(shape.slice(wrap(intAttribute(node, 'axis', 1), shape.length)))
    : shape[wrap(intAttribute(node, 'axis', -1), shape.length)]!
}

/** For each value an upper bound of its magnitude over all inputs; values are left out where none can be given. */
function magnitudeBounds(graph: Graph, shapes: ReadonlyMap<string, Shape>): ReadonlyMap<string, number> {
  const bounds = new Map<string, number>()
  for (const [name, tensor] of graph.initializers) bounds.set(name, largestMagnitude(tensor))
  for (const node of graph.nodes) {
    const bound = magnitudeBound(node, graph, shapes, index => bounds.get(node.inputs[index]!) ?? Infinity)
    // Infinity times zero: a weight of zero does not make an overflow harmless.
    if (Number.isFinite(bound)) bounds.set(node.outputs[0]!, bound)
  }
  return bounds
}

function magnitudeBound(
  node: Node,
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  boundOf: (input: number) => number,
): number {
  const largestOf = (inputs: readonly number[]): number => Math.max(...inputs.map(boundOf))
  switch (node.op) {
    case 'Tanh':
    case 'Sigmoid':
    case 'Softmax':
      return 1
    case 'Concat':
    case 'Max':
    case 'Min':
      return largestOf([...node.inputs.keys()])
    case 'Where':
      return largestOf([1, 2])
    case 'ScatterND':
    case 'ScatterElements':
      return stringAttribute(node, 'reduction', 'none') === 'none' ? largestOf([0, 2]) : Infinity
    case 'Abs':
    case 'Expand':
    case 'Flatten':
    case 'Gather':
    case 'GatherElements':
    case 'Identity':
    case 'Neg':
    case 'Relu':
    case 'Reshape':
    case 'Slice':
    case 'Squeeze':
    case 'Tile':
    case 'Transpose':
    case 'Unsqueeze':
      return boundOf(0)
    case 'Mul':
      return boundOf(0) * boundOf(1)
    case 'Add':
    case 'Sub':
      return boundOf(0) + boundOf(1)
    case 'Div': {
      const divisor = graph.initializers.get(node.inputs[1]!)
      return divisor === undefined ? Infinity : boundOf(0) / smallestMagnitude(divisor)
    }
    case 'MatMul': {
      const terms = shapes.get(node.inputs[1]!)?.at(-2)
      return terms === undefined ? Infinity : boundOf(0) * boundOf(1) * terms
    }
    case 'Gemm': {
      const terms = shapes.get(node.inputs[0]!)?.[intAttribute(node, 'transA', 0) === 0 ? 1 : 0]
      if (terms === undefined) return Infinity
      const product = Math.abs(floatAttribute(node, 'alpha', 1)) * boundOf(0) * boundOf(1) * terms
      return node.inputs[2] ? product + Math.abs(floatAttribute(node, 'beta', 1)) * boundOf(2) : product
    }
    default:
      return Infinity
  }
}

function largestMagnitude({ data }: Tensor): number {
  let largest = 0
  for (let i = 0; i < data.length; i++) {
    const magnitude = Math.abs(Number(data[i]))
    // A NaN must not count as small.
    if (!(magnitude <= largest)) largest = Number.isNaN(magnitude) ? Infinity : magnitude
  }
  return largest
}

function smallestMagnitude({ data }: Tensor): number {
  let smallest = Infinity
  for (let i = 0; i < data.length; i++) {
    const magnitude = Math.abs(Number(data[i]))
    if (!(magnitude >= smallest)) smallest = Number.isNaN(magnitude) ? 0 : magnitude
  }
  return smallest
}
