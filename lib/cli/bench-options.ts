/** ais_bench's flags, in both of its spellings, and what becomes of them. Pure functions. */
import { InvalidArgumentError, Option, type Command } from 'commander'
import {
  isOffline,
  parseNamedDims,
  type OutputFormat,
  type PureData,
  type ArrivalProcess,
  type ShapeChoice,
  type WarmUp,
} from '../benchmark'
import { ArgumentTypeError } from '../errors'
import { parseCount, parseNumber, parseSeconds } from './options'

export interface BenchFlags {
  readonly model: string
  readonly input?: readonly string[]
  readonly output?: string
  readonly output_dirname?: string
  readonly outfmt: OutputFormat
  readonly loop?: number
  readonly device?: readonly number[] | 'cpu'
  readonly dymBatch?: number
  readonly dymHW?: readonly [height: number, width: number]
  readonly dymDims?: string
  readonly dymShape?: string
  readonly dymShape_range?: string
  readonly auto_set_dymshape_mode: boolean
  readonly auto_set_dymdims_mode: boolean
  readonly outputSize?: readonly number[]
  readonly batchsize?: number
  readonly pure_data_type: PureData
  readonly output_batchsize_axis: number
  readonly run_mode?: string
  readonly display_all_summary: boolean
  readonly warmup_count?: WarmUp
  /** Seconds. */
  readonly timeout?: number
  readonly pipeline: boolean
  readonly threads: number
  readonly divide_input: boolean
  readonly json?: boolean
  /** A folder of audio files. */
  readonly endToEnd?: string
  readonly compare?: string
  readonly rate?: number
  readonly arrivals: ArrivalProcess
  readonly seconds: number
  readonly seed: number
}

/** Other spellings of a flag: those of `ait benchmark`, and hyphens for underscores. */
const spellings: Readonly<Record<string, readonly string[]>> = {
  '--model': ['-om', '--om-model', '-m'],
  '--input': ['-i'],
  '--output': ['-o'],
  '--output_dirname': ['-od', '--output-dirname'],
  '--loop': ['-l'],
  '--device': ['-d'],
  '--dymBatch': ['-db', '--dym-batch'],
  '--dymHW': ['-dhw', '--dym-hw'],
  '--dymDims': ['-dd', '--dym-dims'],
  '--dymShape': ['-ds', '--dym-shape'],
  '--dymShape_range': ['-dr', '--dym-shape-range'],
  '--outputSize': ['-outsize', '--output-size'],
  '--auto_set_dymshape_mode': ['-asdsm', '--auto-set-dymshape-mode'],
  '--auto_set_dymdims_mode': ['-asddm', '--auto-set-dymdims-mode'],
  '--batchsize': ['--batch-size'],
  '--pure_data_type': ['-pdt', '--pure-data-type'],
  '--profiler': ['-pf'],
  '--profiler_rename': ['--profiler-rename'],
  '--dump_npy': ['--dump-npy'],
  '--acl_json_path': ['-acl', '--acl-json-path'],
  '--output_batchsize_axis': ['-oba', '--output-batchsize-axis'],
  '--run_mode': ['-rm', '--run-mode'],
  '--display_all_summary': ['-das', '--display-all-summary'],
  '--warmup_count': ['-wcount', '--warmup-count'],
  '--aipp_config': ['-aipp', '--aipp-config'],
  '--energy_consumption': ['-ec', '--energy-consumption'],
  '--npu_id': ['--npu-id'],
  '--divide_input': ['--divide-input'],
}

const flagOf = new Map(
  Object.entries(spellings).flatMap(([flag, others]) => others.map(other => [other, flag] as const)),
)

/** `argv` with every flag of `bench` in its one spelling; short flags of several letters are not commander's way. */
export function inOneSpelling(argv: readonly string[]): string[] {
  return argv.map(argument => {
    const [, name = argument, rest = ''] = /^(--?[\w-]+)(=.*)?$/s.exec(argument) ?? []
    return `${flagOf.get(name) ?? name}${rest}`
  })
}

