/** A checkpoint or an ONNX model on its way to the NPUs of this machine: compiled, or why that is not possible. */
import { DatasetError, ToolError } from '../../errors'
import { checkLibraryPath } from '../../session/acl-options'
import { probeNpus, saysNoUsableNpu, whyNotNpu } from '../../session/devices'
import type { ConvertOptions, SharedWindows } from '../../model'
import { findAtc, type CompileEvent } from '../../toolchain'
import type { LoadedModel } from '../model-file'
import { needsOfflineModel, word } from '../offline-model'
import type { Preparer } from '../preparer'
import {
  offlineModelFor,
  type CompiledGraph,
  type OfflineModel,
  type OfflineModelOptions,
} from './offline-model'

/** What happens on the way; a cached model takes no more than `graph` and `ready`. */
export type CompilationEvent =
  | { readonly kind: 'graph'; readonly graph: CompiledGraph }
  /** Another process compiles the same model. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'atc'; readonly event: CompileEvent }
  | { readonly kind: 'ready'; readonly model: OfflineModel }
  /** With `auto`: the model could not be brought to an NPU, and the CPU computes. */
  | { readonly kind: 'not on an NPU'; readonly reason: string }

/** How a model is compiled where it has to be; the defaults are those of {@link offlineModelFor}, with target `npu`. */
export type CompilationChoices = Pick<
  OfflineModelOptions,
  | 'atc'
  | 'soc'
  | 'target'
  | 'precisionMode'
  | 'precisionModeV2'
  | 'keepDtype'
  | 'mixlist'
  | 'atcOptions'
  | 'timeoutMs'
  | 'cacheFolder'
>

export const compilationChoiceNames = [
  'atc',
  'soc',
  'target',
  'precisionMode',
  'precisionModeV2',
  'keepDtype',
  'mixlist',
  'atcOptions',
  'timeoutMs',
  'cacheFolder',
] as const satisfies readonly (keyof CompilationChoices)[]

/** The offline model that runs in place of the one that was named, and how to make it again. */
export interface OfflineProvenance {
  /** The cache's name of it. */
  readonly entry: string
  readonly path: string
  readonly sha256: string
  readonly origin: OfflineModel['origin']
  readonly soc: string
  readonly socSource: string
  /** Of the graph that was compiled; null for an ONNX model that was compiled as it is. */
  readonly target: CompiledGraph['target']
  /** Options and release of atc. */
  readonly options: Readonly<Record<string, string>>
  readonly atcVersion: string | null
  /** Lines of a shell. */
  readonly commands: readonly string[]
}

export interface NpuModelRequest {
  readonly model: string | Uint8Array
  readonly config: string | undefined
  readonly loaded: LoadedModel
  /** Overlapping windows of one recording instead of clips one by one. */
  readonly windows?: SharedWindows
  /** `if possible`: the CPU is there as well. */
  readonly wanted: 'yes' | 'if possible'
  readonly choices: CompilationChoices
  readonly onEvent: ((event: CompilationEvent) => void) | undefined
  readonly signal: AbortSignal | undefined
}

export type NpuModel =
  { readonly offline: OfflineModel; readonly provenance: OfflineProvenance } | { readonly reason: string }

/**
 * The reason only comes where an NPU is not a must.
 * @throws ArgumentTypeError `INVALID_ARGUMENT` without atc, with the commands to be run where it is; the errors of
 *   `probeNpus` and of {@link offlineModelFor}
 */
export async function modelForNpus(request: NpuModelRequest, preparer: Preparer): Promise<NpuModel> {
  const { model, config, loaded, windows, wanted, choices, onEvent, signal } = request
  const settle = (reason: string): NpuModel => {
    onEvent?.({ kind: 'not on an NPU', reason })
    return { reason }
  }
  try {
    await findAtc(choices.atc, process.env)
  } catch (error) {
    if (choices.atc !== undefined) throw error
    // No event: nobody expects a machine without CANN to compile.
    if (wanted === 'if possible')
      return { reason: 'there is no atc to compile the model for an NPU (TOOL_NOT_FOUND)' }
    throw await needsOfflineModel({ model, config, format: loaded.provenance.format })
  }
  try {
    await probeNpus(checkLibraryPath(undefined))
  } catch (error) {
    if (wanted === 'if possible' && saysNoUsableNpu(error)) return settle(whyNotNpu(error))
    throw error
  }
  try {
    const offline = await offlineModelFor(model, {
      target: 'npu',
      ...choices,
      ...(windows && { windows }),
      ...(config !== undefined && loaded.provenance.format === 'checkpoint' && { config }),
      ...(signal && { signal }),
      convert: (checkpoint, parsed, options) =>
        preparer.prepare({ kind: 'model', checkpoint, config: parsed, options }, signal),
      rewrite: onnx => preparer.prepare({ kind: 'rewriting', onnx }, signal),
      onGraph: graph => onEvent?.({ kind: 'graph', graph }),
      onWaiting: () => onEvent?.({ kind: 'waiting' }),
      onEvent: event => onEvent?.({ kind: 'atc', event }),
    })
    onEvent?.({ kind: 'ready', model: offline })
    return { offline, provenance: provenanceOf(offline, request) }
  } catch (error) {
    const mayCompute = error instanceof ToolError || error instanceof DatasetError
    if (wanted === 'if possible' && mayCompute) return settle(whyNotNpu(error))
    throw error
  }
}

function provenanceOf(offline: OfflineModel, { model, config }: NpuModelRequest): OfflineProvenance {
  const { name: entry, path, sha256, origin, soc, socSource, target, options, atcVersion } = offline
  return {
    ...{ entry, path, sha256, origin, soc, socSource, target, options, atcVersion },
    commands: [...conversionOf(offline, model, config), offline.command.map(word).join(' ')],
  }
}

/** `model.onnx` is what {@link OfflineModel.command} calls a model that is no file. */
function conversionOf(
  { target, conversion }: OfflineModel,
  model: string | Uint8Array,
  config: string | undefined,
): string[] {
  if (target === null) return []
  const from = typeof model === 'string' ? word(model) : conversion === null ? 'given.onnx' : 'given.pth'
  const input =
    conversion === null
      ? `--model ${from}`
      : `--checkpoint ${from}${config === undefined ? '' : ` --config ${word(config)}`} ${sizesOf(conversion)}`
  return [`aasist convert ${input} --target ${target} --out model.onnx`]
}

const sizesOf = ({ batch, windows }: ConvertOptions): string =>
  windows === undefined
    ? `--batch ${batch ?? 1}`
    : `--windows ${windows.count} --hop-samples ${windows.hopSamples}`
