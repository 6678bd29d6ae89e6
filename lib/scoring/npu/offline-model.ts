/** From a checkpoint or an ONNX model to an offline model, made once and kept. */
import { basename, extname, resolve } from 'node:path'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { ArgumentTypeError, ModelError } from '../../errors'
import {
  convertCheckpoint,
  convertOnnx,
  type AasistConfig,
  type ConvertedOnnx,
  type ConvertOptions,
  type ConvertTarget,
  type SharedWindows,
} from '../../model'
import { cacheFolder, fromCache } from '../cache'
import { isCheckpoint, readCheckpointConfig, readModelFile, sha256Of } from '../model-file'
import { checkCompileOptions, planCompilation, type Compilation, type CompileOptions } from './compilation'
import { compileTo, repeatable } from './compile-model'

export interface OfflineModelOptions extends CompileOptions {
  /** Configuration of a checkpoint; default: its name with `.conf`. */
  readonly config?: string
  /**
   * What a checkpoint is converted to; default `plain`. With `npu` an ONNX model is rewritten for NPUs as well, where it
   * is one that can be.
   */
  readonly target?: ConvertTarget
  /** Of a checkpoint: a graph of overlapping windows of one recording instead of a batch of clips. */
  readonly windows?: SharedWindows
  /** Default: {@link cacheFolder}. */
  readonly cacheFolder?: string
  /** Called once when another process is making this model. */
  readonly onWaiting?: () => void
  /** Converts off the event loop, for those who have a thread; default: at once. */
  readonly convert?: (
    checkpoint: Uint8Array,
    config: AasistConfig,
    options: ConvertOptions,
    signal: AbortSignal | undefined,
  ) => Promise<Uint8Array>
  /** The same for an ONNX model. */
  readonly rewrite?: (onnx: Uint8Array, signal: AbortSignal | undefined) => Promise<ConvertedOnnx>
  /** What the model is compiled as, before it is. */
  readonly onGraph?: (graph: CompiledGraph) => void
}

/** What becomes of a model before atc sees it. */
export interface CompiledGraph {
  /** Null for an ONNX model that is compiled as it is. */
  readonly target: ConvertTarget | null
  /** Why it is compiled as it is; null where it is not, or nothing else was asked for. */
  readonly reason: string | null
}

export interface OfflineModel {
  /** Of the offline model, in the cache. */
  readonly path: string
  readonly sha256: string
  readonly soc: string
  readonly socSource: string
  /** The cache's name of it. */
  readonly name: string
  readonly origin: 'cache' | 'made'
  /** Of the model that was given. */
  readonly sourceSha256: string
  readonly configSha256: string | null
  /** Null for a model that was ONNX already. */
  readonly conversion: ConvertOptions | null
  /** Of the ONNX model that was compiled. */
  readonly graphSha256: string
  /** Of the ONNX model that was compiled; null where that is the model that was given. */
  readonly target: ConvertTarget | null
  /** Of atc, as it can be repeated in a shell, program first. */
  readonly command: readonly string[]
  /** Release of CANN; null where it is not told. */
  readonly atcVersion: string | null
  /** Options of atc. */
  readonly options: Readonly<Record<string, string>>
}

const furtherOptions = [
  'config',
  'target',
  'windows',
  'cacheFolder',
  'onWaiting',
  'convert',
  'rewrite',
  'onGraph',
] as const

interface Prepared {
  readonly onnx: string | Uint8Array
  readonly sourceSha256: string
  readonly configSha256: string | null
  readonly conversion: ConvertOptions | null
  readonly graph: CompiledGraph
}

/**
 * The offline model of a checkpoint (`.pth` with its `.conf`) or an ONNX model, for the NPU of this machine or a given
 * one. It is converted and compiled once; after that it comes from the cache, verified by its checksum, as long as
 * everything it depends on is the same: model, configuration, target, batch, NPU, options of atc and the files they
 * name, atc and its release, this package.
 *
 * @throws what {@link compileModel} throws; ModelError `CONFIG_INVALID`, `CHECKPOINT_INVALID`, `CHECKPOINT_UNSAFE`;
 *   DatasetError `OUTPUT_UNWRITABLE` when the cache cannot be written
 */
export async function offlineModelFor(
  source: string | Uint8Array,
  options: OfflineModelOptions = {},
): Promise<OfflineModel> {
  checkCompileOptions(options, furtherOptions, 'offlineModelFor()')
  if (typeof source !== 'string' && !(source instanceof Uint8Array))
    throw new ArgumentTypeError('the model must be the path of a .pth or .onnx file, or the bytes of one')
  const { signal, onWaiting } = options
  const prepared = await prepare(source, options)
  signal?.throwIfAborted()
  options.onGraph?.(prepared.graph)
  const { batch, ...rest } = options
  // A converted model has its batch in it.
  const compilation = await planCompilation(
    prepared.onnx,
    prepared.graph.target === null && batch !== undefined ? { ...rest, batch } : rest,
  )
  const cached = await fromCache({
    folder: resolve(options.cacheFolder ?? cacheFolder(options.environment)),
    key: keyOf(compilation, prepared),
    label: labelOf(source, compilation),
    about: aboutOf(source, compilation, prepared),
    file: 'model.om',
    signal,
    onWaiting,
    make: async path => {
      const made = await compileTo(compilation, path, options)
      return [basename(made.path), basename(made.sidecar), ...made.companions]
    },
  })
  const { sourceSha256, configSha256, conversion } = prepared
  return {
    ...cached,
    soc: compilation.soc.soc,
    socSource: compilation.soc.source,
    ...{ sourceSha256, configSha256, conversion },
    graphSha256: compilation.model.sha256,
    target: prepared.graph.target,
    command: repeatable(compilation, 'model.om'),
    atcVersion: compilation.atc.version,
    options: Object.fromEntries(compilation.options),
  }
}

