/** Static shapes of every value, for the operators AASIST graphs consist of (ONNX operator sets 11 to 18). */
import { ModelError } from '../errors'
import {
  intAttribute,
  intConstant,
  intsAttribute,
  stringAttribute,
  type Constants,
  type Graph,
  type Node,
} from './graph'

export type Shape = readonly number[]

/**
 * Values whose operator or shape arithmetic is not covered are left out; passes then leave their neighbourhood alone.
 * @throws ModelError MODEL_INVALID when an input has a symbolic dimension, because passes need sizes, or when a node
 * cannot take the shapes that reach it
 */
export function inferShapes(graph: Graph): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>()
  for (const [name, tensor] of graph.initializers) shapes.set(name, tensor.dims)
  for (const input of graph.inputs) shapes.set(input.name, fixedShape(input))
  for (const node of graph.nodes) recordShapes(shapes, graph.initializers, node)
  return shapes
}

/** @throws ModelError MODEL_INVALID */
export function fixedShape(input: Graph['inputs'][number]): Shape {
  const { name, shape } = input
  if (shape === null || !shape.every(size => typeof size === 'number')) {
    const found = shape === null ? 'no shape' : `shape [${shape.join()}]`
    throw new ModelError('MODEL_INVALID', `input "${name}" has ${found}; fixed sizes are needed`)
  }
  return shape
}

/** Adds what is known of a node's outputs, given the shapes of its inputs. */
export function recordShapes(shapes: Map<string, Shape>, constants: Constants, node: Node): void {
  const inputs = node.inputs.map(input => (input === '' ? undefined : shapes.get(input)))
  const found = inferNode(constants, node, inputs)
  for (const [index, output] of node.outputs.entries()) {
    const shape = found[index]
    // Attributes that do not fit their input make sizes that are none.
    if (output === '' || !shape?.every(size => Number.isSafeInteger(size) && size >= 0)) continue
    shapes.set(output, shape)
  }
}

/** Shape of the result = shape of the first input. */
const sameAsFirst = new Set([
  'Abs',
  'BatchNormalization',
  'Cast',
  'Ceil',
  'Clip',
  'Elu',
  'Erf',
  'Exp',
  'Floor',
  'Identity',
  'LeakyRelu',
  'Log',
  'LogSoftmax',
  'Neg',
  'Not',
  'Reciprocal',
  'Relu',
  'ScatterElements',
  'ScatterND',
  'Selu',
  'Sigmoid',
  'Softmax',
  'Softplus',
  'Sqrt',
  'Tanh',
])
/** Inputs are broadcast against each other. */
const broadcasting = new Set([
  'Add',
  'And',
  'Div',
  'Equal',
  'Greater',
  'Less',
  'Max',
  'Min',
  'Mul',
  'Or',
  'Pow',
  'Sub',
  'Where',
])

type Shapes = readonly (Shape | undefined)[]

