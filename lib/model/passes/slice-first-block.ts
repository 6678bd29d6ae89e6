/** The first residual block, whose maps are by far the largest of the network, computed in slices of time. */
import { indexGraph, intAttribute, type Graph, type GraphIndex, type Node } from '../graph'
import { inferShapes, type Shape } from '../shapes'
import { findRegion, isTimePool, replaceRegions, timeAxis, type Region } from './tile-time'

export interface SliceOptions {
  /** The most values that a slice of the block's largest map holds for one clip. */
  readonly valuesPerSlice?: number
}

/**
 * Five slices, as the Ascend guide makes them, for the released models' window (32 × 24 × 21,490 values); a longer window
 * gets more of them, and a window or network so small that one is enough is left whole.
 */
const guideValuesPerSlice = 3_500_000

/**
 * Cuts at the frames of the block's max-pool, so that every slice gives whole frames; a slice reads as many frames beyond
 * its ends as the convolutions in it reach, and padding stands only at the ends of the clip. The same numbers as in one
 * piece, at any length.
 */
export function sliceFirstBlock(graph: Graph, options: SliceOptions = {}): Graph {
  const { valuesPerSlice = guideValuesPerSlice } = options
  const shapes = inferShapes(graph)
  const index = indexGraph(graph)
  const region = firstBlock(graph, index, shapes)
  if (region === undefined) return graph
  const maps = region.nodes.map(node => shapes.get(node.outputs[0]!)!.slice(1))
  const largest = Math.max(...maps.map(map => map.reduce((product, size) => product * size, 1)))
  const frames = shapes.get(region.exit)![timeAxis]!
  const slices = Math.min(Math.ceil(largest / valuesPerSlice), frames)
  if (slices < 2) return graph
  return replaceRegions(graph, shapes, [{ region, framesPerTile: Math.ceil(frames / slices) }])
}

/** What leads to the first pool over time with convolutions and a sum on its way; nothing when somebody has sliced it. */
function firstBlock(graph: Graph, index: GraphIndex, shapes: ReadonlyMap<string, Shape>): Region | undefined {
  for (const pool of graph.nodes.filter(isTimePool)) {
    if (isJoinedInTime(index, pool)) return undefined
    const region = findRegion(graph, index, shapes, new Set([pool]), pool)
    const count = (op: string): number => region?.nodes.filter(node => node.op === op).length ?? 0
    if (count('Add') > 0 && count('Conv') > 1) return region
  }
  return undefined
}

function isJoinedInTime(index: GraphIndex, pool: Node): boolean {
  const consumers = index.consumers.get(pool.outputs[0]!) ?? []
  return consumers.some(node => node.op === 'Concat' && intAttribute(node, 'axis', 0) === timeAxis)
}
