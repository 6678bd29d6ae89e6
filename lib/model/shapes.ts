/** Static shapes of every value, for the operators AASIST graphs consist of (ONNX operator set 11 to 17). */
import { ModelError } from '../errors'
import { intAttribute, intConstant, intsAttribute, type Graph, type Node } from './graph'

export type Shape = readonly number[]

/**
 * Values whose operator or shape arithmetic is not covered are left out; passes then leave their neighbourhood alone.
 * @throws ModelError MODEL_INVALID when an input has a symbolic dimension: passes need sizes
 */
export function inferShapes(graph: Graph): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>()
  for (const [name, tensor] of graph.initializers) shapes.set(name, tensor.dims)
  for (const input of graph.inputs) {
    if (!input.shape.every(size => typeof size === 'number')) {
      throw new ModelError(
        'MODEL_INVALID',
        `input "${input.name}" has shape [${input.shape.join()}]; fixed sizes are needed`,
      )
    }
    shapes.set(input.name, input.shape)
  }
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(input => shapes.get(input))
    const outputs = inferNode(graph, node, inputs)
    for (const [index, output] of node.outputs.entries()) {
      const shape = outputs[index]
      if (shape !== undefined) shapes.set(output, shape)
    }
  }
  return shapes
}

const elementwise = new Set([
  'Abs',
  'Add',
  'BatchNormalization',
  'Div',
  'Exp',
  'Identity',
  'Max',
  'Min',
  'Mul',
  'Relu',
  'Selu',
  'Sigmoid',
  'Softmax',
  'Sub',
  'Tanh',
])
/** Of these only the first input decides the shape; the others are per-channel parameters. */
const firstInputDecides = new Set(['BatchNormalization'])

function inferNode(
  graph: Graph,
  node: Node,
  inputs: readonly (Shape | undefined)[],
): readonly (Shape | undefined)[] {
  const [first, second] = inputs
  if (first === undefined) return []
  const axisOf = (name: string, fallback: number): number =>
    wrap(intAttribute(node, name, fallback), first.length)
  const constant = (index: number): readonly number[] | undefined => intConstant(graph, node.inputs[index])

  if (firstInputDecides.has(node.op)) return [first]
  if (elementwise.has(node.op)) return inputs.every(shape => shape !== undefined) ? [broadcast(inputs)] : []
  switch (node.op) {
    case 'Conv':
      return second === undefined
        ? []
        : [[first[0]!, second[0]!, ...windowed(node, first.slice(2), second.slice(2))]]
    case 'MaxPool': {
      const spatial = windowed(node, first.slice(2), intsAttribute(node, 'kernel_shape', []))
      return [[...first.slice(0, 2), ...spatial]]
    }
    case 'Unsqueeze': {
      const axes = constant(1) ?? intsAttribute(node, 'axes', [])
      const rank = first.length + axes.length
      const added = new Set(axes.map(axis => wrap(axis, rank)))
      const rest = [...first]
      return [Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift()!))]
    }
    case 'Squeeze': {
      const axes = constant(1) ?? intsAttribute(node, 'axes', [])
      const removed = new Set(axes.map(axis => wrap(axis, first.length)))
      return [first.filter((_, axis) => !removed.has(axis))]
    }
    case 'Transpose':
      return [intsAttribute(node, 'perm', [...first.keys()].reverse()).map(axis => first[axis]!)]
    case 'Reshape': {
      const target = constant(1)
      return target === undefined ? [] : [reshape(first, target)]
    }
    case 'Expand': {
      const target = constant(1)
      return target === undefined ? [] : [broadcast([first, target])]
    }
    case 'MatMul':
      if (second === undefined || first.length < 2 || second.length < 2) return []
      return [[...broadcast([first.slice(0, -2), second.slice(0, -2)]), first.at(-2)!, second.at(-1)!]]
    case 'Concat': {
      if (!inputs.every(shape => shape !== undefined)) return []
      const axis = axisOf('axis', 0)
      const total = inputs.reduce((sum, shape) => sum + shape[axis]!, 0)
      return [first.map((size, at) => (at === axis ? total : size))]
    }
    case 'Slice': {
      const [starts, ends, axes, steps] = [constant(1), constant(2), constant(3), constant(4)]
      if (starts === undefined || ends === undefined || steps?.some(step => step !== 1)) return []
      const shape = [...first]
      for (const [index, axis] of (axes ?? starts.map((_, at) => at)).entries()) {
        const [from, to] = sliceBounds(starts[index]!, ends[index]!, first[wrap(axis, first.length)]!)
        shape[wrap(axis, first.length)] = to - from
      }
      return [shape]
    }
    case 'Pad': {
      const pads = constant(1)
      return pads === undefined
        ? []
        : [first.map((size, axis) => size + pads[axis]! + pads[axis + first.length]!)]
    }
    case 'ReduceMax':
    case 'ReduceMean': {
      const axes = new Set(
        (constant(1) ?? intsAttribute(node, 'axes', [])).map(axis => wrap(axis, first.length)),
      )
      const keep = intAttribute(node, 'keepdims', 1) === 1
      return [first.flatMap((size, axis) => (axes.has(axis) ? (keep ? [1] : []) : [size]))]
    }
    case 'TopK': {
      const count = constant(1)?.[0]
      if (count === undefined) return []
      const shape = first.map((size, axis) => (axis === axisOf('axis', -1) ? count : size))
      return [shape, shape]
    }
    case 'GatherElements':
      return [second]
    default:
      return []
  }
}

const wrap = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)

/** ONNX Slice semantics for step 1: negative bounds count from the end, both are clamped. */
export function sliceBounds(start: number, end: number, size: number): readonly [from: number, to: number] {
  const clamp = (bound: number): number => Math.min(Math.max(bound < 0 ? bound + size : bound, 0), size)
  return [clamp(start), Math.max(clamp(start), clamp(end))]
}

function windowed(node: Node, spatial: Shape, kernel: Shape): Shape {
  const strides = intsAttribute(
    node,
    'strides',
    spatial.map(() => 1),
  )
  const dilations = intsAttribute(
    node,
    'dilations',
    spatial.map(() => 1),
  )
  const pads = intsAttribute(
    node,
    'pads',
    [...spatial, ...spatial].map(() => 0),
  )
  return spatial.map((size, axis) => {
    const covered =
      size + pads[axis]! + pads[axis + spatial.length]! - (dilations[axis]! * (kernel[axis]! - 1) + 1)
    return Math.floor(covered / strides[axis]!) + 1
  })
}

function broadcast(shapes: readonly (Shape | undefined)[]): Shape {
  const rank = Math.max(...shapes.map(shape => shape?.length ?? 0))
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...shapes.map(shape => shape?.[axis - rank + shape.length] ?? 1)),
  )
}

function reshape(from: Shape, target: Shape): Shape {
  const copied = target.map((size, axis) => (size === 0 ? from[axis]! : size))
  const total = from.reduce((product, size) => product * size, 1)
  const known = copied.reduce((product, size) => (size === -1 ? product : product * size), 1)
  return copied.map(size => (size === -1 ? total / known : size))
}
