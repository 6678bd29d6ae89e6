/** Batch normalisation folded into the convolution before it. */
import {
  floatAttribute,
  GraphBuilder,
  indexGraph,
  intAttribute,
  removeDead,
  soleConsumer,
  type Graph,
  type Node,
} from '../graph'
import { addToBias, scaleWeights } from './conv-weights'

/**
 * Conv → BatchNormalization becomes one Conv: each output channel's weights times g = weight/√(variance+ε), bias
 * (b − mean)·g + bias. Computed in float64 and rounded once. Leaves everything else as it is, weights that are computed
 * at run time among them.
 */
export function foldBatchNorm(graph: Graph): Graph {
  const index = indexGraph(graph)
  const builder = new GraphBuilder(graph)
  const folded = new Set<Node>()
  for (const node of graph.nodes) {
    if (folded.has(node)) continue
    const normalization = node.op === 'Conv' ? soleConsumer(graph, index, node.outputs[0]!) : undefined
    if (normalization === undefined || !canFold(graph, node, normalization)) {
      builder.keep(node)
      continue
    }
    folded.add(normalization)
    builder.keep(foldInto(builder, node, normalization))
  }
  return folded.size === 0 ? graph : removeDead(builder.build(graph))
}

function canFold(graph: Graph, conv: Node, normalization: Node): boolean {
  const weight = graph.initializers.get(conv.inputs[1]!)
  const isChannels = (name: string): boolean => {
    const tensor = graph.initializers.get(name)
    return tensor?.dtype === 'float32' && tensor.data.length === weight?.dims[0]
  }
  return (
    normalization.op === 'BatchNormalization' &&
    normalization.inputs[0] === conv.outputs[0] &&
    normalization.outputs.slice(1).every(output => output === '') &&
    intAttribute(normalization, 'training_mode', 0) === 0 &&
    weight?.dtype === 'float32' &&
    [...normalization.inputs.slice(1, 5), ...conv.inputs.slice(2).filter(Boolean)].every(isChannels)
  )
}

function foldInto(builder: GraphBuilder, conv: Node, normalization: Node): Node {
  const [gamma, beta, mean, variance] = normalization.inputs
    .slice(1, 5)
    .map(name => builder.floatsOf(name).data)
  const epsilon = floatAttribute(normalization, 'epsilon', 1e-5)
  const gain = (channel: number): number => gamma![channel]! / Math.sqrt(variance![channel]! + epsilon)
  const bias = conv.inputs[2] ? builder.floatsOf(conv.inputs[2]).data : undefined
  const shift = (channel: number): number => {
    const before = bias?.[channel] ?? 0
    return (before - mean![channel]!) * gain(channel) + beta![channel]! - before
  }
  const scaled = scaleWeights(builder, conv, gain)
  return {
    ...scaled,
    inputs: [...scaled.inputs.slice(0, 2), ...addToBias(builder, conv, shift).inputs.slice(2)],
    outputs: normalization.outputs.slice(0, 1),
  }
}
