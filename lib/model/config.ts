/** The `.conf` file that travels with an AASIST checkpoint: JSON, of which only the model part is used. */
import { ModelError } from '../errors'

/** Input and output channels of a residual block of the encoder. */
export type ChannelPair = readonly [input: number, output: number]

/** `model_config` of the file; names and meanings are those of clovaai/aasist. */
export interface ModelConfig {
  readonly architecture: 'AASIST'
  /** Samples at 16 kHz in one window. */
  readonly nbSamp: number
  /** Taps of the sinc filters; an even number is raised by one, as upstream does. */
  readonly firstConv: number
  /** Sinc filters, then the channels of encoder blocks 0, 1, 2 and 3; blocks 4 and 5 repeat the last pair. */
  readonly filts: readonly [filters: number, ...blocks: ChannelPair[]]
  /** Width of the graph attention layers and of the heterogeneous ones. */
  readonly gatDims: readonly [gat: number, heterogeneous: number]
  /** Share of nodes kept by pool_S, pool_T and all of pool_hS*, pool_hT*; the fourth is unused. */
  readonly poolRatios: readonly [number, number, number, number]
  /** Soft-max temperatures of GAT_layer_S, GAT_layer_T and all HtrgGAT layers; the fourth is unused. */
  readonly temperatures: readonly [number, number, number, number]
}

export interface AasistConfig {
  readonly model: ModelConfig
  /** `asv_score_path`: the ASV scores, relative to the corpus folder. */
  readonly asvScorePath?: string
  /** `database_path`: the corpus folder. */
  readonly databasePath?: string
}

/**
 * @param text the file's text; a byte order mark is allowed
 * @param source what to call the file in messages
 * @throws ModelError `CONFIG_INVALID`
 */
export function parseConfig(text: string, source = 'config'): AasistConfig {
  let file: Record<string, unknown>
  try {
    file = JSON.parse(text.replace(/^\uFEFF/, '')) as Record<string, unknown>
  } catch (error) {
    throw new ModelError('CONFIG_INVALID', `${source} is not JSON: ${String(error)}`)
  }
  const model = file['model_config'] as Record<string, never>
  return {
    model: {
      architecture: 'AASIST',
      nbSamp: model['nb_samp']!,
      firstConv: model['first_conv']!,
      filts: model['filts']!,
      gatDims: model['gat_dims']!,
      poolRatios: model['pool_ratios']!,
      temperatures: model['temperatures']!,
    },
    ...(typeof file['asv_score_path'] === 'string' ? { asvScorePath: file['asv_score_path'] } : {}),
    ...(typeof file['database_path'] === 'string' ? { databasePath: file['database_path'] } : {}),
  }
}
