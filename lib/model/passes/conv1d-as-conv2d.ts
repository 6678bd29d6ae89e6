/** The sinc filter bank, a convolution over time alone, as the two-dimensional one that NPUs have units for. */
import {
  GraphBuilder,
  indexGraph,
  ints,
  intsAttribute,
  removeDead,
  type Attributes,
  type Graph,
  type Node,
} from '../graph'
import { inferShapes, type Shape } from '../shapes'
import { findFrontEnd, isConv1d, type FrontEnd } from './front-end'

/**
 * Conv1d → Abs → `[batch, 1, filters, frames]` → MaxPool over frequency and time becomes Conv2d → Abs → MaxPool over
 * time → Reshape → MaxPool over frequency: a maximum over a rectangle is the maximum over its columns' maxima, and the
 * axes change places on a third of the values. A Conv1d elsewhere becomes a Conv2d between two Reshapes.
 */
export function conv1dAsConv2d(graph: Graph): Graph {
  const index = indexGraph(graph)
  const shapes = inferShapes(graph)
  const builder = new GraphBuilder(graph)
  const replaced = new Map<Node, FrontEnd | 'alone'>()
  for (const node of graph.nodes) {
    if (!isConv1d(graph, shapes, node)) continue
    const frontEnd = findFrontEnd(graph, index, shapes, node)
    replaced.set(node, frontEnd ?? 'alone')
    if (frontEnd !== undefined) replaced.set(frontEnd.pool, frontEnd)
  }
  if (replaced.size === 0) return graph
  for (const node of graph.nodes) {
    const found = replaced.get(node)
    if (found === undefined) builder.keep(node)
    else if (found === 'alone') emitAlone(builder, shapes, node)
    else if (node === found.pool) emitFrontEnd(builder, shapes, found)
  }
  return removeDead(builder.build(graph))
}

function emitFrontEnd(builder: GraphBuilder, shapes: ReadonlyMap<string, Shape>, found: FrontEnd): void {
  const { conv, pointwise, pool, frequency, time } = found
  let value = emitConv2d(builder, shapes, conv)
  for (const node of pointwise) value = builder.op(node.op, [value], node.attributes)
  const along = ([kernel, stride]: readonly [number, number], axis: 'frequency' | 'time'): Attributes =>
    axis === 'time'
      ? { kernel_shape: ints(1, kernel), strides: ints(1, stride) }
      : { kernel_shape: ints(kernel, 1), strides: ints(stride, 1) }
  value = builder.op('MaxPool', [value], along(time, 'time'))
  const [batch, filters] = shapes.get(conv.outputs[0]!)!
  const frames = shapes.get(pool.outputs[0]!)![3]!
  value = builder.op('Reshape', [value, builder.ints(batch!, 1, filters!, frames)])
  builder.keep({ ...pool, inputs: [value], attributes: along(frequency, 'frequency') })
}

function emitAlone(builder: GraphBuilder, shapes: ReadonlyMap<string, Shape>, conv: Node): void {
  const value = emitConv2d(builder, shapes, conv)
  const shape = builder.ints(...shapes.get(conv.outputs[0]!)!)
  builder.keep({
    ...conv,
    name: builder.freshName(`Reshape/${conv.outputs[0]!}`),
    op: 'Reshape',
    inputs: [value, shape],
    attributes: {},
  })
}

/** The same convolution with time as the second of two axes, the first of size 1: `[batch, filters, 1, frames]`. */
function emitConv2d(builder: GraphBuilder, shapes: ReadonlyMap<string, Shape>, conv: Node): string {
  const [input, weightName, ...bias] = conv.inputs as [string, string, ...string[]]
  const [batch, channels, samples] = shapes.get(input)!
  const { dims, data } = builder.floatsOf(weightName)
  const [filters, perGroup, taps] = dims as readonly [number, number, number]
  const weight = builder.floats(`${weightName}.2d`, [filters, perGroup, 1, taps], data)
  const image = builder.op('Reshape', [input, builder.ints(batch!, channels!, 1, samples!)])
  const [before = 0, after = 0] = intsAttribute(conv, 'pads', [])
  const [stride = 1] = intsAttribute(conv, 'strides', [])
  const [dilation = 1] = intsAttribute(conv, 'dilations', [])
  return builder.op(
    'Conv',
    [image, weight, ...bias],
    {
      ...conv.attributes,
      kernel_shape: ints(1, taps),
      pads: ints(0, before, 0, after),
      strides: ints(1, stride),
      dilations: ints(1, dilation),
    },
    `${conv.outputs[0]!}.2d`,
  )
}
