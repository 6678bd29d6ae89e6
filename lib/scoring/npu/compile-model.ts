/** ONNX to offline model, with what is needed to do it again. */
import { access, constants, mkdir, realpath, rm, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { writeFileAtomically } from '../../dataset'
import { ArgumentRangeError, ArgumentTypeError, DatasetError, errorCode, errorMessage } from '../../errors'
import { placeFile, sha256OfFile, withAtc, type AtcResult, type CompileEvent } from '../../toolchain'
import { checkCompileOptions, planCompilation, type Compilation, type CompileOptions } from './compilation'

export interface CompileModelOptions extends CompileOptions {
  /**
   * Path of the offline model; `.om` is put behind it where it is missing. Default: the model's path with that ending.
   */
  readonly out?: string
}

export interface CompiledModel {
  /** Of the offline model. */
  readonly path: string
  readonly bytes: number
  /** Of the offline model, hexadecimal. */
  readonly sha256: string
  /** What it was compiled for. */
  readonly soc: string
  /** `given`, or who said so. */
  readonly socSource: string
  /** JSON file beside the model: command, versions, hashes, date, environment. */
  readonly sidecar: string
  /** Further files it needs beside it, relative to its folder: weights, with `external_weight`. */
  readonly companions: readonly string[]
  /** As it can be repeated in a shell, program first. */
  readonly command: readonly string[]
  /** Of CANN; null where it is not told. */
  readonly atcVersion: string | null
  readonly seconds: number
}

/**
 * Compiles an ONNX model for Ascend NPUs with CANN's `atc`, with the options of the original guide unless told otherwise:
 * `--framework=5 --input_format=ND --optypelist_for_implmode=Sigmoid --op_select_implmode=high_performance`. The input
 * shape is the model's own. atc works in a temporary folder of its own, is ended with all its helpers on `signal` and
 * time-out, and what it made appears under its name only when it is whole.
 *
 * @param onnx path of the model, or its bytes; then `out` is needed
 * @throws ToolError `TOOL_NOT_FOUND`, `SOC_UNKNOWN`, `ATC_FAILED` (`detail.code`, `detail.codes`, `detail.tail`),
 *   `TOOL_FAILED`; ModelError `MODEL_NOT_FOUND`, `MODEL_INVALID`; DatasetError `OUTPUT_UNWRITABLE`; ArgumentTypeError and
 *   ArgumentRangeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`; the signal's reason
 * @example
 * ```ts
 * const { path, soc } = await compileModel('aasist_bs1.onnx', { soc: 'Ascend310P3', precisionModeV2: 'origin' })
 * ```
 */
export async function compileModel(
  onnx: string | Uint8Array,
  options: CompileModelOptions = {},
): Promise<CompiledModel> {
  checkCompileOptions(options, ['out'], 'compileModel()')
  const path = offlineModelPath(onnx, options.out)
  await checkTarget(path, onnx)
  const compilation = await planCompilation(onnx, options)
  return compileTo(compilation, path, options)
}

export interface CompileRun {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly onEvent?: (event: CompileEvent) => void
}

/** @internal Compiles what has been planned; `path` ends with `.om`, and its folder exists. */
export async function compileTo(
  compilation: Compilation,
  path: string,
  { timeoutMs, signal, onEvent }: CompileRun,
): Promise<CompiledModel> {
  const { model, soc, atc, options, environment } = compilation
  const job = {
    atc,
    model: model.bytes,
    externalFiles: model.externalFiles.map(file => ({ location: file.name, path: file.path })),
    options,
    soc: soc.soc,
    name: innerName(path),
    environment,
    timeoutMs,
    signal,
    onEvent: onEvent ?? (() => undefined),
  }
  return withAtc(job, async result => {
    signal?.throwIfAborted()
    return await place(compilation, result, path)
  })
}

/** In an order in which no moment shows a model with another one's description, or without its weights. */
async function place(compilation: Compilation, result: AtcResult, path: string): Promise<CompiledModel> {
  const { soc, atc } = compilation
  const sidecar = `${path}.json`
  const [sha256, { size }] = await Promise.all([sha256OfFile(result.om), stat(result.om)])
  const companions = await Promise.all(
    result.companions.map(async name => ({ name, sha256: await sha256OfFile(join(result.folder, name)) })),
  )
  const command = repeatable(compilation, path)
  await rm(sidecar, { force: true })
  for (const { name } of companions) {
    await mkdir(dirname(join(dirname(path), name)), { recursive: true })
    await placeFile(join(result.folder, name), join(dirname(path), name))
  }
  await placeFile(result.om, path)
  const description = {
    command,
    soc: soc.soc,
    socSource: soc.source,
    atc,
    input: {
      path: compilation.model.path,
      bytes: compilation.model.bytes.length,
      sha256: compilation.model.sha256,
      externalFiles: compilation.model.externalFiles,
    },
    optionFiles: compilation.optionFiles,
    output: { name: basename(path), bytes: size, sha256, companions },
    environment: { ...compilation.telling, ...compilation.searchPaths },
    versions: { 'aasist-ascend': compilation.packageVersion, node: process.versions.node },
    date: new Date().toISOString(),
    seconds: result.seconds,
  }
  await writeFileAtomically(sidecar, `${JSON.stringify(description, null, 2)}\n`)
  return {
    path,
    bytes: size,
    sha256,
    soc: soc.soc,
    socSource: soc.source,
    sidecar,
    companions: companions.map(({ name }) => name),
    command,
    atcVersion: atc.version,
    seconds: result.seconds,
  }
}

/** @internal The command with the user's own paths in place of those of the temporary folder. */
export function repeatable({ atc, model, soc, options }: Compilation, path: string): readonly string[] {
  return [
    atc.path,
    '--framework=5',
    `--model=${model.path ?? 'model.onnx'}`,
    `--output=${path.slice(0, -'.om'.length)}`,
    `--soc_version=${soc.soc}`,
    ...[...options].map(([name, value]) => `--${name}=${value}`),
  ]
}

/** atc takes few characters in a path, and the file gets its own name later. */
function innerName(path: string): string {
  const name = basename(path).slice(0, -'.om'.length)
  return /^\w[\w.-]{0,99}$/.test(name) ? name : 'model'
}

function offlineModelPath(onnx: unknown, out: unknown): string {
  if (out !== undefined && (typeof out !== 'string' || out === '' || out.endsWith('/'))) {
    throw new ArgumentTypeError(`out must be the path of a file, found ${JSON.stringify(out)}`, {
      option: 'out',
    })
  }
  if (out === undefined && typeof onnx !== 'string') {
    throw new ArgumentTypeError('a model given as bytes needs out, the path of the offline model', {
      option: 'out',
    })
  }
  if (out === undefined) return resolve(`${withoutEnding(onnx as string)}.om`)
  return resolve(out.toLowerCase().endsWith('.om') ? out : `${out}.om`)
}

function withoutEnding(path: string): string {
  return extname(path).toLowerCase() === '.onnx' ? path.slice(0, -'.onnx'.length) : path
}

/** Minutes of compiling would be lost otherwise. */
async function checkTarget(path: string, onnx: string | Uint8Array): Promise<void> {
  const refuse = (reason: string, systemCode: string | null = null): never => {
    throw new DatasetError(
      'OUTPUT_UNWRITABLE',
      `cannot write ${path}: ${reason}; choose a folder that exists and may be written to`,
      { path, systemCode },
    )
  }
  await access(dirname(path), constants.W_OK).catch((error: unknown) =>
    refuse(errorMessage(error), errorCode(error) ?? null),
  )
  const existing = await stat(path).catch(() => undefined)
  if (existing !== undefined && !existing.isFile()) refuse('something that is not a file has its name')
  if (existing !== undefined && typeof onnx === 'string') {
    const [input, output] = await Promise.all([realpath(onnx).catch(() => undefined), realpath(path)])
    if (input === output) {
      throw new ArgumentRangeError(`out ${path} is the model itself; name another file`, { option: 'out' })
    }
  }
}