function inferNode(constants: Constants, node: Node, inputs: Shapes): Shapes {
  if (broadcasting.has(node.op)) return inputs.every(isKnown) ? [broadcast(node, inputs)] : []
  const [first, second] = inputs
  const constant = (index: number): readonly number[] | undefined =>
    intConstant(constants, node.inputs[index])
  if (node.op === 'ConstantOfShape') return [constant(0)]
  if (first === undefined) return []
  if (sameAsFirst.has(node.op)) return [first]
  const axisOf = (fallback: number): number => wrap(intAttribute(node, 'axis', fallback), first.length)
  switch (node.op) {
    case 'Conv':
      return second === undefined ? [] : [convolved(node, first, second)]
    case 'MaxPool':
    case 'AveragePool': {
      const spatial = windowed(node, first.slice(2), intsAttribute(node, 'kernel_shape', []))
      return spatial === undefined ? [] : [[...first.slice(0, 2), ...spatial]]
    }
    case 'Unsqueeze': {
      const axes = axesOf(node, constant(1))
      if (axes === undefined) return []
      const rank = first.length + axes.length
      const added = new Set(axes.map(axis => wrap(axis, rank)))
      const rest = [...first]
      return [Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift()!))]
    }
    case 'Squeeze': {
      if (node.inputs[1] && constant(1) === undefined) return []
      const axes = axesOf(node, constant(1)) ?? [...first.keys()].filter(axis => first[axis] === 1)
      const removed = new Set(axes.map(axis => wrap(axis, first.length)))
      return [first.filter((_, axis) => !removed.has(axis))]
    }
    case 'Flatten': {
      const axis = axisOf(1)
      return [[product(first.slice(0, axis)), product(first.slice(axis))]]
    }
    case 'Transpose':
      return [intsAttribute(node, 'perm', [...first.keys()].reverse()).map(axis => first[axis]!)]
    case 'Shape':
      return [[shapeRange(node, first).length]]
    case 'Reshape': {
      const target = constant(1)
      return target === undefined ? [] : [reshape(node, first, target)]
    }
    case 'Expand': {
      const target = constant(1)
      return target?.every(size => size >= 0) ? [broadcast(node, [first, target])] : []
    }
    case 'MatMul':
      return second === undefined ? [] : [multiplied(node, first, second)]
    case 'Gemm': {
      if (second === undefined) return []
      const rows = first[intAttribute(node, 'transA', 0) === 0 ? 0 : 1]!
      return [[rows, second[intAttribute(node, 'transB', 0) === 0 ? 1 : 0]!]]
    }
    case 'Concat': {
      if (!inputs.every(isKnown)) return []
      const axis = axisOf(0)
      const total = inputs.reduce((sum, shape) => sum + shape[axis]!, 0)
      return [first.map((size, at) => (at === axis ? total : size))]
    }
    case 'Gather': {
      const axis = axisOf(0)
      return second === undefined ? [] : [[...first.slice(0, axis), ...second, ...first.slice(axis + 1)]]
    }
    case 'Slice': {
      const [starts, ends, axes, steps] = [constant(1), constant(2), constant(3), constant(4)]
      const unknown = (input: number, values: readonly number[] | undefined): boolean =>
        Boolean(node.inputs[input]) && values === undefined
      if (starts === undefined || ends === undefined || unknown(3, axes) || unknown(4, steps)) return []
      if (steps?.some(step => step !== 1)) return []
      const shape = [...first]
      for (const [index, axis] of (axes ?? starts.map((_, at) => at)).entries()) {
        const at = wrap(axis, first.length)
        const size = first[at]
        // Written at an axis of a billion, the shape would be a billion long.
        if (size === undefined) return []
        const [from, to] = sliceBounds(starts[index]!, ends[index]!, size)
        shape[at] = to - from
      }
      return [shape]
    }
    case 'Pad': {
      const pads = constant(1)
      if (pads === undefined || node.inputs[3]) return []
      return [first.map((size, axis) => size + pads[axis]! + pads[axis + first.length]!)]
    }
    case 'ReduceMax':
    case 'ReduceMean':
    case 'ReduceMin':
    case 'ReduceSum': {
      const axes = axesOf(node, constant(1))
      if (axes === undefined) return []
      const reduced = new Set(axes.map(axis => wrap(axis, first.length)))
      const keep = intAttribute(node, 'keepdims', 1) === 1
      return [first.flatMap((size, axis) => (reduced.has(axis) ? (keep ? [1] : []) : [size]))]
    }
    case 'TopK': {
      const count = constant(1)?.[0]
      if (count === undefined) return []
      const shape = first.map((size, axis) => (axis === axisOf(-1) ? count : size))
      return [shape, shape]
    }
    case 'GatherElements':
      return [second]
    default:
      return []
  }
}

const isKnown = (shape: Shape | undefined): shape is Shape => shape !== undefined
const product = (shape: Shape): number => shape.reduce((result, size) => result * size, 1)
export const wrap = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)

