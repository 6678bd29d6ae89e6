/** The front end in a graph: a filter bank, what acts on each value of it, and a pool over frequency and time. */
import { intAttribute, intsAttribute, soleConsumer, type Graph, type GraphIndex, type Node } from '../graph'
import { hasPlainPads, type Shape } from '../shapes'

/** Between the convolution and the pool: what acts on each value alone, and what only adds the channel axis. */
export interface FrontEnd {
  readonly conv: Node
  /** Each acts on every value alone. */
  readonly pointwise: readonly Node[]
  readonly pool: Node
  /** `[kernel, stride]` along frequency and along time. */
  readonly frequency: readonly [number, number]
  readonly time: readonly [number, number]
}

/** A convolution over time alone. */
export function isConv1d(graph: Graph, shapes: ReadonlyMap<string, Shape>, node: Node): boolean {
  return (
    node.op === 'Conv' &&
    graph.initializers.get(node.inputs[1]!)?.dtype === 'float32' &&
    shapes.get(node.inputs[1]!)?.length === 3 &&
    shapes.get(node.inputs[0]!)?.length === 3 &&
    shapes.get(node.outputs[0]!)?.length === 3 &&
    hasPlainPads(node)
  )
}

const pointwiseOps = new Set(['Abs', 'Neg', 'Relu', 'Selu', 'Sigmoid', 'Tanh', 'Exp', 'Sqrt'])

/** The front end that a convolution begins, where it is one. */
export function findFrontEnd(
  graph: Graph,
  index: GraphIndex,
  shapes: ReadonlyMap<string, Shape>,
  conv: Node,
): FrontEnd | undefined {
  const pointwise: Node[] = []
  let value = conv.outputs[0]!
  const [batch, filters, frames] = shapes.get(value)!
  const image = [batch, 1, filters, frames].join()
  for (;;) {
    const next = soleConsumer(graph, index, value)
    if (next === undefined || next.inputs[0] !== value) return undefined
    if (next.op === 'MaxPool') {
      const sizes = shapes.get(value)?.join() === image ? poolSizes(next) : undefined
      return sizes === undefined ? undefined : { conv, pointwise, pool: next, ...sizes }
    }
    if (pointwiseOps.has(next.op)) pointwise.push(next)
    else if (!['Unsqueeze', 'Reshape'].includes(next.op) || shapes.get(next.outputs[0]!)?.join() !== image)
      return undefined
    value = next.outputs[0]!
  }
}

/** Kernels and strides of a pool whose two axes can be taken one after the other. */
function poolSizes(pool: Node): Pick<FrontEnd, 'frequency' | 'time'> | undefined {
  const [height, width] = intsAttribute(pool, 'kernel_shape', [])
  const [down, right] = intsAttribute(pool, 'strides', [1, 1])
  const isPlain =
    hasPlainPads(pool) &&
    intAttribute(pool, 'ceil_mode', 0) === 0 &&
    intsAttribute(pool, 'pads', []).every(pad => pad === 0) &&
    intsAttribute(pool, 'dilations', []).every(dilation => dilation === 1) &&
    pool.outputs.slice(1).every(output => output === '')
  if (!isPlain || height === undefined || width === undefined || down === undefined || right === undefined)
    return undefined
  return { frequency: [height, down], time: [width, right] }
}