/** What asks for CANN's own tools, or for what this one does otherwise. */
const refused: Readonly<Record<string, string>> = {
  '--profiler': 'CANN\'s msprof profiles any process: msprof --application="aasist bench …"',
  '--profiler_rename': "it names files of CANN's msprof, which is not called here",
  '--dump':
    "layer dumps are CANN's: write an acl.json with a dump section for the program that is to be looked into",
  '--dump_npy': "CANN's msaccucmp.py converts dumps",
  '--acl_json_path': 'AscendCL is initialised without a file here; set what is needed in the environment',
  '--aipp_config': 'inputs with dynamic AIPP are images; this benchmark runs tensors and files of tensors',
  '--energy_consumption': 'two readings of npu-smi say little; record npu-smi info -t power beside the run',
  '--npu_id': 'it only chooses whose energy is read; --device chooses the NPU',
  '--backend': 'it compares with an NVIDIA GPU; an .onnx model runs on the CPU with the same command',
  '--perf': 'it runs the benchmark of --backend',
}

const yes = /^(yes|true|t|y|1)$/i
const no = /^(no|false|f|n|0)$/i

export function parseSwitch(text: string): boolean {
  if (yes.test(text)) return true
  if (no.test(text)) return false
  throw new InvalidArgumentError('It must be 1 or 0, yes or no, true or false.')
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` unless the flag is switched off */
function refuse(flag: string, reason: string): (text: string) => boolean {
  return text => {
    if (no.test(text)) return false
    throw new ArgumentTypeError(`${flag} is not supported: ${reason}`, { option: flag })
  }
}

function parsePaths(text: string): readonly string[] {
  const paths = text.split(',')
  if (paths.every(path => path !== '')) return paths
  throw new InvalidArgumentError('It must be files or folders, separated by commas, none of them empty.')
}

function parseIds(text: string): readonly number[] | 'cpu' {
  if (text === 'cpu') return text
  const ids = /^\d{1,3}(,\d{1,3})*$/.test(text) ? text.split(',').map(Number) : []
  if (ids.length === 0 || ids.some(id => id > 255)) {
    throw new InvalidArgumentError('It must be cpu, a device id from 0 to 255, or several such as 0,1.')
  }
  return ids
}

function parseSizes(text: string): readonly number[] {
  const sizes = /^\d+([,;]\d+)*$/.test(text) ? text.split(/[,;]/).map(Number) : []
  if (sizes.length === 0 || sizes.some(size => !Number.isSafeInteger(size) || size < 1)) {
    throw new InvalidArgumentError('It must be bytes of each output, such as 8 or 640,8.')
  }
  return sizes
}

function parseHeightAndWidth(text: string): readonly [number, number] {
  const [, height, width] = /^(\d{1,6}),(\d{1,6})$/.exec(text) ?? []
  if (Number(height) >= 1 && Number(width) >= 1) return [Number(height), Number(width)]
  throw new InvalidArgumentError('It must be height,width, such as 224,224.')
}

function parseCountFrom0(text: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN
  if (Number.isNaN(value)) throw new InvalidArgumentError('It must be a whole number of at least 0.')
  return value
}

function parseWarmUp(text: string): WarmUp {
  return text === 'steady' ? 'until steady' : parseCountFrom0(text)
}

const offByDefault = (flags: string, description: string): Option =>
  new Option(flags, description).argParser(parseSwitch).default(false, '0')

export function addBenchOptions(command: Command): Command {
  command
    .requiredOption('--model <file>', 'an offline model (.om) for NPUs, or .onnx for the CPU')
    .option(
      '--input <paths>',
      'files separated by commas, or a folder for each input (.npy, .bin); default: made-up data',
      parsePaths,
    )
    .option('--output <folder>', 'where results and the summary go, in a folder named by the time')
    .option('--output_dirname <name>', 'that folder by another name')
    .addOption(new Option('--outfmt <format>', 'of results').choices(['BIN', 'NPY', 'TXT']).default('BIN'))
    .option(
      '--loop <n>',
      'how often each input is computed (default: 1); of --compare: rounds (default: 40)',
      parseCount,
    )
    .option(
      '--device <ids>',
      'NPU, or several such as 0,1, or cpu (default: 0 for .om, the CPU for .onnx)',
      parseIds,
    )
    .option('--dymBatch <n>', 'gear of a model with batch gears', parseCountFrom0)
    .option('--dymHW <h,w>', 'gear of a model with image gears', parseHeightAndWidth)
    .option('--dymDims <shapes>', 'gear of a model with gears of dimensions: name:d0,d1;other:d0')
    .option('--dymShape <shapes>', 'shapes of a model with dynamic shapes: name:d0,d1;other:d0')
    .option(
      '--dymShape_range <shapes>',
      'many shapes one after the other: name:1,3,200~224~8;other:1-2-4,300, or a file with such lines',
    )
    .addOption(offByDefault('--auto_set_dymshape_mode <0|1>', 'take each shape from its .npy files'))
    .addOption(offByDefault('--auto_set_dymdims_mode <0|1>', 'the same for gears of dimensions'))
    .option('--outputSize <bytes>', 'of each output, where a dynamic model does not tell', parseSizes)
    .option(
      '--batchsize <n>',
      'what a run counts for in the throughput (default: first dimension of the first input)',
      parseCount,
    )
    .addOption(
      new Option('--pure_data_type <kind>', 'made-up data').choices(['zero', 'random']).default('zero'),
    )
    .option(
      '--output_batchsize_axis <n>',
      'axis along which results are cut into those of their files',
      parseCountFrom0,
      0,
    )
    .addOption(
      new Option(
        '--run_mode <mode>',
        'accepted for ais_bench, whose modes differ in their copies only',
      ).choices(['array', 'files', 'tensor', 'full']),
    )
    .addOption(offByDefault('--display_all_summary <0|1>', 'show the copies as well'))
    .option(
      '--warmup_count <n|steady>',
      'runs before anything counts (default: 1, with --rate 20); steady: until their times no longer change',
      parseWarmUp,
    )
    .addOption(offByDefault('--pipeline <0|1>', 'copy and compute at the same time'))
    .option('--threads <n>', 'sessions on each device, with --pipeline 1', parseCount, 1)
    .addOption(offByDefault('--divide_input <0|1>', 'give each of several devices its share of the inputs'))
    .option('--timeout <seconds>', 'what one run may take; one past it ends the benchmark', parseSeconds)
    .option('--end-to-end <folder>', 'from the audio files of a folder to scores, and where the time goes')
    .option(
      '--compare <file>',
      'another model, in turns with the first one: which takes less time, and how sure that is',
    )
    .option(
      '--rate <n>',
      'send so many made-up inputs a second, whether or not the answers are back',
      parseNumber,
    )
    .addOption(
      new Option('--arrivals <process>', 'of --rate: as from many callers, or one like another')
        .choices(['poisson', 'even'])
        .default('poisson'),
    )
    .option('--seconds <n>', 'of --rate: how long requests arrive', parseSeconds, 30)
    .option(
      '--seed <n>',
      'of --rate: of the arrivals; of --compare: of the order and the interval',
      parseCountFrom0,
      1,
    )
    .option('--json', 'print all figures as JSON, p99.9 among them')
    .addOption(new Option('--debug <0|1>').argParser(parseSwitch).hideHelp())
  for (const [flag, reason] of Object.entries(refused)) {
    command.addOption(new Option(`${flag} [value]`).preset('1').argParser(refuse(flag, reason)).hideHelp())
  }
  return command
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` */
export function shapeChoice(flags: BenchFlags): ShapeChoice {
  const { dymBatch, dymHW, dymDims, dymShape } = flags
  const isFromFiles = flags.auto_set_dymshape_mode || flags.auto_set_dymdims_mode
  // 0 is how ais_bench says: none.
  const batch = dymBatch === 0 ? undefined : dymBatch
  const given = [batch, dymHW, dymDims, dymShape].filter(value => value !== undefined)
  if (given.length > 1) {
    throw new ArgumentTypeError(
      'give one of --dymBatch, --dymHW, --dymDims and --dymShape: a model has gears of one kind',
    )
  }
  if (isFromFiles && given.length > 0) {
    throw new ArgumentTypeError('the shapes are taken from the files: leave the option that names one out')
  }
  if (isFromFiles) return { kind: 'from files' }
  if (batch !== undefined) return { kind: 'batch', batch }
  if (dymHW !== undefined) return { kind: 'image', height: dymHW[0], width: dymHW[1] }
  const dims = dymDims ?? dymShape
  return dims === undefined ? { kind: 'as the model says' } : { kind: 'dims', dims: parseNamedDims(dims) }
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT` */
export function npusOf({ device, model }: BenchFlags): readonly number[] | undefined {
  if (device !== 'cpu') return device
  if (!isOffline(model)) return undefined
  throw new ArgumentTypeError(
    `${model} runs on NPUs only: for the CPU name the ONNX model it was compiled from`,
    { option: '--device' },
  )
}
