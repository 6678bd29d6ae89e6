/** Soft-max along an inner axis, which exporters write as Transpose, Softmax along the last axis, Transpose back. */
import {
  indexGraph,
  int,
  intAttribute,
  intsAttribute,
  removeDead,
  soleConsumer,
  type Graph,
  type Node,
} from '../graph'
import { inferShapes, wrap, type Shape } from '../shapes'

/** A pair of transposes that undo each other around a Softmax goes; the Softmax takes the axis they brought it. */
export function foldSoftmaxTransposes(graph: Graph): Graph {
  const index = indexGraph(graph)
  const shapes = inferShapes(graph)
  const moved = new Map<Node, Node>()
  const gone = new Set<Node>()
  for (const softmax of graph.nodes) {
    if (softmax.op !== 'Softmax') continue
    const before = index.producer.get(softmax.inputs[0]!)
    const after = soleConsumer(graph, index, softmax.outputs[0]!)
    if (before?.op !== 'Transpose' || after?.op !== 'Transpose') continue
    const shape = shapes.get(before.inputs[0]!)
    if (shape === undefined) continue
    const perm = permutation(before, shape.length)
    const back = permutation(after, shape.length)
    if (!perm.every((from, to) => back[from] === to)) continue
    const axis = axisWithout(perm, shape, softmax, graph.opset)
    if (axis === undefined) continue
    gone.add(after)
    moved.set(softmax, {
      ...softmax,
      inputs: before.inputs,
      outputs: after.outputs,
      attributes: { ...softmax.attributes, axis: int(axis) },
    })
  }
  if (gone.size === 0) return graph
  const nodes = graph.nodes.filter(node => !gone.has(node)).map(node => moved.get(node) ?? node)
  return removeDead({ ...graph, nodes })
}

function permutation(node: Node, rank: number): readonly number[] {
  return intsAttribute(
    node,
    'perm',
    Array.from({ length: rank }, (_, axis) => rank - 1 - axis),
  )
}

/** The axis of the untransposed value; undefined when no single number says what the transposed one did. */
function axisWithout(
  perm: readonly number[],
  shape: Shape,
  softmax: Node,
  opset: number,
): number | undefined {
  const rank = shape.length
  if (opset >= 13) return perm[wrap(intAttribute(softmax, 'axis', -1), rank)]
  // Before operator set 13 a Softmax normalises over all axes from `axis` on together; those of size 1 do not count.
  const first = wrap(intAttribute(softmax, 'axis', 1), rank)
  const counted = (axes: readonly number[]): string =>
    axes
      .filter(axis => shape[axis] !== 1)
      .sort((a, b) => a - b)
      .join()
  const wanted = counted(perm.slice(first))
  const axes = [...perm.keys()]
  return axes.reverse().find(axis => counted(axes.filter(other => other >= axis)) === wanted)
}
