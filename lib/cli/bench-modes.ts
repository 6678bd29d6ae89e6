/** What `aasist bench` can measure, and which of its flags say something about that. Pure functions. */
import type { Command } from 'commander'
import { ArgumentRangeError, ArgumentTypeError } from '../errors'
import type { BenchFlags } from './bench-options'

export type BenchMode = 'inputs' | 'shapes' | 'rate' | 'comparison' | 'audio files'

const gears = ['dymBatch', 'dymHW', 'dymDims', 'dymShape'] as const
const fromFiles = ['auto_set_dymshape_mode', 'auto_set_dymdims_mode'] as const
const tensors = ['input', 'loop', 'device', 'outputSize', 'batchsize', 'pure_data_type'] as const
const sessions = ['warmup_count', 'timeout', 'pipeline', 'threads'] as const
const results = ['output', 'output_dirname', 'outfmt', 'output_batchsize_axis'] as const

const flagsOf: Readonly<Record<BenchMode, readonly (keyof BenchFlags)[]>> = {
  inputs: [
    ...[...tensors, ...gears, ...fromFiles, ...sessions, ...results],
    ...(['run_mode', 'display_all_summary', 'divide_input'] as const),
  ],
  shapes: [
    ...[...tensors, ...sessions],
    ...(['dymShape_range', 'run_mode', 'display_all_summary', 'divide_input'] as const),
  ],
  rate: [
    ...[...gears, ...sessions],
    ...(['rate', 'arrivals', 'seconds', 'seed', 'device', 'pure_data_type'] as const),
  ],
  comparison: [...gears, 'compare', 'device', 'pure_data_type', 'loop', 'seed'],
  'audio files': ['endToEnd', 'device', 'loop'],
}

const flagOfMode: Readonly<Record<BenchMode, string | undefined>> = {
  inputs: undefined,
  shapes: '--dymShape_range',
  rate: '--rate',
  comparison: '--compare',
  'audio files': '--end-to-end',
}

export function modeOf(flags: BenchFlags): BenchMode {
  if (flags.endToEnd !== undefined) return 'audio files'
  if (flags.compare !== undefined) return 'comparison'
  if (flags.rate !== undefined) return 'rate'
  return flags.dymShape_range === undefined ? 'inputs' : 'shapes'
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` for the first flag that was given and says nothing about this mode */
export function refuseIdleFlags(command: Command, mode: BenchMode): void {
  const known: readonly string[] = ['model', 'json', 'debug', ...flagsOf[mode]]
  const idle = command.options.find(option => {
    const name = option.attributeName()
    const value: unknown = command.getOptionValue(name)
    // What is switched off asks for nothing; 0 is how ais_bench says: no gear.
    const isAsked = value !== false && !(name === 'dymBatch' && value === 0)
    return isAsked && command.getOptionValueSource(name) === 'cli' && !known.includes(name)
  })
  if (idle === undefined) return
  const flag = idle.long ?? idle.flags
  const users = (Object.keys(flagsOf) as BenchMode[]).flatMap(each =>
    flagOfMode[each] !== undefined && flagsOf[each].some(name => name === idle.attributeName())
      ? [flagOfMode[each]]
      : [],
  )
  throw new ArgumentTypeError(
    mode === 'inputs'
      ? `${flag} has no effect without ${users.join(' or ')}: leave it out, or give that as well`
      : `${flag} has no effect with ${flagOfMode[mode]!}: leave it out`,
    { option: flag },
  )
}

/** What the library calls these. */
const flagOfOption: Readonly<Record<string, string>> = {
  perSecond: '--rate',
  seconds: '--seconds',
  arrivals: '--arrivals',
  seed: '--seed',
  loop: '--loop',
  rounds: '--loop',
  warmup: '--warmup_count',
  sessionsPerDevice: '--threads',
  sessions: '--threads',
  batchSize: '--batchsize',
  runTimeoutMs: '--timeout',
  devices: '--device',
  device: '--device',
}

/** An error about an option of the library, with the name its user gave it here. */
export function inTermsOfFlags(error: unknown): unknown {
  if (!(error instanceof ArgumentTypeError || error instanceof ArgumentRangeError)) return error
  const { message, detail, code } = error
  const name = String(detail['option'])
  const flag = Object.hasOwn(flagOfOption, name) ? flagOfOption[name] : undefined
  if (flag === undefined || !message.startsWith(`${name} `)) return error
  const Class = error instanceof ArgumentTypeError ? ArgumentTypeError : ArgumentRangeError
  return new Class(`${flag}${message.slice(name.length)}`, { ...detail, option: flag }, code)
}
