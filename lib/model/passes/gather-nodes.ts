/** The gathering of pooled graph nodes, element by element as exported, done node by node. */
import {
  GraphBuilder,
  indexGraph,
  intAttribute,
  removeDead,
  type Graph,
  type GraphIndex,
  type Node,
} from '../graph'
import { inferShapes, wrap, type Shape } from '../shapes'

/**
 * Expand → GatherElements, where all features of a node share one index, becomes Gather with one index a node. Only
 * where the indices are the same for every other axis, the batch among them: so at batch 1. Other batches choose other
 * nodes for each clip and keep GatherElements.
 */
export function gatherNodes(graph: Graph): Graph {
  const index = indexGraph(graph)
  const shapes = inferShapes(graph)
  const builder = new GraphBuilder(graph)
  let found = false
  for (const node of graph.nodes) {
    const chosen = node.op === 'GatherElements' ? sharedIndex(node, index, shapes) : undefined
    if (chosen === undefined) {
      builder.keep(node)
      continue
    }
    found = true
    const flat = builder.op('Reshape', [chosen.value, builder.ints(chosen.count)], {}, `${chosen.value}.flat`)
    builder.keep({ ...node, op: 'Gather', inputs: [node.inputs[0]!, flat] })
  }
  return found ? removeDead(builder.build(graph)) : graph
}

/** The value that holds one index for each place along the gathered axis, if there is one. */
function sharedIndex(
  node: Node,
  index: GraphIndex,
  shapes: ReadonlyMap<string, Shape>,
): { readonly value: string; readonly count: number } | undefined {
  const data = shapes.get(node.inputs[0]!)
  const places = shapes.get(node.inputs[1]!)
  if (data === undefined || places?.length !== data.length) return undefined
  const axis = wrap(intAttribute(node, 'axis', 0), data.length)
  // Fewer places than data along another axis would cut that axis as well.
  if (places.some((size, at) => at !== axis && size !== data[at])) return undefined
  const producer = index.producer.get(node.inputs[1]!)
  const value = producer?.op === 'Expand' || producer?.op === 'Tile' ? producer.inputs[0]! : node.inputs[1]!
  const shape = shapes.get(value)
  const count = places[axis]!
  if (shape?.length !== data.length) return undefined
  return shape.every((size, at) => size === (at === axis ? count : 1)) ? { value, count } : undefined
}
