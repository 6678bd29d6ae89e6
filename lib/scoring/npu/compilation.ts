/** Everything an offline model depends on, gathered before atc is started. */
import { resolve } from 'node:path'
import { ArgumentRangeError, ArgumentTypeError, assertKnownOptions, errorCode } from '../../errors'
import {
  atcOptions,
  fileOptions,
  findAtc,
  pathOptions,
  sha256OfFile,
  type AtcChoices,
  type AtcProgram,
  type CompileEvent,
  type FoundSoc,
} from '../../toolchain'
import { readModelFile, sha256Of } from '../model-file'
import { packageVersion } from '../versions'
import { resolveSoc } from './detect-soc'
import { externalFiles, outlineOf } from './onnx-inputs'

export interface CompileOptions extends AtcChoices {
  /** `auto` (default) asks AscendCL and npu-smi; or atc's name of the NPU, such as `Ascend310P3`. */
  readonly soc?: string
  /** Path of atc; default: the one on PATH. */
  readonly atc?: string
  /** Default: this process's. */
  readonly environment?: Readonly<NodeJS.ProcessEnv>
  /** Milliseconds atc may take; default: no limit. Above 0, at most 2,147,483,647. */
  readonly timeoutMs?: number
  /** Ends atc with all its helpers. */
  readonly signal?: AbortSignal
  readonly onEvent?: (event: CompileEvent) => void
}

const choiceNames = [
  'batch',
  'inputShape',
  'precisionMode',
  'precisionModeV2',
  'keepDtype',
  'mixlist',
  'aipp',
  'logLevel',
  'atcOptions',
] as const satisfies readonly (keyof AtcChoices)[]

const compileOptionNames = [
  ...choiceNames,
  'soc',
  'atc',
  'environment',
  'timeoutMs',
  'signal',
  'onEvent',
] as const satisfies readonly (keyof CompileOptions)[]

export interface UsedFile {
  /** Its option, or how the model names it. */
  readonly name: string
  readonly path: string
  readonly sha256: string
}

/** The facts, and what has to be known to act on them. */
export interface Compilation {
  readonly model: {
    readonly path: string | null
    readonly bytes: Uint8Array
    readonly sha256: string
    readonly externalFiles: readonly UsedFile[]
  }
  readonly soc: FoundSoc
  readonly atc: AtcProgram
  /** With absolute paths. */
  readonly options: ReadonlyMap<string, string>
  readonly optionFiles: readonly UsedFile[]
  readonly environment: Readonly<NodeJS.ProcessEnv>
  /** Those of its variables that the result may depend on. */
  readonly telling: Readonly<Record<string, string>>
  /** Those that differ between machines without meaning anything, and explain much when a compilation fails elsewhere. */
  readonly searchPaths: Readonly<Record<string, string>>
  readonly packageVersion: string
}

/** What set_env.sh sets, where custom operators and tuning results come from, and what the simulator's atc looks at. */
const tellingVariables = [
  'ASCEND_HOME_PATH',
  'ASCEND_TOOLKIT_HOME',
  'ASCEND_OPP_PATH',
  'ASCEND_AICPU_PATH',
  'ASCEND_CUSTOM_OPP_PATH',
  'TUNE_BANK_PATH',
  'ACL_SIM_PRECISION',
  'ACL_SIM_CANN',
] as const

const longestTimerMs = 2 ** 31 - 1

/**
 * Reads the model, finds out the NPU and atc. Nothing is written.
 *
 * @throws ModelError `MODEL_NOT_FOUND`, `MODEL_INVALID`; ToolError `TOOL_NOT_FOUND`, `SOC_UNKNOWN`; ArgumentTypeError and
 *   ArgumentRangeError `INVALID_ARGUMENT`; the signal's reason
 */
export async function planCompilation(
  onnx: string | Uint8Array,
  options: CompileOptions,
): Promise<Compilation> {
  const { signal, environment = process.env } = options
  checkTimeout(options.timeoutMs)
  signal?.throwIfAborted()
  if (typeof onnx !== 'string' && !(onnx instanceof Uint8Array)) {
    throw new ArgumentTypeError('the model must be the path of an ONNX file or its bytes as a Uint8Array')
  }
  const path = typeof onnx === 'string' ? resolve(onnx) : null
  const bytes = typeof onnx === 'string' ? await readModelFile(onnx) : onnx
  const outline = outlineOf(bytes, path === null ? 'the model' : (onnx as string))
  const atcArguments = absolute(atcOptions(choicesOf(options), outline.inputs))
  const atc = await findAtc(options.atc, environment)
  const soc = await resolveSoc({ soc: options.soc ?? 'auto', environment, signal })
  const files = await externalFiles(outline.externalLocations, path)
  return {
    model: {
      path,
      bytes,
      sha256: sha256Of(bytes),
      externalFiles: await hashed(files.map(file => ({ name: file.location, path: file.path }))),
    },
    soc,
    atc,
    options: atcArguments,
    optionFiles: await hashed(
      [...atcArguments].flatMap(([name, value]) => (fileOptions.has(name) ? { name, path: value } : [])),
    ),
    environment,
    telling: pick(environment, tellingVariables),
    searchPaths: pick(environment, ['LD_LIBRARY_PATH', 'PYTHONPATH']),
    packageVersion: packageVersion(),
  }
}

function pick(
  environment: Readonly<NodeJS.ProcessEnv>,
  names: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap(name => {
      const value = environment[name]
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}

function choicesOf(options: CompileOptions): AtcChoices {
  return Object.fromEntries(
    choiceNames.flatMap(name => (options[name] === undefined ? [] : [[name, options[name]]])),
  )
}

function checkTimeout(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || (timeoutMs > 0 && timeoutMs <= longestTimerMs)) return
  throw new ArgumentRangeError(
    `timeoutMs is ${timeoutMs}; it must be above 0 and at most ${longestTimerMs}`,
    {
      option: 'timeoutMs',
    },
  )
}

/** atc is started in another folder than its caller's. */
function absolute(options: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(
    [...options].map(([name, value]) => [
      name,
      fileOptions.has(name) || pathOptions.has(name) ? resolve(value) : value,
    ]),
  )
}

async function hashed(
  files: readonly { readonly name: string; readonly path: string }[],
): Promise<readonly UsedFile[]> {
  return Promise.all(
    files.map(async ({ name, path }) => {
      const sha256 = await sha256OfFile(path).catch((error: unknown) => {
        throw new ArgumentRangeError(
          `the file for "${name}" cannot be read: ${path} (${errorCode(error) ?? String(error)})`,
          { option: name, path },
        )
      })
      return { name, path, sha256 }
    }),
  )
}

/** @throws ArgumentTypeError `UNKNOWN_OPTION`, `INVALID_ARGUMENT` */
export function checkCompileOptions(options: unknown, further: readonly string[], where: string): void {
  assertKnownOptions(options, [...compileOptionNames, ...further], where)
}
