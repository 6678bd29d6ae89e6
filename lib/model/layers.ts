/** Layers with weights of the checkpoint, put into a graph under their names there. */
import { float, ints, type GraphBuilder } from './graph'
import type { Weights } from './weights'

const batchNormEpsilon = 1e-5

/** Zeros around a map: before and after its bands, before and after its frames. */
export type Pads = readonly [top: number, left: number, bottom: number, right: number]

export class LayerBuilder {
  readonly graph: GraphBuilder
  readonly weights: Weights
  /** Convolutions run over several maps with the same weights. */
  readonly #constants = new Map<string, string>()

  constructor(graph: GraphBuilder, weights: Weights) {
    this.graph = graph
    this.weights = weights
  }

  conv(name: string, input: string, shape: readonly [number, number, number, number], pads: Pads): string {
    const weight = this.#constant(`${name}.weight`, shape, this.weights.get(`${name}.weight`, shape))
    const bias = this.#constant(`${name}.bias`, [shape[0]], this.weights.get(`${name}.bias`, [shape[0]]))
    return this.graph.op(
      'Conv',
      [input, weight, bias],
      { kernel_shape: ints(shape[2], shape[3]), pads: ints(...pads) },
      `${name}.out`,
    )
  }

  batchNorm(input: string, name: string, features: number): string {
    const { weight, bias, mean, variance } = this.weights.batchNorm(name, features)
    const parameter = (suffix: string, data: Float32Array): string =>
      this.#constant(`${name}.${suffix}`, [features], data)
    return this.graph.op(
      'BatchNormalization',
      [
        input,
        parameter('weight', weight),
        parameter('bias', bias),
        parameter('running_mean', mean),
        parameter('running_var', variance),
      ],
      { epsilon: float(batchNormEpsilon) },
      `${name}.out`,
    )
  }

  linear(name: string, input: string, from: number, to: number): string {
    const product = this.graph.op('MatMul', [input, this.transposed(`${name}.weight`, from, to)])
    const bias = this.graph.floats(`${name}.bias`, [to], this.weights.get(`${name}.bias`, [to]))
    return this.graph.op('Add', [product, bias], {}, `${name}.out`)
  }

  /** PyTorch keeps a linear layer as `[to, from]`; MatMul wants `[from, to]`. */
  transposed(name: string, from: number, to: number): string {
    const rows = this.weights.get(name, [to, from])
    const columns = new Float32Array(rows.length)
    for (let row = 0; row < to; row++) {
      for (let column = 0; column < from; column++) columns[column * to + row] = rows[row * from + column]!
    }
    return this.graph.floats(name, [from, to], columns)
  }

  #constant(name: string, dims: readonly number[], data: Float32Array): string {
    let constant = this.#constants.get(name)
    if (constant === undefined) {
      constant = this.graph.floats(name, dims, data)
      this.#constants.set(name, constant)
    }
    return constant
  }
}