async function prepare(source: string | Uint8Array, options: OfflineModelOptions): Promise<Prepared> {
  const path = typeof source === 'string' ? source : null
  const bytes = typeof source === 'string' ? await readModelFile(source) : source
  const { windows } = options
  if (!isCheckpoint(bytes, path)) {
    if (windows !== undefined) {
      throw new ArgumentTypeError('a graph of overlapping windows is made of a checkpoint only', {
        option: 'windows',
      })
    }
    return {
      ...(await prepareOnnx(source, bytes, options)),
      sourceSha256: sha256Of(bytes),
      configSha256: null,
      conversion: null,
    }
  }
  const { batch = [1], target = 'plain', signal } = options
  const [size, ...more] = batch
  if (size === undefined || more.length > 0) {
    throw new ArgumentTypeError(
      `a checkpoint is converted for one batch, found ${batch.join(',')}; gears need an ONNX model with an open batch`,
      { option: 'batch' },
    )
  }
  const { config, sha256: configSha256 } = await readCheckpointConfig(path, options.config)
  const conversion = windows === undefined ? { batch: size, target } : { windows, target }
  const convert = options.convert ?? convertHere
  const onnx = await convert(bytes, config, conversion, signal)
  return {
    onnx,
    sourceSha256: sha256Of(bytes),
    configSha256,
    conversion,
    graph: { target, reason: null },
  }
}

async function prepareOnnx(
  source: string | Uint8Array,
  bytes: Uint8Array,
  { target, batch = [], rewrite = rewriteHere, signal }: OfflineModelOptions,
): Promise<Pick<Prepared, 'onnx' | 'graph'>> {
  const asItIs = (reason: string | null) => ({ onnx: source, graph: { target: null, reason } })
  if (target !== 'npu') return asItIs(null)
  // Rewriting fixes the batch.
  if (batch.length > 0) return asItIs('its batch is left to atc')
  try {
    const { onnx, passes } = await rewrite(bytes, signal)
    if (passes.every(({ applied }) => applied === 0)) return asItIs('there is nothing in it to rewrite')
    return { onnx, graph: { target, reason: null } }
  } catch (error) {
    if (error instanceof ModelError) return asItIs(error.message)
    throw error
  }
}

async function rewriteHere(onnx: Uint8Array): Promise<ConvertedOnnx> {
  const rewritten = convertOnnx(onnx)
  await turnOfTheLoop()
  return rewritten
}

async function convertHere(
  checkpoint: Uint8Array,
  config: AasistConfig,
  options: ConvertOptions,
): Promise<Uint8Array> {
  const onnx = convertCheckpoint(checkpoint, config, options)
  // An abort during the conversion is delivered only now.
  await turnOfTheLoop()
  return onnx
}

/** What is logged while compiling is no part of the result. */
const withoutEffect = new Set(['log'])

function keyOf(compilation: Compilation, { sourceSha256, configSha256, conversion }: Prepared): string {
  const { model, soc, atc, options, optionFiles, telling, packageVersion } = compilation
  const hashOf = (name: string): string | undefined => optionFiles.find(file => file.name === name)?.sha256
  const facts = {
    format: 1,
    packageVersion,
    source: [sourceSha256, configSha256, conversion],
    graph: model.sha256,
    externalFiles: model.externalFiles.map(({ name, sha256 }) => [name, sha256]),
    soc: soc.soc,
    // A file counts by what is in it.
    options: [...options]
      .filter(([name]) => !withoutEffect.has(name))
      .map(([name, value]) => [name, hashOf(name) ?? value])
      .sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    atc: [atc.sha256, atc.version],
    environment: Object.entries(telling).sort(([a], [b]) => (a < b ? -1 : 1)),
  }
  return sha256Of(JSON.stringify(facts))
}

function labelOf(source: string | Uint8Array, { soc }: Compilation): string {
  const name = (typeof source === 'string' ? basename(source, extname(source)) : '')
    .replace(/[^\w.-]+/g, '_')
    .replace(/^[.-]+/, '')
  return `${name.slice(0, 60) || 'model'}-${soc.soc}`
}

function aboutOf(
  source: string | Uint8Array,
  compilation: Compilation,
  prepared: Prepared,
): Readonly<Record<string, unknown>> {
  const { soc, atc, options, model } = compilation
  return {
    model: typeof source === 'string' ? resolve(source) : null,
    modelSha256: prepared.sourceSha256,
    configSha256: prepared.configSha256,
    conversion: prepared.conversion,
    target: prepared.graph.target,
    graphSha256: model.sha256,
    soc: soc.soc,
    options: Object.fromEntries(options),
    atc: atc.path,
    atcVersion: atc.version,
    packageVersion: compilation.packageVersion,
  }
}
