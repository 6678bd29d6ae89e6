/**
 * Windows of one recording that overlap share the encoder's work, exactly. Front end and encoder give one frame for each
 * 2,187 samples whatever came before, so windows that begin at multiples of that have frames in common. Only a window's
 * first and last frame are its own, after every block anew: there its convolutions see zeros where the recording goes on.
 * A block's zeros reach two places far (two convolutions of three taps), and three places make a frame of the next map:
 * so of every map it is just the first and the last frame that have to be computed for the window itself.
 */
import { ArgumentRangeError, ModelError } from '../errors'
import type { ModelConfig } from './config'
import {
  encoderBlocks,
  frontEndFrames,
  type EncoderBlock,
  type EncoderBuilder,
  type FeatureMap,
} from './encoder'
import { int, int64Tensor, ints } from './graph'
import type { LayerBuilder } from './layers'

/** Windows in one run. */
export interface SharedWindows {
  /** Windows in one run; 2 to 1,024. */
  readonly count: number
  /** From one window's first sample to the next one's: a multiple of {@link encoderStrideSamples}. */
  readonly hopSamples: number
}

/** Samples for each frame that the encoder gives: three for one of the front end's, and six poolings by three. */
export const encoderStrideSamples = 3 ** 7

/** As many as a minute has samples, times twenty: a run takes memory for all of them. */
const mostSamples = 19_200_000
const mostWindows = 1024
/** Blocks that are computed together, so that the map between them is needed nowhere else and may stay in cache. */
const groupBlocks = 2

/** Samples that one run takes. */
export function sharedSamples(config: ModelConfig, { count, hopSamples }: SharedWindows): number {
  return (count - 1) * hopSamples + config.nbSamp
}

/** @throws ArgumentRangeError INVALID_ARGUMENT */
export function assertSharedWindows(windows: SharedWindows): void {
  const { count, hopSamples } = windows
  if (!Number.isInteger(count) || count < 2 || count > mostWindows) {
    throw new ArgumentRangeError(
      `windows.count is ${count}; it must be a whole number from 2 to ${mostWindows}`,
    )
  }
  if (!Number.isInteger(hopSamples) || hopSamples < 1 || hopSamples % encoderStrideSamples !== 0) {
    throw new ArgumentRangeError(
      `windows.hopSamples is ${hopSamples}; it must be a multiple of ${encoderStrideSamples}, the samples of one encoder frame`,
    )
  }
  if ((count - 1) * hopSamples > mostSamples) {
    throw new ArgumentRangeError(
      `${count} windows ${hopSamples} samples apart span more than ${mostSamples} samples; take fewer, or a smaller hop`,
    )
  }
}

/**
 * The encoder's maps of every window, `[count, channels, bands, frames]`, from one stretch of samples.
 * @throws ModelError CONFIG_INVALID where a window is so short that what is its own is all of it
 */
export function encodeSharedWindows(
  layers: LayerBuilder,
  encoder: EncoderBuilder,
  config: ModelConfig,
  windows: SharedWindows,
): FeatureMap {
  const blocks = encoderBlocks(config)
  const groups = Array.from({ length: Math.ceil(blocks.length / groupBlocks) }, (_, index) =>
    blocks.slice(index * groupBlocks, (index + 1) * groupBlocks),
  )
  let whole = encoder.frontEnd('input', sharedSamples(config, windows))
  const strips = new WindowEdges(layers, windows)
  let frames = frontEndFrames(config, config.nbSamp)
  let framesOfHop = windows.hopSamples / 3
  const before: SharedMap[] = []
  // Passes count the encoder's blocks by their pools, so all that is shared comes first.
  for (const group of groups) {
    before.push({ map: whole, frames, framesOfHop })
    for (const block of group) whole = encoder.residualBlock(block, whole)
    frames = group.reduce(length => Math.floor(length / 3), frames)
    framesOfHop /= 3 ** group.length
  }
  for (const [index, group] of groups.entries()) strips.advance(group, before[index]!)
  if (frames < 3) {
    throw new ModelError(
      'CONFIG_INVALID',
      `windows of ${config.nbSamp} samples (nb_samp) have ${frames} encoder frames; sharing them takes at least 3`,
    )
  }
  const value = strips.join({ map: whole, frames, framesOfHop })
  return { ...whole, value, frames }
}

/** A map of the whole stretch, and where in it the windows are. */
interface SharedMap {
  readonly map: FeatureMap
  /** Of one window. */
  readonly frames: number
  readonly framesOfHop: number
}

/** Half-open range of a window's frames. */
type Range = readonly [from: number, to: number]

type Side = 'first' | 'last'

/** Some frames of a map, for every window. */
interface Strip {
  readonly map: FeatureMap
  /** Which of the window's frames they are. */
  readonly range: Range
}

/** The frames at the two ends of every window, carried from group to group. */
class WindowEdges {
  readonly #layers: LayerBuilder
  readonly #count: number
  /** `[count, channels, bands, 1]`; nothing before the first block, which reads what no zeros have touched. */
  #own: Readonly<Record<Side, string | undefined>> = { first: undefined, last: undefined }

