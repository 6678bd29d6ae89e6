/**
 * The AASIST network as a graph, built from a checkpoint and its configuration alone (Jung et al., "AASIST: Audio
 * Anti-Spoofing using Integrated Spectro-Temporal Graph Attention Networks", ICASSP 2022, arXiv 2110.01200; released
 * code clovaai/aasist). Layer names below are the checkpoint's. Passes may rewrite the graph; this is the plain form.
 */
import type { Checkpoint } from './checkpoint/checkpoint'
import type { ModelConfig } from './config'
import { encoderBlocks, EncoderBuilder, type FeatureMap } from './encoder'
import { GraphBuilder, int, ints, type Graph } from './graph'
import { LayerBuilder } from './layers'
import { assertSharedWindows, encodeSharedWindows, sharedSamples, type SharedWindows } from './shared-windows'
import { Weights } from './weights'

/** The newest set before reductions took their axes as inputs; ATC accepts 11 to 18. */
const opset = 13
/** Attention dropout and `bn1` of the encoder blocks are left out: see {@link EncoderBuilder.residualBlock}. */
const unusedByRelease = /(\.bn1\.(weight|bias|running_mean|running_var)|\.num_batches_tracked)$/

/** A `[batch, nodes, features]` value. */
interface Nodes {
  readonly value: string
  readonly count: number
  readonly features: number
}

/** The three node sets of a heterogeneous layer; `stack` is `[batch or 1, 1, features]`. */
interface HeterogeneousNodes {
  readonly temporal: Nodes
  readonly spectral: Nodes
  readonly stack: string
}

/**
 * Input `input` float32 `[batch, nbSamp]` at 16 kHz, ±1; outputs `last_hidden` `[batch, 5·gatDims[1]]` and `logits`
 * `[batch, 2]`, of which column 1 is the countermeasure score (higher = more genuine).
 * @throws ModelError CHECKPOINT_INVALID when checkpoint and configuration do not belong together, CONFIG_INVALID when
 * `nbSamp` is too short for six poolings by three
 */
export function buildAasistGraph(checkpoint: Checkpoint, config: ModelConfig, batch: number): Graph {
  return buildGraph(checkpoint, config, batch, [batch, config.nbSamp], encoder => {
    let map = encoder.frontEnd('input', config.nbSamp)
    for (const block of encoderBlocks(config)) map = encoder.residualBlock(block, map)
    return map
  })
}

/**
 * The same network over overlapping windows of one recording: input `input` float32 `[1, sharedSamples]`, outputs as of
 * a batch with a row for each window.
 * @throws as {@link buildAasistGraph}; ArgumentRangeError INVALID_ARGUMENT
 */
export function buildSharedWindowsGraph(
  checkpoint: Checkpoint,
  config: ModelConfig,
  windows: SharedWindows,
): Graph {
  assertSharedWindows(windows)
  return buildGraph(
    checkpoint,
    config,
    windows.count,
    [1, sharedSamples(config, windows)],
    (encoder, layers) => encodeSharedWindows(layers, encoder, config, windows),
  )
}

function buildGraph(
  checkpoint: Checkpoint,
  config: ModelConfig,
  batch: number,
  inputShape: readonly [number, number],
  encode: (encoder: EncoderBuilder, layers: LayerBuilder) => FeatureMap,
): Graph {
  const weights = new Weights(checkpoint)
  const network = new NetworkBuilder(weights, config, batch)
  const outputs = network.build(encode)
  weights.assertAllUsed(unusedByRelease)
  return network.graph.build({
    name: 'aasist',
    opset,
    inputs: [{ name: 'input', dtype: 'float32', shape: inputShape }],
    outputs: [
      { name: outputs.lastHidden, dtype: 'float32', shape: [batch, 5 * config.gatDims[1]] },
      { name: outputs.logits, dtype: 'float32', shape: [batch, 2] },
    ],
  })
}

class NetworkBuilder {
  readonly graph = new GraphBuilder()
  readonly layers: LayerBuilder
  readonly #weights: Weights
  readonly #config: ModelConfig
  readonly #batch: number

