/** Checked access to a checkpoint's tensors: what the network asks for is there, has the right shape and is finite. */
import { ModelError } from '../errors'
import type { Checkpoint } from './checkpoint/checkpoint'

/** Weights and statistics of one batch normalisation, `[features]` each. */
export interface BatchNormWeights {
  readonly weight: Float32Array
  readonly bias: Float32Array
  readonly mean: Float32Array
  readonly variance: Float32Array
}

export class Weights {
  readonly #checkpoint: Checkpoint
  readonly #used = new Set<string>()

  constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint
  }

  /** The tensor of that name. @throws ModelError CHECKPOINT_INVALID when missing, of another shape or not finite */
  get(name: string, shape: readonly number[]): Float32Array {
    const tensor = this.#checkpoint.get(name)
    if (tensor === undefined) {
      throw new ModelError(
        'CHECKPOINT_INVALID',
        `the checkpoint has no tensor "${name}" of shape [${shape.join()}]; is this an AASIST checkpoint, and does it ` +
          'belong to this configuration?',
        { tensor: name },
      )
    }
    if (!(tensor.data instanceof Float32Array)) {
      throw new ModelError(
        'CHECKPOINT_INVALID',
        `tensor "${name}" is ${tensor.dtype}, expected float32; save the model's own state_dict, unquantised`,
        {
          tensor: name,
        },
      )
    }
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
      throw new ModelError(
        'CHECKPOINT_INVALID',
        `tensor "${name}" has shape [${tensor.shape.join()}], the configuration asks for [${shape.join()}]; ` +
          'checkpoint and configuration do not belong together',
        { tensor: name, found: tensor.shape, expected: shape },
      )
    }
    if (!tensor.data.every(Number.isFinite)) {
      throw new ModelError(
        'CHECKPOINT_INVALID',
        `tensor "${name}" holds values that are not finite: training diverged, or the file is damaged; take an earlier checkpoint`,
        {
          tensor: name,
        },
      )
    }
    this.#used.add(name)
    return tensor.data
  }

  batchNorm(name: string, features: number): BatchNormWeights {
    const variance = this.get(`${name}.running_var`, [features])
    if (variance.some(value => value < 0)) {
      throw new ModelError(
        'CHECKPOINT_INVALID',
        `"${name}.running_var" holds a negative variance: the file is damaged; download or save it again`,
        {
          tensor: name,
        },
      )
    }
    return {
      weight: this.get(`${name}.weight`, [features]),
      bias: this.get(`${name}.bias`, [features]),
      mean: this.get(`${name}.running_mean`, [features]),
      variance,
    }
  }

  /**
   * Refuses a checkpoint with weights the network did not ask for: it belongs to another architecture, and scores made
   * from a part of it would look like scores.
   * @param ignored names the released checkpoints hold but the released network never uses
   */
  assertAllUsed(ignored: RegExp): void {
    const left = [...this.#checkpoint.keys()].filter(name => !this.#used.has(name) && !ignored.test(name))
    if (left.length > 0) {
      throw new ModelError(
        'CHECKPOINT_INVALID',
        `the checkpoint holds ${left.length} tensors that AASIST with this configuration does not have: ` +
          `${left.slice(0, 3).join(', ')}${left.length > 3 ? ', …' : ''}`,
        { tensors: left.slice(0, 50) },
      )
    }
  }
}
