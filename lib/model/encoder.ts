/** Front end and encoder of AASIST: from samples to a map of bands and frames. */
import { ModelError } from '../errors'
import type { ModelConfig } from './config'
import { ints } from './graph'
import type { LayerBuilder } from './layers'
import { melSincBank } from './sinc-bank'

/** A `[batch, channels, bands, frames]` value. */
export interface FeatureMap {
  readonly value: string
  readonly channels: number
  readonly bands: number
  readonly frames: number
}

/** A residual block: its name in the checkpoint, and the channels it takes and gives. */
export interface EncoderBlock {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** Frames of the front end's map of so many samples. */
export function frontEndFrames(config: ModelConfig, samples: number): number {
  return Math.floor((samples - tapsOf(config) + 1) / 3)
}

function tapsOf({ firstConv }: ModelConfig): number {
  return firstConv % 2 === 0 ? firstConv + 1 : firstConv
}

/** @throws ModelError CONFIG_INVALID where a block does not take what the one before gives */
export function encoderBlocks(config: ModelConfig): readonly EncoderBlock[] {
  const [, ...pairs] = config.filts
  const last = pairs.at(-1)!
  // The release repeats the last channel pair for blocks 4 and 5.
  const blocks = [...pairs, last, last].map(([from, to], index) => ({ name: `encoder.${index}.0`, from, to }))
  for (const [index, { from }] of blocks.entries()) {
    const given = blocks[index - 1]?.to ?? 1
    if (from === given) continue
    throw new ModelError(
      'CONFIG_INVALID',
      `encoder block ${index} takes ${from} channels in the configuration, but the block before gives ${given}`,
    )
  }
  return blocks
}

export class EncoderBuilder {
  readonly #layers: LayerBuilder
  readonly #config: ModelConfig

  constructor(layers: LayerBuilder, config: ModelConfig) {
    this.#layers = layers
    this.#config = config
  }

  /** Waveform → `[batch, 1, bands, frames]`: sinc filter bank, magnitude, 3×3 max-pool, `first_bn`, SELU. */
  frontEnd(input: string, samples: number): FeatureMap {
    const { graph } = this.#layers
    const filters = this.#config.filts[0]
    const taps = tapsOf(this.#config)
    const bank = graph.floats('sinc_bank', [filters, 1, taps], melSincBank(filters, taps))
    let value = graph.op('Unsqueeze', [input, graph.ints(1)])
    value = graph.op('Conv', [value, bank], { kernel_shape: ints(taps) }, 'sinc')
    value = graph.op('Unsqueeze', [value, graph.ints(1)])
    value = graph.op('Abs', [value])
    value = graph.op('MaxPool', [value], { kernel_shape: ints(3, 3), strides: ints(3, 3) })
    value = this.#layers.batchNorm(value, 'first_bn', 1)
    value = graph.op('Selu', [value], {}, 'front_end')
    const frames = frontEndFrames(this.#config, samples)
    return { value, channels: 1, bands: Math.floor(filters / 3), frames }
  }

  /**
   * conv1 → bn2 → SELU → conv2, plus the (down-sampled) input, then max-pool by 3 in time. The release computes
   * `bn1` + SELU on the block's input in blocks 1…5 and throws the result away: conv1 reads the raw input. A port
   * that "fixes" this changes every score.
   */
  residualBlock({ name, to: channels }: EncoderBlock, input: FeatureMap): FeatureMap {
    const layers = this.#layers
    const { graph } = layers
    let value = layers.conv(`${name}.conv1`, input.value, [channels, input.channels, 2, 3], [1, 1, 1, 1])
    value = layers.batchNorm(value, `${name}.bn2`, channels)
    value = graph.op('Selu', [value])
    value = layers.conv(`${name}.conv2`, value, [channels, channels, 2, 3], [0, 1, 0, 1])
    const skip =
      input.channels === channels
        ? input.value
        : layers.conv(`${name}.conv_downsample`, input.value, [channels, input.channels, 1, 3], [0, 1, 0, 1])
    value = graph.op('Add', [value, skip])
    value = graph.op('MaxPool', [value], { kernel_shape: ints(1, 3), strides: ints(1, 3) }, `${name}.out`)
    const frames = Math.floor(input.frames / 3)
    if (frames < 1) {
      throw new ModelError(
        'CONFIG_INVALID',
        `nb_samp ${this.#config.nbSamp} leaves no frame after ${name}; six poolings by three need more samples`,
      )
    }
    return { value, channels, bands: input.bands, frames }
  }
}
