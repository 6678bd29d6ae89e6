/** `aasist compile`: ONNX to an offline model for Ascend NPUs, by CANN's atc. */
import { InvalidArgumentError, Option, type Command } from 'commander'
import { ArgumentTypeError } from '../errors'
import { compileModel } from '../scoring'
import { logLevels, type AtcLogLevel } from '../toolchain'
import { progressNotes } from './compile-progress'
import type { ExitCode } from './exit'
import { addPrecisionOptions, parseNumber, type PrecisionFlags } from './options'
import { formatDuration, note, printable, printJson } from './terminal'

interface CompileFlags extends PrecisionFlags {
  readonly model: string
  readonly soc: string
  readonly out?: string
  readonly batch?: readonly number[]
  readonly inputShape?: string
  readonly keepDtype?: string
  readonly mixlist?: string
  readonly aipp?: string
  readonly log?: AtcLogLevel
  readonly timeout?: number
  readonly atc?: string
  readonly json?: boolean
}

export function addCompileCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  const command = program
    .command('compile')
    .description('compile an ONNX model for Ascend NPUs with atc')
    .argument('[atc-options...]', 'further options of atc, behind --, as --name=value')
    .requiredOption('--model <file>', 'the ONNX model')
    .option('--soc <name>', 'the NPU, as atc calls it, or auto: what AscendCL or npu-smi say', 'auto')
    .option('--out <file>', "the offline model (default: the model's name with .om)")
    .option(
      '--batch <sizes>',
      'clips in one run, for a model with an open batch; several are gears',
      parseBatch,
    )
    .option('--input-shape <shape>', 'as atc takes it (default: what the model says)')
  addPrecisionOptions(command)
    .option('--keep-dtype <file>', 'operators that keep their type')
    .option('--mixlist <file>', 'lists of mixed precision, JSON')
    .option('--aipp <file>', 'configuration of AIPP')
    .addOption(new Option('--log <level>', 'of atc (default: error)').choices(logLevels))
    .option('--timeout <seconds>', 'ends atc after that time', parseNumber)
    .option('--atc <program>', 'atc (default: the one on PATH)')
    .option('--json', 'print what was written')
    .addHelpText(
      'after',
      '\nExample:\n  aasist compile --model aasist_bs1.onnx --soc Ascend310P3 --out aasist_bs1.om -- --deterministic=1',
    )
    .action((extra: readonly string[], flags: CompileFlags) =>
      run(signal => compile(flags, namedOptions(extra), signal)),
    )
}

async function compile(
  flags: CompileFlags,
  atcOptions: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { model, json, timeout, log, ...same } = flags
  const compiled = await compileModel(model, {
    ...same,
    ...(log !== undefined && { logLevel: log }),
    ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
    atcOptions,
    signal,
    onEvent: progressNotes(),
  })
  const { path, bytes, soc, socSource, seconds } = compiled
  if (json === true) {
    const { path: out, ...rest } = compiled
    printJson({ out, ...rest })
  } else {
    const by = socSource === 'given' ? '' : ` (says ${socSource})`
    note(`${path}: ${bytes} bytes for ${soc}${by}, in ${formatDuration(seconds)}`)
  }
  return 0
}

function parseBatch(text: string): readonly number[] {
  if (!/^\d{1,4}(,\d{1,4})*$/.test(text)) {
    throw new InvalidArgumentError('It must be a size, or several such as 1,4,8.')
  }
  return text.split(',').map(Number)
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` */
function namedOptions(extra: readonly string[]): Readonly<Record<string, string>> {
  const options = new Map<string, string>()
  for (const argument of extra) {
    const [, name, value] = /^--?([A-Za-z][\w-]*)=(.*)$/s.exec(argument) ?? []
    if (name === undefined || value === undefined) {
      throw new ArgumentTypeError(
        `"${printable(argument)}" is no option for atc; behind -- give them as --name=value`,
        { argument },
      )
    }
    if (options.has(name)) throw new ArgumentTypeError(`atc's option ${name} is given twice`, { argument })
    options.set(name, value)
  }
  return Object.fromEntries(options)
}