/** Axes of operators that took them as an attribute before operator set 13 or 18, and as an input since. */
function axesOf(node: Node, input: readonly number[] | undefined): readonly number[] | undefined {
  const attribute = node.attributes['axes']
  return input ?? (attribute?.kind === 'ints' ? attribute.value : undefined)
}

/** What a Shape node gives; `start` and `end` exist since operator set 15. */
export function shapeRange(node: Node, shape: Shape): Shape {
  return shape.slice(intAttribute(node, 'start', 0), intAttribute(node, 'end', shape.length))
}

/** ONNX Slice semantics for step 1: negative bounds count from the end, both are clamped. */
function sliceBounds(start: number, end: number, size: number): readonly [from: number, to: number] {
  const clamp = (bound: number): number => Math.min(Math.max(bound < 0 ? bound + size : bound, 0), size)
  return [clamp(start), Math.max(clamp(start), clamp(end))]
}

/** Whether a Conv or pool says its padding in numbers; `auto_pad` depends on the input's size. */
export function hasPlainPads(node: Node): boolean {
  return stringAttribute(node, 'auto_pad', 'NOTSET') === 'NOTSET'
}

function convolved(node: Node, input: Shape, weight: Shape): Shape | undefined {
  const spatial = windowed(node, input.slice(2), weight.slice(2))
  const groups = intAttribute(node, 'group', 1)
  if (input.length !== weight.length || input[1] !== weight[1]! * groups)
    throw mismatch(node, [input, weight])
  return spatial === undefined ? undefined : [input[0]!, weight[0]!, ...spatial]
}

function windowed(node: Node, spatial: Shape, kernel: Shape): Shape | undefined {
  // Runtimes do not agree on how many windows a pool that rounds up has.
  if (!hasPlainPads(node) || intAttribute(node, 'ceil_mode', 0) !== 0) return undefined
  const each = (name: string, fallback: number, count: number): readonly number[] =>
    intsAttribute(node, name, Array<number>(count).fill(fallback))
  const strides = each('strides', 1, spatial.length)
  const dilations = each('dilations', 1, spatial.length)
  const pads = each('pads', 0, 2 * spatial.length)
  return spatial.map((size, axis) => {
    const covered =
      size + pads[axis]! + pads[axis + spatial.length]! - (dilations[axis]! * (kernel[axis]! - 1) + 1)
    return Math.floor(covered / strides[axis]!) + 1
  })
}

function broadcast(node: Node, shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map(shape => shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = new Set(shapes.map(shape => shape[axis - rank + shape.length] ?? 1))
    sizes.delete(1)
    if (sizes.size > 1) throw mismatch(node, shapes)
    const [size = 1] = sizes
    return size
  })
}

function multiplied(node: Node, first: Shape, second: Shape): Shape | undefined {
  if (first.length < 2 || second.length < 2) return undefined
  if (first.at(-1) !== second.at(-2)) throw mismatch(node, [first, second])
  return [...broadcast(node, [first.slice(0, -2), second.slice(0, -2)]), first.at(-2)!, second.at(-1)!]
}

function reshape(node: Node, from: Shape, target: Shape): Shape | undefined {
  // Since operator set 14 a zero may mean a dimension of size zero, which nothing here has.
  if (intAttribute(node, 'allowzero', 0) !== 0 && target.includes(0)) return undefined
  const copied = target.map((size, axis) => (size === 0 ? from[axis]! : size))
  const known = copied.reduce((result, size) => (size === -1 ? result : result * size), 1)
  const shape = copied.map(size => (size === -1 ? product(from) / known : size))
  if (product(shape) !== product(from)) throw mismatch(node, [from, target])
  return shape
}

function mismatch(node: Node, shapes: readonly Shape[]): ModelError {
  const found = shapes.map(shape => `[${shape.join()}]`).join(' and ')
  return new ModelError(
    'MODEL_INVALID',
    `${node.op} "${node.name}" cannot take shapes ${found}: the model is damaged, or was exported for another batch ` +
      'or length; export it for the sizes it is to have',
    { node: node.name, op: node.op },
  )
}