  constructor(weights: Weights, config: ModelConfig, batch: number) {
    this.layers = new LayerBuilder(this.graph, weights)
    this.#weights = weights
    this.#config = config
    this.#batch = batch
    for (const reserved of ['input', 'last_hidden', 'logits']) this.graph.freshName(reserved)
  }

  build(encode: (encoder: EncoderBuilder, layers: LayerBuilder) => FeatureMap): {
    lastHidden: string
    logits: string
  } {
    const { graph } = this
    const [, attention] = this.#config.gatDims
    const encoded = encode(new EncoderBuilder(this.layers, this.#config), this.layers)
    const magnitude = graph.op('Abs', [encoded.value])
    const spectral = this.spectralNodes(encoded, magnitude)
    const temporal = this.temporalNodes(encoded, magnitude)
    const branches = (['1', '2'] as const).map(branch => this.branch(branch, temporal, spectral))
    const [first, second] = branches as [HeterogeneousNodes, HeterogeneousNodes]
    const larger = (a: string, b: string, wish: string): string => graph.op('Max', [a, b], {}, wish)
    const lastHidden = this.readOut({
      temporal: { ...first.temporal, value: larger(first.temporal.value, second.temporal.value, 'temporal') },
      spectral: { ...first.spectral, value: larger(first.spectral.value, second.spectral.value, 'spectral') },
      stack: larger(first.stack, second.stack, 'stack'),
    })
    const product = graph.op('MatMul', [
      lastHidden,
      this.layers.transposed('out_layer.weight', 5 * attention, 2),
    ])
    const bias = graph.floats('out_layer.bias', [2], this.#weights.get('out_layer.bias', [2]))
    graph.keep({
      name: 'Add/logits',
      op: 'Add',
      inputs: [product, bias],
      outputs: ['logits'],
      attributes: {},
    })
    return { lastHidden, logits: 'logits' }
  }

  /** Per frequency band the largest magnitude over time, plus the learnt position `pos_S`; GAT; pool. */
  spectralNodes(map: FeatureMap, magnitude: string): Nodes {
    const { graph } = this
    const { bands, channels } = map
    const position = graph.floats(
      'pos_S',
      [1, bands, channels],
      this.#weights.get('pos_S', [1, bands, channels]),
    )
    let value = graph.op('ReduceMax', [magnitude], { axes: ints(3), keepdims: int(0) })
    value = graph.op('Transpose', [value], { perm: ints(0, 2, 1) })
    value = graph.op('Add', [value, position])
    const nodes = this.graphAttention('GAT_layer_S', { value, count: bands, features: channels }, 0)
    return this.pool('pool_S', nodes, 0)
  }

  /** Per frame the largest magnitude over frequency; GAT; pool. */
  temporalNodes(map: FeatureMap, magnitude: string): Nodes {
    const { graph } = this
    let value = graph.op('ReduceMax', [magnitude], { axes: ints(2), keepdims: int(0) })
    value = graph.op('Transpose', [value], { perm: ints(0, 2, 1) })
    const nodes = this.graphAttention('GAT_layer_T', { value, count: map.frames, features: map.channels }, 1)
    return this.pool('pool_T', nodes, 1)
  }

  /** Two heterogeneous layers with pooling between; the second's output is added to the first's pooled output. */
  branch(branch: '1' | '2', temporal: Nodes, spectral: Nodes): HeterogeneousNodes {
    const { graph } = this
    const width = this.#config.gatDims[0]
    const master = `master${branch}`
    const stack = graph.floats(master, [1, 1, width], this.#weights.get(master, [1, 1, width]))
    const wide = this.heterogeneousAttention(`HtrgGAT_layer_ST${branch}1`, { temporal, spectral, stack })
    const pooled = {
      temporal: this.pool(`pool_hT${branch}`, wide.temporal, 2),
      spectral: this.pool(`pool_hS${branch}`, wide.spectral, 2),
      stack: wide.stack,
    }
    const more = this.heterogeneousAttention(`HtrgGAT_layer_ST${branch}2`, pooled)
    const sum = (a: Nodes, b: Nodes): Nodes => ({ ...a, value: graph.op('Add', [a.value, b.value]) })
    return {
      temporal: sum(pooled.temporal, more.temporal),
      spectral: sum(pooled.spectral, more.spectral),
      stack: graph.op('Add', [pooled.stack, more.stack]),
    }
  }

  /**
   * y = SELU(bn(proj_with_att(A·x) + proj_without_att(x))), A = soft-max of tanh(att_proj(xᵢ·xⱼ))·att_weight / T.
   * The soft-max runs along j, so that each node's weights sum to one. (The release takes axis −2 of `[batch, n, n, 1]`.)
   */
  graphAttention(name: string, input: Nodes, temperature: 0 | 1): Nodes {
    const { graph } = this
    const features = this.#config.gatDims[0]
    const pairs = this.pairwiseProducts(input)
    const hidden = graph.op('Tanh', [this.layers.linear(`${name}.att_proj`, pairs, input.features, features)])
    const scores = this.attentionScores(hidden, `${name}.att_weight`, features, temperature)
    const map = graph.op(
      'Softmax',
      [graph.op('Squeeze', [scores, graph.ints(3)])],
      { axis: int(2) },
      `${name}.att`,
    )
    return this.nodeUpdate(name, input, map, features)
  }

  /** The same over temporal and spectral nodes together, with an attention vector per kind of pair, and a stack node. */
  heterogeneousAttention(name: string, input: HeterogeneousNodes): HeterogeneousNodes {
    const { graph } = this
    const { temporal, spectral } = input
    const width = temporal.features
    const features = this.#config.gatDims[1]
    const count = temporal.count + spectral.count
    const value = graph.op(
      'Concat',
      [
        this.layers.linear(`${name}.proj_type1`, temporal.value, width, width),
        this.layers.linear(`${name}.proj_type2`, spectral.value, width, width),
      ],
      { axis: int(1) },
    )
    const nodes = { value, count, features: width }
    const hidden = graph.op('Tanh', [
      this.layers.linear(`${name}.att_proj`, this.pairwiseProducts(nodes), width, features),
    ])
    const row = (from: number, to: number, vectors: readonly [string, string]): string => {
      const slice = graph.op('Slice', [hidden, graph.ints(from), graph.ints(to), graph.ints(1)])
      const block = (first: number, last: number, vector: string): string => {
        const part = graph.op('Slice', [slice, graph.ints(first), graph.ints(last), graph.ints(2)])
        return this.attentionScores(part, `${name}.${vector}`, features, 2)
      }
      const blocks = [block(0, temporal.count, vectors[0]), block(temporal.count, count, vectors[1])]
      return graph.op('Concat', blocks, { axis: int(2) })
    }
    const rows = [
      row(0, temporal.count, ['att_weight11', 'att_weight12']),
      row(temporal.count, count, ['att_weight12', 'att_weight22']),
    ]
    const scores = graph.op('Concat', rows, { axis: int(1) })
    const map = graph.op(
      'Softmax',
      [graph.op('Squeeze', [scores, graph.ints(3)])],
      { axis: int(2) },
      `${name}.att`,
    )
    const updated = this.nodeUpdate(name, nodes, map, features)
    const part = (from: number, to: number): Nodes => ({
      value: graph.op('Slice', [updated.value, graph.ints(from), graph.ints(to), graph.ints(1)]),
      count: to - from,
      features,
    })
    return {
      temporal: part(0, temporal.count),
      spectral: part(temporal.count, count),
      stack: this.stackUpdate(name, nodes, input.stack, features),
    }
  }

  /** The stack node attends to every node and is projected once with and once without what it gathered. */
  stackUpdate(name: string, nodes: Nodes, stack: string, features: number): string {
    const { graph } = this
    const width = nodes.features
    const product = graph.op('Mul', [nodes.value, stack])
    const hidden = graph.op('Tanh', [this.layers.linear(`${name}.att_projM`, product, width, features)])
    const scores = this.attentionScores(hidden, `${name}.att_weightM`, features, 2)
    const map = graph.op('Softmax', [scores], { axis: int(1) }, `${name}.attM`)
    const gathered = graph.op('MatMul', [graph.op('Transpose', [map], { perm: ints(0, 2, 1) }), nodes.value])
    return graph.op('Add', [
      this.layers.linear(`${name}.proj_with_attM`, gathered, width, features),
      this.layers.linear(`${name}.proj_without_attM`, stack, width, features),
    ])
  }

  nodeUpdate(name: string, input: Nodes, map: string, features: number): Nodes {
    const { graph } = this
    const attended = graph.op('MatMul', [map, input.value])
    let value = graph.op('Add', [
      this.layers.linear(`${name}.proj_with_att`, attended, input.features, features),
      this.layers.linear(`${name}.proj_without_att`, input.value, input.features, features),
    ])
    value = graph.op('Reshape', [value, graph.ints(this.#batch * input.count, features)])
    value = this.layers.batchNorm(value, `${name}.bn`, features)
    value = graph.op('Reshape', [value, graph.ints(this.#batch, input.count, features)])
    return { value: graph.op('Selu', [value], {}, `${name}.out`), count: input.count, features }
  }

  /** `[batch, n, n, features]`: every node times every other. */
  pairwiseProducts(nodes: Nodes): string {
    const { graph } = this
    return graph.op('Mul', [
      graph.op('Unsqueeze', [nodes.value, graph.ints(2)]),
      graph.op('Unsqueeze', [nodes.value, graph.ints(1)]),
    ])
  }

  attentionScores(hidden: string, weight: string, features: number, temperature: 0 | 1 | 2): string {
    const { graph } = this
    const vector = graph.floats(weight, [features, 1], this.#weights.get(weight, [features, 1]))
    const scores = graph.op('MatMul', [hidden, vector])
    return graph.op('Div', [
      scores,
      graph.floats('temperature', [], [this.#config.temperatures[temperature]]),
    ])
  }

  /** Keeps the `max(⌊n·ratio⌋, 1)` nodes of largest sigmoid(proj(x)), in that order, each times its weight. */
  pool(name: string, nodes: Nodes, ratio: 0 | 1 | 2): Nodes {
    const { graph } = this
    const count = Math.max(Math.floor(nodes.count * this.#config.poolRatios[ratio]), 1)
    const weight = graph.op('Sigmoid', [this.layers.linear(`${name}.proj`, nodes.value, nodes.features, 1)])
    const weighted = graph.op('Mul', [nodes.value, weight])
    const [, chosen] = graph.ops('TopK', [weight, graph.ints(count)], { axis: int(1) }, [
      `${name}.top`,
      `${name}.chosen`,
    ])
    const index = graph.op('Expand', [chosen!, graph.ints(this.#batch, count, nodes.features)])
    const value = graph.op('GatherElements', [weighted, index], { axis: int(1) }, `${name}.out`)
    return { value, count, features: nodes.features }
  }

  /** max|T|, mean T, max|S|, mean S and the stack node, side by side: `last_hidden`. */
  readOut({ temporal, spectral, stack }: HeterogeneousNodes): string {
    const { graph } = this
    const largest = (nodes: Nodes): string =>
      graph.op('ReduceMax', [graph.op('Abs', [nodes.value])], { axes: ints(1), keepdims: int(0) })
    const mean = (nodes: Nodes): string =>
      graph.op('ReduceMean', [nodes.value], { axes: ints(1), keepdims: int(0) })
    graph.keep({
      name: 'Concat/last_hidden',
      op: 'Concat',
      inputs: [
        largest(temporal),
        mean(temporal),
        largest(spectral),
        mean(spectral),
        graph.op('Squeeze', [stack, graph.ints(1)]),
      ],
      outputs: ['last_hidden'],
      attributes: { axis: int(1) },
    })
    return 'last_hidden'
  }
}
