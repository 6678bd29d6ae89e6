/**
 * The front end cut into time tiles. The filter bank's map (70 × 64,472 in AASIST-L, 18 MB, and once more behind the
 * magnitude) is the largest that would be whole in memory; a tile's stays in cache. Exact: a tile reads the samples that
 * its frames' filters reach.
 */
import { GraphBuilder, indexGraph, int, intsAttribute, removeDead, type Graph, type Node } from '../graph'
import { inferShapes, type Shape } from '../shapes'
import { findFrontEnd, isConv1d, type FrontEnd } from './front-end'

/** Front ends whose filters move sample by sample, and whose pool takes every sample once. */
export function tileFrontEnd(graph: Graph, framesPerTile: number): Graph {
  const index = indexGraph(graph)
  const shapes = inferShapes(graph)
  const builder = new GraphBuilder(graph)
  const tiled = new Map<Node, FrontEnd>()
  for (const node of graph.nodes) {
    if (!isConv1d(graph, shapes, node)) continue
    const found = findFrontEnd(graph, index, shapes, node)
    if (found !== undefined && isTileable(found)) tiled.set(found.pool, found)
  }
  if (tiled.size === 0) return graph
  for (const node of graph.nodes) {
    const found = tiled.get(node)
    if (found === undefined) builder.keep(node)
    else emitTiles(builder, shapes, found, framesPerTile)
  }
  return removeDead(builder.build(graph))
}

function isTileable({ conv, time: [kernel, stride] }: FrontEnd): boolean {
  const ones = (name: string): boolean => intsAttribute(conv, name, [1]).join() === '1'
  return (
    ones('strides') &&
    ones('dilations') &&
    intsAttribute(conv, 'pads', []).every(pad => pad === 0) &&
    kernel === stride
  )
}

function emitTiles(
  builder: GraphBuilder,
  shapes: ReadonlyMap<string, Shape>,
  { conv, pointwise, pool, time: [, stride] }: FrontEnd,
  framesPerTile: number,
): void {
  const [input, weight, ...bias] = conv.inputs as [string, string, ...string[]]
  const taps = shapes.get(weight)![2]!
  const frames = shapes.get(pool.outputs[0]!)![3]!
  const parts: string[] = []
  for (let start = 0; start < frames; start += framesPerTile) {
    const end = Math.min(start + framesPerTile, frames)
    const samples = [stride * start, stride * end + taps - 1] as const
    let value = builder.op('Slice', [input, ...samples.map(place => builder.ints(place)), builder.ints(2)])
    value = builder.op('Conv', [value, weight, ...bias], conv.attributes)
    value = builder.op('Unsqueeze', [value, builder.ints(1)])
    for (const node of pointwise) value = builder.op(node.op, [value], node.attributes)
    parts.push(builder.op('MaxPool', [value], pool.attributes))
  }
  builder.keep({
    name: builder.freshName(`Concat/${pool.outputs[0]!}`),
    op: 'Concat',
    inputs: parts,
    outputs: [pool.outputs[0]!],
    attributes: { axis: int(3) },
  })
}
