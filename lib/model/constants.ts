/** What nodes give whose inputs are all constant, for the operators of shape arithmetic and of prepared weights. */
import { intAttribute, intsAttribute, type Node, type Tensor } from './graph'
import { wrap, type Shape } from './shapes'

/** Where in the input each element of the output comes from. */
type Source = (output: readonly number[]) => number

/** Bounds what one node may make of a few bytes of file, as Expand and ConstantOfShape can. */
export const largestConstant = 2 ** 22

const isZero = (size: number | bigint): boolean => Number(size) === 0

/** The node's one output, or undefined where the operator, the types or the size are not covered. */
export function evaluate(node: Node, inputs: readonly (Tensor | undefined)[]): Tensor | undefined {
  const [first, second, third] = inputs
  if (first === undefined) return undefined
  switch (node.op) {
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
      return second === undefined ? undefined : arithmetic(node.op, first, second)
    case 'Equal':
      return second === undefined ? undefined : equal(first, second)
    case 'Where':
      return second === undefined || third === undefined ? undefined : where(first, second, third)
    case 'Cast':
      return cast(first, intAttribute(node, 'to', 0))
    case 'ConstantOfShape':
      return constantOfShape(node, first)
    case 'Range':
      return second === undefined || third === undefined ? undefined : range(first, second, third)
    case 'Concat':
      return inputs.every(input => input !== undefined) ? concat(node, inputs) : undefined
    case 'Reshape':
      return second === undefined || (intAttribute(node, 'allowzero', 0) !== 0 && second.data.some(isZero))
        ? undefined
        : reshaped(first, copiedZeros(first.dims, integers(second)))
    case 'Unsqueeze':
    case 'Squeeze': {
      const axes = second === undefined ? intsAttribute(node, 'axes', []) : integers(second)
      return axes === undefined ? undefined : relabelled(node.op, first, axes)
    }
    case 'Transpose': {
      const perm = intsAttribute(node, 'perm', [...first.dims.keys()].reverse())
      const strides = stridesOf(first.dims)
      const dims = perm.map(axis => first.dims[axis]!)
      return picked(first, dims, at =>
        at.reduce((sum, position, axis) => sum + position * strides[perm[axis]!]!, 0),
      )
    }
    case 'Expand': {
      const target = second === undefined ? undefined : integers(second)
      const dims = target === undefined ? undefined : broadcastDims([first.dims, target])
      return dims === undefined ? undefined : expanded(first, dims)
    }
    case 'Gather':
      return second === undefined ? undefined : gather(node, first, second)
    case 'Slice':
      return slice(first, inputs.slice(1))
    default:
      return undefined
  }
}

export function integers(tensor: Tensor): readonly number[] | undefined {
  return tensor.dtype === 'int64' || tensor.dtype === 'int32' ? Array.from(tensor.data, Number) : undefined
}

const countOf = (dims: Shape): number => dims.reduce((result, size) => result * size, 1)

/** Row-major. */
function stridesOf(dims: Shape): readonly number[] {
  const strides: number[] = []
  let stride = 1
  for (const size of [...dims].reverse()) {
    strides.unshift(stride)
    stride *= size
  }
  return strides
}

function isPossible(dims: Shape): boolean {
  return dims.every(size => Number.isSafeInteger(size) && size >= 0) && countOf(dims) <= largestConstant
}

function empty(dtype: Tensor['dtype'], dims: Shape): Tensor | undefined {
  if (!isPossible(dims)) return undefined
  const count = countOf(dims)
  switch (dtype) {
    case 'float32':
      return { dtype, dims, data: new Float32Array(count) }
    case 'float64':
      return { dtype, dims, data: new Float64Array(count) }
    case 'int32':
      return { dtype, dims, data: new Int32Array(count) }
    case 'int64':
      return { dtype, dims, data: new BigInt64Array(count) }
    case 'bool':
      return { dtype, dims, data: new Uint8Array(count) }
  }
}

/** A tensor of that type and shape, element by element; undefined when it would be too large or no shape at all. */
function filled(
  dtype: Tensor['dtype'],
  dims: Shape,
  value: (index: number) => number | bigint,
): Tensor | undefined {
  const tensor = empty(dtype, dims)
  if (tensor === undefined) return undefined
  const { data } = tensor
  if (data instanceof BigInt64Array) {
    for (let i = 0; i < data.length; i++) data[i] = BigInt(value(i))
  } else {
    for (let i = 0; i < data.length; i++) data[i] = Number(value(i))
  }
  return tensor
}

function picked(from: Tensor, dims: Shape, source: Source): Tensor | undefined {
  const at = dims.map(() => 0)
  const next = (): void => {
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      at[axis]!++
      if (at[axis]! < dims[axis]!) return
      at[axis] = 0
    }
  }
  const missed: number[] = []
  const result = filled(from.dtype, dims, index => {
    const value = from.data[source(at)]
    next()
    // Sizes that contradict each other lead out of the data.
    if (value === undefined) missed.push(index)
    return value ?? 0
  })
  return missed.length > 0 ? undefined : result
}

