/** Options that several commands share, and how their values are read. */
import { InvalidArgumentError, Option, type Command } from 'commander'
import { extname } from 'node:path'
import { ArgumentTypeError } from '../errors'
import {
  asvPresets,
  type AsvPreset,
  type CompilationChoices,
  type DecisionRule,
  type DetectorOptions,
  type TileChoice,
} from '../scoring'
import { suggest } from './completion-shape'
import { precisionModes, precisionModesV2, type PrecisionMode, type PrecisionModeV2 } from '../toolchain'

/** What {@link addPrecisionOptions} puts into a command's options. */
export interface PrecisionFlags {
  readonly precisionMode?: PrecisionMode
  readonly precisionModeV2?: PrecisionModeV2
}

/** What {@link addModelOptions} puts into a command's options. */
export interface ModelFlags extends PrecisionFlags {
  readonly model?: string
  readonly config?: string
  readonly device: DetectorOptions['device'] & {}
  readonly sessions?: number
  /** Seconds. */
  readonly timeout?: number
  readonly tiles?: TileChoice
  readonly resample: 'convert' | 'refuse'
  readonly channels: 'average' | 'refuse'
}

/** How scores are judged. */
export interface JudgementFlags {
  readonly threshold?: number
  readonly calibration?: string
  readonly decideBy?: DecisionRule
  readonly spoofPrior?: number
}

/** Of commands that score. */
export type ScoringFlags = ModelFlags & JudgementFlags

export function addPrecisionOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--precision-mode <mode>', 'precision on NPUs (default: that of atc, force_fp16)')
        .choices(precisionModes)
        .conflicts('precisionModeV2'),
    )
    .addOption(
      new Option(
        '--precision-mode-v2 <mode>',
        'precision in newer releases; origin keeps what the model has',
      ).choices(precisionModesV2),
    )
}

export function addModelOptions(command: Command): Command {
  return addPrecisionOptions(command)
    .option('--config <file>', "configuration of a .pth model (default: the model's name with .conf)")
    .addOption(
      suggest(
        new Option('--device <device>', 'auto, cpu, npu, npu+cpu, or device ids such as 0,1')
          .argParser(parseDevice)
          .default('auto'),
        namedDevices,
      ),
    )
    .option(
      '--sessions <n>',
      'sessions side by side, on NPUs spread over them (default: one a CPU with one thread each, or one an NPU)',
      parseCount,
    )
    .option(
      '--timeout <seconds>',
      'what one run of the model may take; a clip past it fails with RUN_TIMEOUT (default: no limit)',
      parseSeconds,
    )
    .addOption(
      new Option(
        '--tiles <how>',
        'time tiles of a .pth model on the CPU: stored (measured for this CPU, if they have been), measured, or default',
      ).choices(['stored', 'measured', 'default']),
    )
    .addOption(
      new Option('--resample <how>', 'audio at another rate than 16 kHz')
        .choices(['convert', 'refuse'])
        .default('convert'),
    )
    .addOption(
      new Option('--channels <how>', 'audio with several channels')
        .choices(['average', 'refuse'])
        .default('average'),
    )
}

export function detectorOptions(flags: ModelFlags): DetectorOptions {
  const { model, config, device, sessions, timeout, tiles, resample, channels } = flags
  return {
    ...(model !== undefined && { model }),
    ...(config !== undefined && { config }),
    ...(sessions !== undefined && { sessions }),
    ...(timeout !== undefined && { runTimeoutMs: timeout * 1000 }),
    ...(tiles !== undefined && { tiles }),
    ...compilation(flags),
    device,
    resample,
    channels,
  }
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` where nothing would be compiled, and the option without effect */
function compilation(flags: ModelFlags): { readonly compile?: CompilationChoices } {
  const { model, device, precisionMode, precisionModeV2 } = flags
  if (precisionMode === undefined && precisionModeV2 === undefined) return {}
  const option = precisionMode === undefined ? '--precision-mode-v2' : '--precision-mode'
  const refuse = (reason: string): never => {
    throw new ArgumentTypeError(`${option} is for models that are compiled for an NPU, and ${reason}`, {
      option,
    })
  }
  if (device === 'cpu') refuse('--device cpu computes in float32')
  if (model !== undefined && extname(model).toLowerCase() === '.om') {
    refuse(`${model} is compiled already: give the option to aasist compile`)
  }
  return {
    compile: {
      ...(precisionMode !== undefined && { precisionMode }),
      ...(precisionModeV2 !== undefined && { precisionModeV2 }),
    },
  }
}

export interface AsvFlags {
  readonly asvScores?: string
  readonly asvPreset?: AsvPreset
}

export function addAsvOptions(command: Command): Command {
  return command
    .addOption(new Option('--asv-scores <file>', 'ASV scores for the t-DCF').conflicts('asvPreset'))
    .addOption(
      new Option('--asv-preset <name>', 'a published ASV operating point').choices(Object.keys(asvPresets)),
    )
}

export function parseCount(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.')
  return value
}

export function parseNumber(text: string): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN
  if (!Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.')
  return value
}

/** The longest delay a timer holds, 24 days. */
const longestSeconds = 2_147_483

export function parseSeconds(text: string): number {
  const value = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN
  if (!(value > 0 && value <= longestSeconds)) {
    throw new InvalidArgumentError(`It must be seconds above 0, at most ${longestSeconds}.`)
  }
  return value
}

const namedDevices = ['auto', 'cpu', 'npu', 'npu+cpu'] as const

function parseDevice(text: string): DetectorOptions['device'] & {} {
  const named = namedDevices.find(each => each === text)
  if (named !== undefined) return named
  if (/^\d{1,4}(,\d{1,4})*$/.test(text)) return text.split(',').map(Number)
  throw new InvalidArgumentError('It must be auto, cpu, npu, npu+cpu or device ids such as 0,1.')
}

export function judgementOptions(flags: ScoringFlags): JudgementFlags {
  const { threshold, calibration, decideBy, spoofPrior } = flags
  return {
    ...(threshold !== undefined && { threshold }),
    ...(calibration !== undefined && { calibration }),
    ...(decideBy !== undefined && { decideBy }),
    ...(spoofPrior !== undefined && { spoofPrior }),
  }
}
