/** Checkpoint and configuration in, ONNX bytes out: the whole way that the original guide takes three scripts for. */
import { ArgumentRangeError, assertKnownOptions } from '../errors'
import { buildAasistGraph, buildSharedWindowsGraph } from './aasist-graph'
import { assertBatch } from './batch'
import { readCheckpoint } from './checkpoint/checkpoint'
import { parseConfig, type AasistConfig } from './config'
import type { Graph } from './graph'
import { optimizeForNpu } from './npu-target'
import { provenanceOf, writeOnnx } from './onnx/write'
import { constantAttention } from './passes/constant-attention'
import { cropByConvolution } from './passes/crop-by-convolution'
import { decomposeSelu } from './passes/decompose-selu'
import { foldBatchNorm } from './passes/fold-batch-norm'
import { tileFrontEnd } from './passes/tile-front-end'
import type { SharedWindows } from './shared-windows'
import { tileTime, type TileGroup } from './passes/tile-time'

/**
 * - `plain`: the network as PyTorch would export it, for any runtime.
 * - `cpu`: the same numbers on onnxruntime's CPU kernels in three quarters of the time (docs/performance.md).
 * - `npu`: the same numbers in operators that suit Ascend NPUs, for ATC to compile (docs/graph.md).
 */
export type ConvertTarget = 'plain' | 'cpu' | 'npu'
export const convertTargets: readonly ConvertTarget[] = ['plain', 'cpu', 'npu']

export interface ConvertOptions {
  /** Clips in one run, fixed in the graph; 1 to 1,024. Default 1. */
  readonly batch?: number
  /**
   * Overlapping windows of one recording instead of clips that have nothing to do with each other: input `[1, samples]`,
   * outputs with a row for each window. They share what they have in common (docs/graph.md). Not with `batch`.
   */
  readonly windows?: SharedWindows
  /** Default `plain`. */
  readonly target?: ConvertTarget
  /**
   * Time tiles of the `cpu` target, the only one that has them; the default was the fastest of those measured, and with
   * `windows` the next two blocks have tiles as well unless more than two are named. None: every map is computed whole.
   */
  readonly tiles?: readonly TileGroup[]
}

/**
 * Two blocks at once keep the map between them in cache as well: 5 % faster than tiling each alone, and fewer nodes.
 * Of 19, 25, 38, 50 and 75 frames a tile (measured on an AMD EPYC with AVX-512), 25 to 38 were best.
 */
export const defaultTiles: readonly TileGroup[] = [{ blocks: 2, framesPerTile: 38 }]

/**
 * Converts an AASIST or AASIST-L checkpoint (`.pth`) and its configuration (`.conf`) to ONNX, operator set 13.
 * Input `input` float32 `[batch, nb_samp]`, 16 kHz, int16/32768; outputs `last_hidden` `[batch, 160]` (5 times the
 * second of `gat_dims`) and `logits` `[batch, 2]`, of which column 1 is the score: higher is more genuine.
 *
 * Nothing in a checkpoint is executed: it is read by an unpickler that knows tensors and nothing else.
 *
 * @param checkpoint the bytes of the `.pth`
 * @param config the text or the bytes of the `.conf`, or what {@link parseConfig} made of it
 * @throws ModelError CHECKPOINT_UNSAFE, CHECKPOINT_INVALID, CONFIG_INVALID
 * @throws ArgumentRangeError INVALID_ARGUMENT
 * @example
 * const onnx = convertCheckpoint(await readFile('AASIST-L.pth'), await readFile('AASIST-L.conf', 'utf8'), { target: 'cpu' })
 */
export function convertCheckpoint(
  checkpoint: Uint8Array,
  config: string | Uint8Array | AasistConfig,
  options: ConvertOptions = {},
): Uint8Array {
  assertKnownOptions(options, ['batch', 'windows', 'target', 'tiles'], 'convertCheckpoint')
  const { batch = 1, windows, target = 'plain', tiles = defaultTiles } = options
  assertBatch(batch)
  if (windows !== undefined && options.batch !== undefined) {
    throw new ArgumentRangeError('batch and windows are both given; windows.count is the batch there')
  }
  if (!convertTargets.includes(target)) {
    throw new ArgumentRangeError(
      `target is "${target as string}"; it must be one of ${convertTargets.join(', ')}`,
    )
  }
  if (options.tiles !== undefined && target !== 'cpu') {
    throw new ArgumentRangeError(`tiles are of the cpu target; leave them out for ${target}`)
  }
  for (const { blocks, framesPerTile } of tiles) {
    if (!Number.isInteger(blocks) || blocks < 1 || !Number.isInteger(framesPerTile) || framesPerTile < 4) {
      throw new ArgumentRangeError(
        `a tile group of ${blocks} blocks and ${framesPerTile} frames: at least 1 block and 4 frames, whole numbers`,
      )
    }
  }
  const { model } = readConfig(config)
  const weights = readCheckpoint(checkpoint)
  const plain =
    windows === undefined
      ? buildAasistGraph(weights, model, batch)
      : buildSharedWindowsGraph(weights, model, windows)
  switch (target) {
    case 'plain':
      return writeOnnx(plain, provenanceOf(target))
    case 'cpu':
      return cpuModel(plain, windows === undefined ? tiles : tilesOfStretch(tiles))
    case 'npu':
      return writeOnnx(optimizeForNpu(plain).graph, provenanceOf(target))
  }
}

function cpuModel(plain: Graph, tiles: readonly TileGroup[]): Uint8Array {
  return writeOnnx(optimizeForCpu(plain, tiles), provenanceOf('cpu', { tiles: JSON.stringify(tiles) }))
}

function readConfig(config: string | Uint8Array | AasistConfig): AasistConfig {
  if (typeof config === 'string') return parseConfig(config)
  return config instanceof Uint8Array ? parseConfig(new TextDecoder().decode(config)) : config
}

/** The passes of the `cpu` target, in their order: tiling needs the pads that the SELU pass makes explicit. */
function optimizeForCpu(graph: Graph, tiles: readonly TileGroup[]): Graph {
  const folded = constantAttention(foldBatchNorm(tileFrontEnd(graph, frontEndFramesPerTile)))
  return cropByConvolution(tileTime(decomposeSelu(folded), tiles))
}

/** 0.8 MB of the filter bank's map, which is read once more while it is in cache. 500 to 2,500 took the same time. */
const frontEndFramesPerTile = 1000

/** Of a long stretch the maps behind the first two blocks are too large as well: 16 MB each, four of them at once. */
function tilesOfStretch(tiles: readonly TileGroup[]): readonly TileGroup[] {
  const blocks = tiles.reduce((sum, group) => sum + group.blocks, 0)
  return blocks === 0 || blocks > 2 ? tiles : [...tiles, { blocks: 2, framesPerTile: 64 }]
}
