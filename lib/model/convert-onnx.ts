/** ONNX bytes in, ONNX bytes for NPUs out: for models that were exported elsewhere. */
import { ArgumentRangeError, assertKnownOptions, ModelError } from '../errors'
import { assertBatch } from './batch'
import type { Graph, ValueInfo } from './graph'
import { optimizeForNpu, type PassReport } from './npu-target'
import { assertArities } from './onnx/arity'
import { readOnnx } from './onnx/read'
import { provenanceOf, writeOnnx } from './onnx/write'
import { inferShapes } from './shapes'

export interface ConvertOnnxOptions {
  /** Clips in one run, for a model that leaves its batch open: 1 to 1,024, default 1. A fixed one cannot be changed. */
  readonly batch?: number
}

export interface ConvertedOnnx {
  readonly onnx: Uint8Array
  /** The batch fixed in the graph, which is the size of the first axis of its first input. */
  readonly batch: number
  /** In the order in which they ran; those that found nothing to do have `applied` 0. */
  readonly passes: readonly PassReport[]
}

/** What the passes have been written for, and what ATC reads (`--framework=5`). */
const oldestOpset = 11
const newestOpset = 18

/**
 * Rewrites an ONNX model, as PyTorch's exporter writes AASIST, for NPUs: the target `npu` of {@link convertCheckpoint}
 * for a model without its checkpoint. Names, order and types of inputs and outputs and the operator set stay as they are;
 * an open batch axis gets a size. Numbers stay within float32's rounding.
 *
 * @param bytes an ONNX file of operator set 11 to 18, weights included
 * @throws ModelError MODEL_INVALID: not such a model, or its sizes contradict each other
 * @throws ArgumentRangeError INVALID_ARGUMENT: the model's batch is another one
 * @example
 * const { onnx, passes } = convertOnnx(await readFile('aasist_bs1.onnx'))
 */
export function convertOnnx(bytes: Uint8Array, options: ConvertOnnxOptions = {}): ConvertedOnnx {
  assertKnownOptions(options, ['batch'], 'convertOnnx')
  if (options.batch !== undefined) assertBatch(options.batch)
  const read = readOnnx(bytes)
  if (read.opset < oldestOpset || read.opset > newestOpset) {
    throw new ModelError(
      'MODEL_INVALID',
      `the model uses operator set ${read.opset}; the npu target takes ${oldestOpset} to ${newestOpset}, as ATC does: ` +
        `export it with opset_version=${oldestOpset}`,
      { opset: read.opset },
    )
  }
  assertArities(read.nodes)
  const { graph, batch } = withBatch(read, options.batch)
  const { graph: rewritten, passes } = optimizeForNpu(graph)
  return { onnx: writeOnnx(withOutputShapes(rewritten), provenanceOf('npu')), batch, passes }
}

/** Gives an open first axis of the inputs a size. @throws ModelError MODEL_INVALID when there is no such axis */
function withBatch(graph: Graph, asked: number | undefined): { graph: Graph; batch: number } {
  const [first] = graph.inputs
  const axis = first?.shape?.[0]
  if (first === undefined || axis === undefined) {
    throw new ModelError(
      'MODEL_INVALID',
      'the model has no input with a batch axis; AASIST takes [batch, samples]',
    )
  }
  const isOpen = (size: number | string | undefined): boolean => typeof size === 'string' || (size ?? 1) < 1
  if (!isOpen(axis) && asked !== undefined && asked !== axis) {
    throw new ArgumentRangeError(
      `batch is ${asked}, but the model has a fixed batch of ${axis}; export it for ${asked}, or with an open batch axis`,
      { batch: asked, found: axis },
    )
  }
  const batch = isOpen(axis) ? (asked ?? 1) : Number(axis)
  const fixed = (input: ValueInfo): ValueInfo =>
    input.shape !== null && isOpen(input.shape[0]) && input.shape.length > 0
      ? { ...input, shape: [batch, ...input.shape.slice(1)] }
      : input
  return { graph: { ...graph, inputs: graph.inputs.map(fixed) }, batch }
}

/** What the outputs' shapes are now that every size is fixed; a file's own claims may hold open axes, or be old. */
function withOutputShapes(graph: Graph): Graph {
  const shapes = inferShapes(graph)
  const outputs = graph.outputs.map(output => ({ ...output, shape: shapes.get(output.name) ?? output.shape }))
  return { ...graph, outputs }
}
