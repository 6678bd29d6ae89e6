/** From what a caller wants to atc's arguments. Nothing here touches a disk. */
import { ArgumentRangeError, ArgumentTypeError } from '../errors'

/** Allowed values as atc checks them (GE `cmd_flag_info.cc`). */
export const precisionModes = [
  'force_fp16',
  'force_fp32',
  'cube_fp16in_fp32out',
  'allow_fp32_to_fp16',
  'must_keep_origin_dtype',
  'allow_mix_precision',
  'allow_mix_precision_fp16',
  'allow_mix_precision_bf16',
  'allow_fp32_to_bf16',
] as const
export const precisionModesV2 = [
  'fp16',
  'origin',
  'cube_fp16in_fp32out',
  'mixed_float16',
  'mixed_bfloat16',
  'mixed_hif8',
  'cube_hif8',
] as const
export const logLevels = ['debug', 'info', 'warning', 'error', 'null'] as const

export type PrecisionMode = (typeof precisionModes)[number]
export type PrecisionModeV2 = (typeof precisionModesV2)[number]
export type AtcLogLevel = (typeof logLevels)[number]

/** An input of the ONNX model; a string is an open size. */
export interface OnnxInput {
  readonly name: string
  readonly shape: readonly (number | string)[]
}

export interface AtcChoices {
  /**
   * Clips in one run, for a model whose first dimension is open: one size, or the gears of a model that takes several
   * (2 to 100).
   */
  readonly batch?: readonly number[]
  /** In atc's own words (`input:1,64600`) instead of what the model says. */
  readonly inputShape?: string
  /** Without one atc takes force_fp16. */
  readonly precisionMode?: PrecisionMode
  /** The newer option of the two; never together. */
  readonly precisionModeV2?: PrecisionModeV2
  /** File of operators that keep their type, one a line. */
  readonly keepDtype?: string
  /** JSON file that changes the lists of mixed precision. */
  readonly mixlist?: string
  /** Configuration of AIPP; the input becomes uint8, and the format NCHW unless atcOptions say otherwise. */
  readonly aipp?: string
  /** Default `error`. */
  readonly logLevel?: AtcLogLevel
  /** Any other options of atc, by their names without dashes. */
  readonly atcOptions?: Readonly<Record<string, string>>
}

/** Options whose value is a file that atc reads. */
export const fileOptions: ReadonlySet<string> = new Set([
  'insert_op_conf',
  'keep_dtype',
  'modify_mixlist',
  'op_precision_mode',
  'customize_dtypes',
  'fusion_switch_file',
  'compression_optimize_conf',
])
/** Options whose value is a file or folder that stays where it is; atc works in another folder than its caller. */
export const pathOptions: ReadonlySet<string> = new Set([
  'op_compiler_cache_dir',
  'mdl_bank_path',
  'op_bank_path',
  'debug_dir',
  'op_debug_config',
  'check_report',
])
/** What the wrapper itself says to atc. */
const reserved = ['model', 'output', 'framework', 'mode', 'soc_version', 'help', 'om', 'json', 'singleop']
/** Options with an option of ours, which checks more. */
const named: Readonly<Record<string, string>> = {
  input_shape: 'inputShape (--input-shape)',
  dynamic_batch_size: 'batch (--batch)',
  precision_mode: 'precisionMode (--precision-mode)',
  precision_mode_v2: 'precisionModeV2 (--precision-mode-v2)',
  keep_dtype: 'keepDtype (--keep-dtype)',
  modify_mixlist: 'mixlist (--mixlist)',
  insert_op_conf: 'aipp (--aipp)',
  log: 'logLevel (--log)',
}

const leastGears = 2
const mostGears = 100
const largestGear = 2048

/**
 * Options of atc but for model, output, framework and soc_version, in a fixed order. Files are named as the caller did.
 *
 * @throws ArgumentTypeError, ArgumentRangeError `INVALID_ARGUMENT`
 */
export function atcOptions(choices: AtcChoices, inputs: readonly OnnxInput[]): ReadonlyMap<string, string> {
  const extra = checkExtra(choices.atcOptions ?? {})
  checkExclusive(choices, extra)
  checkChoice('precisionMode', choices.precisionMode, precisionModes)
  checkChoice('precisionModeV2', choices.precisionModeV2, precisionModesV2)
  checkChoice('logLevel', choices.logLevel, logLevels)
  const gears = checkBatch(choices.batch)
  const options = new Map<string, string>()
  const set = (name: string, value: string | undefined): void => {
    if (value !== undefined) options.set(name, value)
  }
  // AIPP knows images only.
  set('input_format', choices.aipp === undefined ? 'ND' : 'NCHW')
  set('input_shape', choices.inputShape ?? inputShape(inputs, gears, extra))
  if (gears.length >= leastGears) set('dynamic_batch_size', gears.join(','))
  set('log', choices.logLevel ?? 'error')
  // As the original guide has it.
  const implementations = ['optypelist_for_implmode', 'op_select_implmode', 'op_precision_mode']
  if (!implementations.some(name => extra.has(name))) {
    set('optypelist_for_implmode', 'Sigmoid')
    set('op_select_implmode', 'high_performance')
  }
  set('precision_mode', choices.precisionMode)
  set('precision_mode_v2', choices.precisionModeV2)
  set('keep_dtype', choices.keepDtype)
  set('modify_mixlist', choices.mixlist)
  set('insert_op_conf', choices.aipp)
  for (const [name, value] of extra) options.set(name, value)
  return options
}

