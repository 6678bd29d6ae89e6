/** The passes of the `npu` target in their order, and an account of what each of them did. */
import { countNodes, type Graph } from './graph'
import { constantAttention } from './passes/constant-attention'
import { conv1dAsConv2d } from './passes/conv1d-as-conv2d'
import { foldBatchNorm } from './passes/fold-batch-norm'
import { foldSoftmaxTransposes } from './passes/fold-softmax-transposes'
import { gatherNodes } from './passes/gather-nodes'
import { resolveConstants } from './passes/resolve-constants'
import { sliceFirstBlock } from './passes/slice-first-block'

export type NpuPassName =
  | 'resolve-constants'
  | 'fold-batch-norm'
  | 'constant-attention'
  | 'fold-softmax-transposes'
  | 'gather-nodes'
  | 'slice-first-block'
  | 'conv1d-as-conv2d'

/** What a pass did to a graph. */
export interface PassReport {
  readonly pass: NpuPassName
  /** How many places it changed; 0 where it found nothing to do. */
  readonly applied: number
  /** What a place is, or, with `applied` 0, which graphs have none: a clause for people. */
  readonly note: string
}

interface Pass {
  readonly name: NpuPassName
  readonly run: (graph: Graph) => Graph
  readonly applied: (before: Graph, after: Graph) => number
  readonly done: string
  readonly idle: string
}

const fewer =
  (...ops: readonly string[]) =>
  (before: Graph, after: Graph): number =>
    ops.reduce((sum, op) => sum + countNodes(before, op) - countNodes(after, op), 0)

const passes: readonly Pass[] = [
  {
    name: 'resolve-constants',
    run: resolveConstants,
    applied: (before, after) => before.nodes.length - after.nodes.length,
    done: 'nodes that only compute sizes or hand values on, computed or removed',
    idle: 'every size is a constant already',
  },
  {
    name: 'fold-batch-norm',
    run: foldBatchNorm,
    applied: fewer('BatchNormalization'),
    done: 'normalisations folded into the convolution before them',
    idle: 'no normalisation follows a convolution directly: the exporter has folded them, or there are none',
  },
  {
    name: 'constant-attention',
    run: constantAttention,
    applied: fewer('Softmax'),
    done: 'attention maps that these weights make uniform, replaced by 1/n',
    idle: 'the weights do not make any attention map uniform, so all are computed',
  },
  {
    name: 'fold-softmax-transposes',
    run: foldSoftmaxTransposes,
    applied: (before, after) => softmaxTransposes(before) - softmaxTransposes(after),
    done: 'pairs of transposes around a soft-max folded into its axis',
    idle: 'no soft-max stands between two transposes',
  },
  {
    name: 'gather-nodes',
    run: gatherNodes,
    applied: fewer('GatherElements'),
    done: 'poolings that gather node by node',
    idle: 'each clip of a batch keeps nodes of its own (possible at batch 1 only), or nothing is gathered by element',
  },
  {
    name: 'slice-first-block',
    run: sliceFirstBlock,
    applied: (before, after) => (after === before ? 0 : 1),
    done: 'residual block computed in slices of time',
    idle: 'there is no whole first residual block that is large enough to slice',
  },
  {
    name: 'conv1d-as-conv2d',
    run: conv1dAsConv2d,
    applied: (before, after) => conv1ds(before) - conv1ds(after),
    done: 'Conv1d computed as Conv2d, the pool behind it split by axis',
    idle: 'there is no Conv1d with constant weights',
  },
]

function softmaxTransposes(graph: Graph): number {
  const softmax = new Set(graph.nodes.filter(({ op }) => op === 'Softmax').flatMap(({ outputs }) => outputs))
  return graph.nodes.filter(({ op, inputs }) => op === 'Transpose' && softmax.has(inputs[0]!)).length
}

function conv1ds(graph: Graph): number {
  return graph.nodes.filter(
    ({ op, inputs }) => op === 'Conv' && graph.initializers.get(inputs[1]!)?.dims.length === 3,
  ).length
}

/**
 * What the Ascend guide's graph edit does, from the graph's own shapes and weights: the same numbers in fewer and larger
 * operators. It goes by structure, never by names, so a graph read from anybody's ONNX file will do; what has another
 * structure is left as it is, and the report says so.
 * @throws ModelError MODEL_INVALID for a graph without fixed sizes, or whose sizes contradict each other
 */
export function optimizeForNpu(graph: Graph): {
  readonly graph: Graph
  readonly passes: readonly PassReport[]
} {
  const reports: PassReport[] = []
  let current = graph
  for (const { name, run, applied: count, done, idle } of passes) {
    const after = run(current)
    const applied = count(current, after)
    reports.push({ pass: name, applied, note: applied > 0 ? done : idle })
    current = after
  }
  return { graph: current, passes: reports }
}
