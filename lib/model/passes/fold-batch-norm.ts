/** Batch normalisation folded into the convolution or linear layer before it. */
import {
  floatAttribute,
  floatConstant,
  GraphBuilder,
  indexGraph,
  removeDead,
  soleConsumer,
  type Graph,
  type Node,
} from '../graph'

/**
 * Conv → BatchNormalization becomes one Conv: each output channel's weights times g = weight/√(variance+ε), bias
 * (b − mean)·g + bias. Computed in float64 and rounded once. Leaves everything else as it is.
 */
export function foldBatchNorm(graph: Graph): Graph {
  const index = indexGraph(graph)
  const builder = new GraphBuilder(graph)
  const folded = new Set<Node>()
  for (const node of graph.nodes) {
    if (folded.has(node)) continue
    const normalization = node.op === 'Conv' ? soleConsumer(graph, index, node.outputs[0]!) : undefined
    if (normalization?.op !== 'BatchNormalization' || !graph.initializers.has(node.inputs[1]!)) {
      builder.keep(node)
      continue
    }
    folded.add(normalization)
    builder.keep(foldInto(builder, graph, node, normalization))
  }
  return removeDead(builder.build(graph))
}

function foldInto(builder: GraphBuilder, graph: Graph, conv: Node, normalization: Node): Node {
  const weight = floatConstant(graph, conv.inputs[1]!)
  const channels = weight.dims[0]!
  const bias = conv.inputs[2] ? floatConstant(graph, conv.inputs[2]).data : new Float32Array(channels)
  const [gamma, beta, mean, variance] = normalization.inputs
    .slice(1, 5)
    .map(name => floatConstant(graph, name).data)
  const epsilon = floatAttribute(normalization, 'epsilon', 1e-5)
  const perChannel = weight.data.length / channels
  const foldedWeight = new Float32Array(weight.data.length)
  const foldedBias = new Float32Array(channels)
  for (let channel = 0; channel < channels; channel++) {
    const gain = gamma![channel]! / Math.sqrt(variance![channel]! + epsilon)
    for (let i = channel * perChannel; i < (channel + 1) * perChannel; i++)
      foldedWeight[i] = weight.data[i]! * gain
    foldedBias[channel] = (bias[channel]! - mean![channel]!) * gain + beta![channel]!
  }
  return {
    ...conv,
    inputs: [
      conv.inputs[0]!,
      builder.floats(`${conv.inputs[1]!}.folded`, weight.dims, foldedWeight),
      builder.floats(`${conv.inputs[1]!}.folded_bias`, [channels], foldedBias),
    ],
    outputs: normalization.outputs.slice(0, 1),
  }
}