function checkExtra(given: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const extra = new Map<string, string>()
  for (const [written, value] of Object.entries(given)) {
    const name = written.replaceAll('-', '_')
    const refuse = (reason: string): never => {
      throw new ArgumentRangeError(`atc's option "${written}" ${reason}`, { option: written })
    }
    if (!/^[a-z][a-z0-9_]*$/.test(name)) refuse('is no name of an option; give it as name=value')
    if (typeof value !== 'string' || value.includes('\0')) refuse('must have a text as its value')
    if (Object.hasOwn(named, name)) refuse(`has an option here: ${named[name]!}`)
    // atc takes beginnings of names for the whole, and --mod=… would be --model.
    if (reserved.some(own => own.startsWith(name)))
      refuse('is set here already; see soc (--soc) and out (--out)')
    if (extra.has(name)) refuse('is given twice')
    extra.set(name, value)
  }
  return extra
}

function checkExclusive(choices: AtcChoices, extra: ReadonlyMap<string, string>): void {
  const refuse = (message: string): never => {
    throw new ArgumentRangeError(message)
  }
  if (choices.precisionMode !== undefined && choices.precisionModeV2 !== undefined) {
    refuse('precisionMode and precisionModeV2 exclude each other; newer releases prefer the second')
  }
  const dynamic = ['dynamic_dims', 'dynamic_image_size'].filter(name => extra.has(name))
  if (dynamic.length > 1 || (dynamic.length > 0 && (choices.batch?.length ?? 0) >= leastGears)) {
    refuse('batch gears, dynamic_dims and dynamic_image_size exclude each other; keep one of them')
  }
  if (choices.aipp !== undefined && (extra.has('dynamic_dims') || extra.get('input_format') === 'ND')) {
    refuse('AIPP goes neither with dynamic_dims nor with the format ND')
  }
  if (
    choices.mixlist !== undefined &&
    !/mix/.test(`${choices.precisionMode ?? ''} ${choices.precisionModeV2 ?? ''}`)
  ) {
    refuse('mixlist works with the mixed precision modes only, such as precisionModeV2 mixed_float16')
  }
}

function checkChoice(name: string, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value)) return
  throw new ArgumentRangeError(`${name} is "${value}"; it must be one of ${allowed.join(', ')}`, {
    option: name,
  })
}

function checkBatch(batch: unknown): readonly number[] {
  if (batch === undefined) return []
  if (!Array.isArray(batch) || batch.length === 0) {
    throw new ArgumentTypeError('batch must be an array of at least one size, such as [1, 4, 8]')
  }
  const sizes: readonly unknown[] = batch
  const isSize = (size: unknown): size is number =>
    Number.isInteger(size) && (size as number) >= 1 && (size as number) <= largestGear
  if (!sizes.every(isSize) || sizes.length > mostGears || new Set(sizes).size !== sizes.length) {
    throw new ArgumentRangeError(
      `batch is ${sizes.join(',')}; it must be up to ${mostGears} different whole numbers from 1 to ${largestGear}`,
      { option: 'batch' },
    )
  }
  return sizes
}

/** Undefined where atc reads the shapes from the model as well, and a name could be misread. */
function inputShape(
  inputs: readonly OnnxInput[],
  batch: readonly number[],
  extra: ReadonlyMap<string, string>,
): string | undefined {
  if (extra.has('input_shape_range')) return undefined
  const leavesOpen = extra.has('dynamic_dims') || extra.has('dynamic_image_size')
  const isBatched = inputs.some(({ shape }) => typeof shape[0] === 'string')
  if (batch.length > 0 && !isBatched && inputs.length > 0) checkFixedBatch(inputs, batch)
  const parts = inputs.map(input => {
    const sizes = input.shape.map((size, index) => {
      if (typeof size === 'number') return size
      if (index === 0 && batch.length === 1) return batch[0]!
      if (leavesOpen || (index === 0 && batch.length > 1)) return -1
      throw openSize(input, index)
    })
    return `${input.name}:${sizes.join(',')}`
  })
  const isMisread = inputs.some(({ name }) => /[;,:\s]/.test(name))
  const isOpen = inputs.some(({ shape }) => shape.some(size => typeof size === 'string'))
  if (isMisread && isOpen) {
    throw new ArgumentRangeError(
      'the model has an open shape and an input whose name atc would misread (it holds ; , : or a space); rename the input',
    )
  }
  return isMisread || parts.length === 0 ? undefined : parts.join(';')
}

/** A network that was exported for one batch has it in its reshapes as well: another one compiles, and computes nonsense. */
function checkFixedBatch(inputs: readonly OnnxInput[], batch: readonly number[]): void {
  const fixed = inputs[0]!.shape[0]
  if (batch.length === 1 && fixed === batch[0]) return
  throw new ArgumentRangeError(
    `batch is ${batch.join(',')}, and the model is made for a batch of ${fixed ?? 'no size'} ` +
      `(input "${inputs[0]!.name}"); convert it again for the batch you want (aasist convert --batch ${batch[0]!}), ` +
      'or leave batch out. Gears need a model whose first dimension is open, as PyTorch exports it with dynamic_axes',
    { option: 'batch', fixed },
  )
}

function openSize({ name, shape }: OnnxInput, index: number): ArgumentRangeError {
  const written = `${name}:${shape.map(size => (typeof size === 'number' ? size : '?')).join(',')}`
  return new ArgumentRangeError(
    `the model leaves a size of its input open (${written}); ` +
      (index === 0
        ? 'say how many clips it shall take: --batch 4, or gears: --batch 1,4,8'
        : `say what it shall be: --input-shape "${written.replaceAll('?', '<size>')}"`),
    { input: name, dimension: index },
  )
}