function reshaped(from: Tensor, dims: Shape | undefined): Tensor | undefined {
  if (dims === undefined) return undefined
  const known = dims.reduce((result, size) => (size === -1 ? result : result * size), 1)
  const sizes = dims.map(size => (size === -1 ? from.data.length / known : size))
  return isPossible(sizes) && countOf(sizes) === from.data.length ? { ...from, dims: sizes } : undefined
}

function copiedZeros(from: Shape, target: Shape | undefined): Shape | undefined {
  return target?.map((size, axis) => (size === 0 ? (from[axis] ?? NaN) : size))
}

function relabelled(op: 'Squeeze' | 'Unsqueeze', from: Tensor, axes: Shape): Tensor | undefined {
  const { dims } = from
  if (op === 'Unsqueeze') {
    const rank = dims.length + axes.length
    const added = new Set(axes.map(axis => wrap(axis, rank)))
    const rest = [...dims]
    return reshaped(
      from,
      Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.shift() ?? NaN))),
    )
  }
  const removed = new Set(axes.map(axis => wrap(axis, dims.length)))
  return reshaped(
    from,
    dims.filter((size, axis) => (axes.length === 0 ? size !== 1 : !removed.has(axis))),
  )
}

function broadcastDims(shapes: readonly Shape[]): Shape | undefined {
  const rank = Math.max(...shapes.map(shape => shape.length))
  const dims = Array.from({ length: rank }, (_, axis) => {
    const sizes = new Set(shapes.map(shape => shape[axis - rank + shape.length] ?? 1))
    sizes.delete(1)
    const [size = 1] = sizes
    return sizes.size > 1 ? NaN : size
  })
  return isPossible(dims) ? dims : undefined
}

function expanded(from: Tensor, dims: Shape): Tensor | undefined {
  const strides = stridesOf(from.dims)
  const shift = dims.length - from.dims.length
  return picked(from, dims, at =>
    from.dims.reduce((sum, size, axis) => sum + (size === 1 ? 0 : at[axis + shift]! * strides[axis]!), 0),
  )
}

/** Operands of one type, expanded to their common shape. */
function aligned<Operands extends readonly Tensor[]>(operands: Operands): Operands | undefined {
  const dims = broadcastDims(operands.map(operand => operand.dims))
  if (dims === undefined) return undefined
  const results = operands.map(operand => expanded(operand, dims))
  return results.every(result => result !== undefined) ? (results as unknown as Operands) : undefined
}

function arithmetic(op: 'Add' | 'Sub' | 'Mul' | 'Div', first: Tensor, second: Tensor): Tensor | undefined {
  const pair = first.dtype === second.dtype ? aligned([first, second] as const) : undefined
  if (pair === undefined) return undefined
  const [{ dtype, dims, data: a }, { data: b }] = pair
  if (a instanceof BigInt64Array && b instanceof BigInt64Array) {
    if (op === 'Div' && b.includes(0n)) return undefined
    return filled(dtype, dims, i => BigInt.asIntN(64, calculated(op, a[i]!, b[i]!)))
  }
  // Products of int32 pass what float64 holds exactly; sizes and weights are never int32.
  if (!(a instanceof Float32Array || a instanceof Float64Array)) return undefined
  return filled(dtype, dims, i => calculated(op, a[i] as number, b[i] as number))
}

function calculated<Value extends number | bigint>(
  op: 'Add' | 'Sub' | 'Mul' | 'Div',
  a: Value,
  b: Value,
): Value {
  switch (op) {
    case 'Add':
      return ((a as number) + (b as number)) as Value
    case 'Sub':
      return ((a as number) - (b as number)) as Value
    case 'Mul':
      return ((a as number) * (b as number)) as Value
    case 'Div':
      return ((a as number) / (b as number)) as Value
  }
}

function equal(first: Tensor, second: Tensor): Tensor | undefined {
  const pair = first.dtype === second.dtype ? aligned([first, second] as const) : undefined
  if (pair === undefined) return undefined
  const [a, b] = pair
  return filled('bool', a.dims, i => (a.data[i] === b.data[i] ? 1 : 0))
}

function where(condition: Tensor, yes: Tensor, no: Tensor): Tensor | undefined {
  if (condition.dtype !== 'bool' || yes.dtype !== no.dtype) return undefined
  const operands = aligned([condition, yes, no] as const)
  if (operands === undefined) return undefined
  const [chosen, a, b] = operands
  return filled(a.dtype, a.dims, i => (chosen.data[i] === 0 ? b.data[i]! : a.data[i]!))
}

/** By the numbers of TensorProto.DataType. */
const castTargets: Readonly<Record<number, Tensor['dtype']>> = {
  1: 'float32',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  11: 'float64',
}

