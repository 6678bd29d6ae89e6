/**
 * SELU between two convolutions written as operators onnxruntime vectorises: its own Selu kernel takes a fifth to a
 * quarter of a plain run on one thread (docs/performance.md).
 */
import {
  GraphBuilder,
  indexGraph,
  ints,
  intsAttribute,
  removeDead,
  soleConsumer,
  type Graph,
  type GraphIndex,
  type Node,
} from '../graph'
import { addToBias, scaleWeights } from './conv-weights'

/** Klambauer et al., "Self-Normalizing Neural Networks", NeurIPS 2017; PyTorch's constants. */
const alpha = 1.6732632423543772
const scale = 1.0507009873554805
const logAlpha = Math.log(alpha)

/**
 * Conv → Selu → Conv. With z = x + ln α, which the first Conv's bias provides,
 *   selu(x) = scale·(max(z, ln α) + exp(min(z, ln α)) − α − ln α).
 * Max, Min, Exp and Add remain; scale and the constant go into the second Conv's weights and bias, and its zero padding
 * becomes padding by α + ln α, where the sum stands when selu is zero. Max instead of Relu is deliberate: onnxruntime
 * runs Relu in its blocked layout and then reorders both its result and x (two more copies of the map).
 */
export function decomposeSelu(graph: Graph): Graph {
  const index = indexGraph(graph)
  const builder = new GraphBuilder(graph)
  const edge = builder.floats('log_alpha', [], [logAlpha])
  const rest = builder.floats('selu_rest', [], [alpha + logAlpha])
  const replaced = new Map<Node, Node>()
  const triples = new Map<Node, Triple>()
  for (const node of graph.nodes) {
    const triple = node.op === 'Selu' ? findTriple(graph, index, node) : undefined
    if (triple === undefined) continue
    triples.set(node, triple)
    const first = replaced.get(triple.first) ?? triple.first
    replaced.set(
      triple.first,
      addToBias(builder, first, () => logAlpha),
    )
    const second = replaced.get(triple.second) ?? triple.second
    replaced.set(triple.second, absorb(builder, second))
  }
  for (const node of graph.nodes) {
    const triple = triples.get(node)
    if (triple === undefined) {
      builder.keep(replaced.get(node) ?? node)
      continue
    }
    const z = node.inputs[0]!
    const sum = [builder.op('Max', [z, edge]), builder.op('Exp', [builder.op('Min', [z, edge])])]
    const pads = intsAttribute(triple.second, 'pads', [0, 0, 0, 0])
    if (pads.every(pad => pad === 0)) {
      builder.keep({ ...node, op: 'Add', inputs: sum, attributes: {} })
    } else {
      const [top, left, bottom, right] = pads as [number, number, number, number]
      const around = builder.ints(0, 0, top, left, 0, 0, bottom, right)
      builder.keep({ ...node, op: 'Pad', inputs: [builder.op('Add', sum), around, rest], attributes: {} })
    }
  }
  return removeDead(builder.build(graph))
}

/** A Selu with the convolution that feeds it alone and the one it alone feeds. */
interface Triple {
  readonly first: Node
  readonly second: Node
}

function findTriple(graph: Graph, index: GraphIndex, selu: Node): Triple | undefined {
  const first = index.producer.get(selu.inputs[0]!)
  const second = soleConsumer(graph, index, selu.outputs[0]!)
  if (first === undefined || !isConv2d(graph, first) || second === undefined || !isConv2d(graph, second))
    return undefined
  if (soleConsumer(graph, index, first.outputs[0]!) !== selu || second.inputs[0] !== selu.outputs[0])
    return undefined
  // A Selu node may carry constants of its own, which would make it another function.
  return Object.keys(selu.attributes).length === 0 ? { first, second } : undefined
}

function isConv2d(graph: Graph, node: Node): boolean {
  return node.op === 'Conv' && graph.initializers.get(node.inputs[1]!)?.dims.length === 4
}

function absorb(builder: GraphBuilder, conv: Node): Node {
  const { dims, data } = builder.floatsOf(conv.inputs[1]!)
  const perChannel = data.length / dims[0]!
  const constant = (channel: number): number => {
    let sum = 0
    for (let i = channel * perChannel; i < (channel + 1) * perChannel; i++) sum += data[i]!
    return -scale * (alpha + logAlpha) * sum
  }
  const shifted = addToBias(builder, conv, constant)
  const pads = intsAttribute(conv, 'pads', [0, 0, 0, 0])
  return {
    ...scaleWeights(builder, shifted, () => scale),
    attributes: { ...conv.attributes, pads: ints(...pads.map(() => 0)) },
  }
}
