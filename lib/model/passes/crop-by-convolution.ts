/** The frames that a tile's residual connection cuts off, cut off by a convolution: for CPUs. */
import {
  GraphBuilder,
  indexGraph,
  int,
  intConstant,
  ints,
  removeDead,
  soleConsumer,
  type Graph,
  type GraphIndex,
  type Node,
} from '../graph'
import { inferShapes, type Shape } from '../shapes'
import { timeAxis } from './tile-time'

/** In whole blocks of channels onnxruntime's blocked layout knows depthwise convolutions; the largest block is 16. */
const blockChannels = 16

interface Crop {
  readonly channels: number
  /** Frames cut off at the beginning, and in all. */
  readonly before: number
  readonly total: number
}

/**
 * Slice → Add beside a convolution becomes a depthwise Conv with one tap that is 1 → Add: the same numbers, where they are finite. Slice knows
 * nothing of the blocked layout in which onnxruntime convolves; around it the maps would be copied out of that layout and
 * into it again, and the addition could not become part of the convolution (5 % of a run, docs/performance.md).
 */
export function cropByConvolution(graph: Graph): Graph {
  const index = indexGraph(graph)
  const shapes = inferShapes(graph)
  const builder = new GraphBuilder(graph)
  const kernels = new Map<string, string>()
  for (const node of graph.nodes) {
    const crop = findCrop(graph, index, shapes, node)
    if (crop === undefined) {
      builder.keep(node)
      continue
    }
    const { channels, before, total } = crop
    const key = [channels, before, total].join()
    const kernel = kernels.get(key) ?? builder.floats('crop', [channels, 1, 1, total + 1], singleTap(crop))
    kernels.set(key, kernel)
    builder.keep({
      ...node,
      op: 'Conv',
      inputs: [node.inputs[0]!, kernel],
      attributes: { group: int(channels), kernel_shape: ints(1, total + 1) },
    })
  }
  return removeDead(builder.build(graph))
}

function singleTap({ channels, before, total }: Crop): Float32Array {
  const data = new Float32Array(channels * (total + 1))
  for (let channel = 0; channel < channels; channel++) data[channel * (total + 1) + before] = 1
  return data
}

/** More taps than a few would cost more than the copies they save. */
const mostFramesCut = 8

function findCrop(
  graph: Graph,
  index: GraphIndex,
  shapes: ReadonlyMap<string, Shape>,
  node: Node,
): Crop | undefined {
  if (node.op !== 'Slice') return undefined
  const [input, output] = [shapes.get(node.inputs[0]!), shapes.get(node.outputs[0]!)]
  const [starts, axes, steps] = [1, 3, 4].map(at => intConstant(graph.initializers, node.inputs[at]))
  if (node.inputs[4] && steps?.join() !== '1') return undefined
  if (input?.length !== 4 || output === undefined || starts?.length !== 1 || axes?.join() !== `${timeAxis}`)
    return undefined
  const [, channels] = input
  const total = input[timeAxis]! - output[timeAxis]!
  const isWhole = channels! % blockChannels === 0 && starts[0]! >= 0
  if (!isWhole || total < 1 || total > mostFramesCut) return undefined
  const sum = soleConsumer(graph, index, node.outputs[0]!)
  const isResidual =
    sum?.op === 'Add' &&
    sum.inputs.some(other => other !== node.outputs[0] && index.producer.get(other)?.op === 'Conv')
  return isResidual ? { channels: channels!, before: starts[0]!, total } : undefined
}