function cast(from: Tensor, to: number): Tensor | undefined {
  const dtype = castTargets[to]
  if (dtype === undefined) return undefined
  if (dtype === from.dtype) return from
  const isReal = from.dtype === 'float32' || from.dtype === 'float64'
  const largest = dtype === 'int32' ? 2 ** 31 : 2 ** 53
  if (dtype === 'int32' || (dtype === 'int64' && isReal)) {
    // Outside the target's range runtimes differ.
    for (const value of from.data) if (!(Math.abs(Number(value)) < largest)) return undefined
  }
  if (dtype === 'bool') return filled(dtype, from.dims, i => (Number(from.data[i]) === 0 ? 0 : 1))
  return filled(dtype, from.dims, i =>
    isReal && dtype !== 'float32' && dtype !== 'float64' ? Math.trunc(Number(from.data[i])) : from.data[i]!,
  )
}

function constantOfShape(node: Node, shape: Tensor): Tensor | undefined {
  const dims = integers(shape)
  const attribute = node.attributes['value']
  const value = attribute?.kind === 'tensor' ? attribute.value : undefined
  if (dims === undefined || (attribute !== undefined && value === undefined)) return undefined
  return filled(value?.dtype ?? 'float32', dims, () => value?.data[0] ?? 0)
}

function range(start: Tensor, limit: Tensor, delta: Tensor): Tensor | undefined {
  const numbers = [start, limit, delta].map(tensor =>
    tensor.data.length === 1 ? integers(tensor)?.[0] : undefined,
  )
  const [from, to, step] = numbers
  if (from === undefined || to === undefined || step === undefined || step === 0) return undefined
  return filled(start.dtype, [Math.max(Math.ceil((to - from) / step), 0)], i => from + i * step)
}

function concat(node: Node, parts: readonly Tensor[]): Tensor | undefined {
  const first = parts[0]!
  const axis = wrap(intAttribute(node, 'axis', 0), first.dims.length)
  const fits = parts.every(
    ({ dtype, dims }) =>
      dtype === first.dtype &&
      dims.length === first.dims.length &&
      dims.every((size, at) => at === axis || size === first.dims[at]),
  )
  if (!fits) return undefined
  const total = parts.reduce((sum, { dims }) => sum + dims[axis]!, 0)
  const dims = first.dims.map((size, at) => (at === axis ? total : size))
  const inner = countOf(first.dims.slice(axis + 1))
  return filled(first.dtype, dims, index => {
    const row = Math.floor(index / (total * inner))
    let along = Math.floor(index / inner) % total
    for (const { dims: own, data } of parts) {
      const size = own[axis]!
      if (along < size) return data[(row * size + along) * inner + (index % inner)]!
      along -= size
    }
    return 0
  })
}

function gather(node: Node, from: Tensor, indices: Tensor): Tensor | undefined {
  const rows = integers(indices)
  const axis = wrap(intAttribute(node, 'axis', 0), from.dims.length)
  const size = from.dims[axis]
  if (rows === undefined || size === undefined) return undefined
  if (rows.some(row => row < -size || row >= size)) return undefined
  const inner = countOf(from.dims.slice(axis + 1))
  const dims = [...from.dims.slice(0, axis), ...indices.dims, ...from.dims.slice(axis + 1)]
  return filled(from.dtype, dims, index => {
    const outer = Math.floor(index / (rows.length * inner))
    const row = rows[Math.floor(index / inner) % rows.length]!
    return from.data[(outer * size + wrap(row, size)) * inner + (index % inner)]!
  })
}

function slice(from: Tensor, bounds: readonly (Tensor | undefined)[]): Tensor | undefined {
  const [starts, ends, axes, steps] = bounds.map(bound => (bound === undefined ? undefined : integers(bound)))
  if (starts === undefined || ends === undefined) return undefined
  const dims = [...from.dims]
  const first = dims.map(() => 0)
  const step = dims.map(() => 1)
  for (const [index, start] of starts.entries()) {
    const axis = wrap(axes?.[index] ?? index, dims.length)
    const size = from.dims[axis]
    const end = ends[index]
    const by = steps?.[index] ?? 1
    if (size === undefined || end === undefined || by === 0) return undefined
    const [lowest, highest] = by > 0 ? [0, size] : [-1, size - 1]
    const clamp = (bound: number): number => Math.min(Math.max(wrap(bound, size), lowest), highest)
    first[axis] = clamp(start)
    step[axis] = by
    dims[axis] = Math.max(Math.ceil((clamp(end) - clamp(start)) / by), 0)
  }
  const strides = stridesOf(from.dims)
  return picked(from, dims, at =>
    at.reduce((sum, position, axis) => sum + (first[axis]! + position * step[axis]!) * strides[axis]!, 0),
  )
}
