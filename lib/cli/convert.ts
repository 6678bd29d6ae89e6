/** `aasist convert`: checkpoint to ONNX, and ONNX to ONNX for NPUs. */
import { Option, type Command } from 'commander'
import { realpath } from 'node:fs/promises'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { writeFileAtomically } from '../dataset'
import { ArgumentRangeError } from '../errors'
import {
  convertCheckpoint,
  convertOnnx,
  convertTargets,
  parseConfig,
  type ConvertOptions,
  type ConvertTarget,
  type PassReport,
} from '../model'
import { copyModelCard, readModelCard } from '../scoring/model-card'
import { besides, readConfigFile, readModelFile } from '../scoring/model-file'
import { offlineModelBase, word } from '../scoring/offline-model'
import type { ExitCode } from './exit'
import { parseCount } from './options'
import { note, printJson } from './terminal'

interface ConvertFlags {
  readonly checkpoint?: string
  readonly model?: string
  readonly config?: string
  readonly batch?: number
  readonly windows?: number
  readonly hopSamples?: number
  readonly target: ConvertTarget
  readonly out: string
  readonly json?: boolean
}

/** What is to be written, and what there is to say about it. */
interface Conversion {
  readonly onnx: Uint8Array
  readonly batch: number
  readonly passes?: readonly PassReport[]
}

export function addConvertCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  program
    .command('convert')
    .description('convert an AASIST or AASIST-L checkpoint to ONNX, or rewrite an ONNX model for NPUs')
    .option('--checkpoint <file>', 'checkpoint (.pth)')
    .addOption(
      new Option('--model <file>', 'ONNX model exported elsewhere (only --target npu)').conflicts([
        'checkpoint',
        'config',
      ]),
    )
    .option('--config <file>', "configuration (default: the checkpoint's name with .conf)")
    .option('--batch <n>', 'clips in one run (default: 1, or what a --model is made for)', parseCount)
    .addOption(
      new Option(
        '--windows <n>',
        'overlapping windows of one recording in one run, which share the encoder (with --hop-samples)',
      )
        .argParser(parseCount)
        .conflicts(['batch', 'model']),
    )
    .option('--hop-samples <n>', 'from one of the --windows to the next: a multiple of 2187', parseCount)
    .addOption(
      new Option('--target <target>', 'plain: for any runtime; cpu: for onnxruntime on CPUs; npu: for atc')
        .choices(convertTargets)
        .default('plain'),
    )
    .requiredOption('--out <file>', 'the ONNX file')
    .option('--json', 'print what was written')
    .addHelpText(
      'after',
      '\nExample:\n' +
        '  aasist convert --checkpoint AASIST-L.pth --config AASIST-L.conf --batch 1 --out aasist-l.onnx\n' +
        '  aasist convert --model aasist_bs1.onnx --target npu --out aasist_bs1_npu.onnx',
    )
    .action((flags: ConvertFlags) => run(signal => convert(flags, signal)))
}

async function convert(flags: ConvertFlags, signal: AbortSignal): Promise<ExitCode> {
  const { target, out } = flags
  const source = flags.checkpoint ?? flags.model
  // One that cannot be used is refused before anything is written.
  if (source !== undefined) await readModelCard(source)
  const { onnx, batch, passes } =
    flags.model === undefined ? await fromCheckpoint(flags) : await fromModel(flags, flags.model)
  // A Ctrl-C during the conversion is delivered only now.
  await turnOfTheLoop()
  signal.throwIfAborted()
  await writeFileAtomically(out, onnx)
  const card = source === undefined ? null : await copyModelCard(source, out)
  const told = (passes ?? []).map(describePass)
  if (flags.json === true) {
    const { path } = card ?? { path: null }
    printJson({ out, bytes: onnx.length, batch, target, card: path, ...(passes !== undefined && { passes }) })
    for (const line of told) note(line)
    return 0
  }
  note(`${out}: ${onnx.length} bytes, batch ${batch}, target ${target}`)
  for (const line of told) note(line)
  if (card !== null && card.path !== null) note(cardText[card.state](card.path))
  for (const line of nextSteps(flags)) note(line)
  return 0
}

async function fromCheckpoint(flags: ConvertFlags): Promise<Conversion> {
  const { checkpoint, target, out } = flags
  const sizes = sizesOf(flags)
  const batch = sizes.windows?.count ?? sizes.batch ?? 1
  if (checkpoint === undefined) {
    throw new ArgumentRangeError(
      'nothing to convert: name a checkpoint with --checkpoint <file>, or an ONNX model with --model <file>',
    )
  }
  const bytes = await readModelFile(checkpoint)
  const config = flags.config ?? besides(checkpoint, '.conf')
  const text = await readConfigFile(config, flags.config === undefined ? checkpoint : null)
  await assertNotAnInput(out, [checkpoint, config])
  const convertTo = (to: ConvertTarget): Uint8Array =>
    convertCheckpoint(bytes, parseConfig(text, config), { ...sizes, target: to })
  // In two steps, which give the same bytes as one, because the second tells what it did.
  const { onnx, passes } = target === 'npu' ? convertOnnx(convertTo('plain')) : { onnx: convertTo(target) }
  return { onnx, batch, ...(passes && { passes }) }
}

function sizesOf({ batch, windows, hopSamples }: ConvertFlags): Pick<ConvertOptions, 'batch' | 'windows'> {
  if (windows === undefined && hopSamples === undefined) return batch === undefined ? {} : { batch }
  if (windows === undefined || hopSamples === undefined) {
    throw new ArgumentRangeError('--windows and --hop-samples belong together; give both, or neither')
  }
  return { windows: { count: windows, hopSamples } }
}

async function fromModel(flags: ConvertFlags, model: string): Promise<Conversion> {
  const { batch, target, out } = flags
  if (target !== 'npu') {
    throw new ArgumentRangeError(
      `an ONNX model can be rewritten for the target npu only, not for ${target}: add --target npu, or convert the ` +
        'checkpoint',
      { target },
    )
  }
  const bytes = await readModelFile(model)
  await assertNotAnInput(out, [model])
  return convertOnnx(bytes, batch === undefined ? {} : { batch })
}

function describePass({ pass, applied, note: said }: PassReport): string {
  return applied > 0 ? `${pass}: ${applied} ${said}` : `warning: ${pass} found nothing to do: ${said}`
}

const cardText = {
  copied: (path: string) => `${path}: the model card, with threshold and name; keep it beside the model`,
  same: (path: string) => `${path}: the model card, as it was`,
  kept: (path: string) => `${path}: another model card is there and stays; the checkpoint's was not copied`,
} as const

/** The graph for CPUs is rewritten for onnxruntime's kernels, which an NPU does not have. */
function nextSteps({ out, target }: ConvertFlags): string[] {
  const onCpu = `next, on the CPU: aasist score <files> --model ${word(out)}`
  if (target === 'cpu') return [onCpu]
  const base = offlineModelBase(out)
  return [
    onCpu,
    `next, for an NPU: aasist compile --model ${word(out)} --soc auto --out ${word(`${base}.om`)}`,
    `            then: aasist score <files> --model ${word(`${base}.om`)} --device npu`,
  ]
}

/** Writing is by renaming, which would replace even a read-only input. */
async function assertNotAnInput(out: string, inputs: readonly string[]): Promise<void> {
  const target = await realpath(out).catch(() => undefined)
  if (target === undefined) return
  for (const input of inputs) {
    if ((await realpath(input)) === target) {
      throw new ArgumentRangeError(`--out ${out} is the input ${input}; name another file`, { out, input })
    }
  }
}
