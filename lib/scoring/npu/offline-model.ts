/** From a checkpoint or an ONNX model to an offline model, made once and kept. */
import { createHash } from 'node:crypto'
import { basename, extname, resolve } from 'node:path'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { ArgumentTypeError } from '../../errors'
import {
  convertCheckpoint,
  parseConfig,
  type AasistConfig,
  type ConvertOptions,
  type ConvertTarget,
} from '../../model'
import { besides, readConfigFile, readModelFile } from '../model-file'
import { checkCompileOptions, planCompilation, type Compilation, type CompileOptions } from './compilation'
import { compileTo } from './compile-model'
import { cacheFolder, fromCache } from './model-cache'

export interface OfflineModelOptions extends CompileOptions {
  /** Configuration of a checkpoint; default: its name with `.conf`. */
  readonly config?: string
  /** What a checkpoint is converted to; default `plain`. */
  readonly target?: ConvertTarget
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
}

const furtherOptions = ['config', 'target', 'cacheFolder', 'onWaiting', 'convert'] as const

interface Prepared {
  readonly onnx: string | Uint8Array
  readonly sourceSha256: string
  readonly configSha256: string | null
  readonly conversion: ConvertOptions | null
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
  source: string,
  options: OfflineModelOptions = {},
): Promise<OfflineModel> {
  checkCompileOptions(options, furtherOptions, 'offlineModelFor()')
  if (typeof source !== 'string')
    throw new ArgumentTypeError('the model must be the path of a .pth or .onnx file')
  const { signal, onWaiting } = options
  const prepared = await prepare(source, options)
  signal?.throwIfAborted()
  const { batch, ...rest } = options
  // A converted checkpoint has its batch in it.
  const compilation = await planCompilation(
    prepared.onnx,
    prepared.conversion === null && batch !== undefined ? { ...rest, batch } : rest,
  )
  const cached = await fromCache({
    folder: resolve(options.cacheFolder ?? cacheFolder(options.environment)),
    key: keyOf(compilation, prepared),
    label: labelOf(source, compilation),
    about: aboutOf(source, compilation, prepared),
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
  }
}

const checkpointEndings = new Set(['.pth', '.pt', '.ckpt'])

async function prepare(source: string, options: OfflineModelOptions): Promise<Prepared> {
  const bytes = await readModelFile(source)
  const isCheckpoint =
    checkpointEndings.has(extname(source).toLowerCase()) || (bytes[0] === 0x50 && bytes[1] === 0x4b)
  if (!isCheckpoint) {
    return { onnx: source, sourceSha256: sha256Of(bytes), configSha256: null, conversion: null }
  }
  const { batch = [1], target = 'plain', signal } = options
  const [size, ...more] = batch
  if (size === undefined || more.length > 0) {
    throw new ArgumentTypeError(
      `a checkpoint is converted for one batch, found ${batch.join(',')}; gears need an ONNX model with an open batch`,
      { option: 'batch' },
    )
  }
  const configPath = options.config ?? besides(source, '.conf')
  const text = await readConfigFile(configPath, options.config === undefined ? source : null)
  const conversion = { batch: size, target }
  const convert = options.convert ?? convertHere
  const onnx = await convert(bytes, parseConfig(text, configPath), conversion, signal)
  return { onnx, sourceSha256: sha256Of(bytes), configSha256: sha256Of(text), conversion }
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

function labelOf(source: string, { soc }: Compilation): string {
  const name = basename(source, extname(source))
    .replace(/[^\w.-]+/g, '_')
    .replace(/^[.-]+/, '')
  return `${name.slice(0, 60) || 'model'}-${soc.soc}`
}

function aboutOf(
  source: string,
  compilation: Compilation,
  prepared: Prepared,
): Readonly<Record<string, unknown>> {
  const { soc, atc, options, model } = compilation
  return {
    model: resolve(source),
    modelSha256: prepared.sourceSha256,
    configSha256: prepared.configSha256,
    conversion: prepared.conversion,
    graphSha256: model.sha256,
    soc: soc.soc,
    options: Object.fromEntries(options),
    atc: atc.path,
    atcVersion: atc.version,
    packageVersion: compilation.packageVersion,
  }
}

function sha256Of(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}