  constructor(layers: LayerBuilder, { count }: SharedWindows) {
    this.#layers = layers
    this.#count = count
  }

  /** From the map before a group of blocks to the first and last frame behind it. */
  advance(group: readonly EncoderBlock[], before: SharedMap): void {
    const behind = group.reduce(length => Math.floor(length / 3), before.frames)
    const through = (side: Side): string => {
      const lengths = [before.frames]
      for (let index = 1; index < group.length; index += 1) lengths.push(Math.floor(lengths[index - 1]! / 3))
      const wanted: Range[] = [side === 'first' ? [0, 1] : [behind - 1, behind]]
      for (const length of [...lengths].reverse()) wanted.unshift(framesRead(wanted[0]!, length))
      let strip = this.#strip(side, wanted[0]!, before)
      for (const [index, block] of group.entries()) {
        strip = this.#block(block, strip, lengths[index]!, wanted[index + 1]!)
      }
      return strip.map.value
    }
    this.#own = { first: through('first'), last: through('last') }
  }

  /** Every window whole: its own ends, and what it shares between them. */
  join(shared: SharedMap): string {
    const { first, last } = this.#own
    const between = this.#gather(shared, [1, shared.frames - 1])
    return this.#layers.graph.op('Concat', [first!, between, last!], { axis: int(3) }, 'windows')
  }

  #strip(side: Side, range: Range, shared: SharedMap): Strip {
    const { graph } = this.#layers
    const own = this.#own[side]
    const [from, to] = range
    const take = (taken: Range): string => this.#gather(shared, taken)
    const value =
      own === undefined
        ? take(range)
        : side === 'first'
          ? graph.op('Concat', [own, take([from + 1, to])], { axis: int(3) })
          : graph.op('Concat', [take([from, to - 1]), own], { axis: int(3) })
    return { range, map: { ...shared.map, value, frames: to - from } }
  }

  /** The same frames of every window, from where each begins in the map that all share. */
  #gather({ map, framesOfHop }: SharedMap, [from, to]: Range): string {
    const { graph } = this.#layers
    const width = to - from
    const indices = Array.from(
      { length: this.#count * width },
      (_, at) => Math.floor(at / width) * framesOfHop + from + (at % width),
    )
    const places = graph.constant('window_frames', int64Tensor([this.#count, width], indices))
    const gathered = graph.op('Gather', [map.value, places], { axis: int(3) })
    const turned = graph.op('Transpose', [gathered], { perm: ints(0, 3, 1, 2, 4) })
    return graph.op('Reshape', [turned, graph.ints(this.#count, map.channels, map.bands, width)])
  }

  /** {@link EncoderBuilder.residualBlock} for the frames `wanted` of its result, of a window with `length` frames. */
  #block(
    { name, from: channels, to: result }: EncoderBlock,
    strip: Strip,
    length: number,
    wanted: Range,
  ): Strip {
    const layers = this.#layers
    const { graph } = layers
    const { map, range } = strip
    const summed: Range = [3 * wanted[0], 3 * wanted[1]]
    const hidden = within([summed[0] - 1, summed[1] + 1], length)
    const first = padding([hidden[0] - 1, hidden[1] + 1], length)
    const second = padding([summed[0] - 1, summed[1] + 1], length)
    let value = this.#cut(map.value, range, within([hidden[0] - 1, hidden[1] + 1], length))
    value = layers.conv(`${name}.conv1`, value, [result, channels, 2, 3], [1, first.left, 1, first.right])
    value = layers.batchNorm(value, `${name}.bn2`, result)
    value = graph.op('Selu', [value])
    value = layers.conv(`${name}.conv2`, value, [result, result, 2, 3], [0, second.left, 0, second.right])
    const skip =
      channels === result
        ? this.#cut(map.value, range, summed)
        : layers.conv(
            `${name}.conv_downsample`,
            this.#cut(map.value, range, within([summed[0] - 1, summed[1] + 1], length)),
            [result, channels, 1, 3],
            [0, second.left, 0, second.right],
          )
    value = graph.op('Add', [value, skip])
    value = graph.op('MaxPool', [value], { kernel_shape: ints(1, 3), strides: ints(1, 3) }, `${name}.edge`)
    return {
      range: wanted,
      map: { value, channels: result, bands: map.bands, frames: wanted[1] - wanted[0] },
    }
  }

  #cut(value: string, have: Range, want: Range): string {
    if (have[0] === want[0] && have[1] === want[1]) return value
    const { graph } = this.#layers
    return graph.op('Slice', [
      value,
      graph.ints(want[0] - have[0]),
      graph.ints(want[1] - have[0]),
      graph.ints(3),
    ])
  }
}

/** What a block reads for some frames of its result: three places for each, and as far as two convolutions reach. */
function framesRead([from, to]: Range, length: number): Range {
  return within([3 * from - 2, 3 * to + 2], length)
}

function within([from, to]: Range, length: number): Range {
  return [Math.max(from, 0), Math.min(to, length)]
}

/** How far a range stands out of a window's map at either end: there are zeros. */
function padding([from, to]: Range, length: number): { readonly left: number; readonly right: number } {
  return { left: Math.max(-from, 0), right: Math.max(to - length, 0) }
}
