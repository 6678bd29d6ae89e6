/** `aasist convert`: checkpoint to ONNX. */
import { Option, type Command } from 'commander'
import { realpath } from 'node:fs/promises'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { writeFileAtomically } from '../dataset'
import { ArgumentRangeError } from '../errors'
import { convertCheckpoint, convertTargets, parseConfig, type ConvertTarget } from '../model'
import { copyModelCard, readModelCard } from '../scoring/model-card'
import { besides, readConfigFile, readModelFile } from '../scoring/model-file'
import { atcCommand, offlineModelBase, usualSoc, word } from '../scoring/offline-model'
import type { ExitCode } from './exit'
import { parseCount } from './options'
import { note, printJson } from './terminal'

interface ConvertFlags {
  readonly checkpoint: string
  readonly config?: string
  readonly batch: number
  readonly target: ConvertTarget
  readonly out: string
  readonly json?: boolean
}

export function addConvertCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  program
    .command('convert')
    .description('convert an AASIST or AASIST-L checkpoint to ONNX')
    .requiredOption('--checkpoint <file>', 'checkpoint (.pth)')
    .option('--config <file>', "configuration (default: the checkpoint's name with .conf)")
    .option('--batch <n>', 'clips in one run', parseCount, 1)
    .addOption(
      new Option('--target <target>', 'plain: for any runtime; cpu: for onnxruntime on CPUs')
        .choices(convertTargets)
        .default('plain'),
    )
    .requiredOption('--out <file>', 'the ONNX file')
    .option('--json', 'print what was written')
    .addHelpText(
      'after',
      '\nExample:\n  aasist convert --checkpoint AASIST-L.pth --config AASIST-L.conf --batch 1 --out aasist-l.onnx',
    )
    .action((flags: ConvertFlags) => run(signal => convert(flags, signal)))
}

async function convert(flags: ConvertFlags, signal: AbortSignal): Promise<ExitCode> {
  const { checkpoint, batch, target, out } = flags
  const bytes = await readModelFile(checkpoint)
  const config = flags.config ?? besides(checkpoint, '.conf')
  const text = await readConfigFile(config, flags.config === undefined ? checkpoint : null)
  await assertNotAnInput(out, [checkpoint, config])
  // One that cannot be used is refused before anything is written.
  await readModelCard(checkpoint)
  const onnx = convertCheckpoint(bytes, parseConfig(text, config), { batch, target })
  // A Ctrl-C during the conversion is delivered only now.
  await turnOfTheLoop()
  signal.throwIfAborted()
  await writeFileAtomically(out, onnx)
  const card = await copyModelCard(checkpoint, out)
  if (flags.json === true) printJson({ out, bytes: onnx.length, batch, target, card: card.path })
  else {
    note(`${out}: ${onnx.length} bytes, batch ${batch}, target ${target}`)
    if (card.path !== null) note(cardText[card.state](card.path))
    for (const line of nextSteps(flags)) note(line)
  }
  return 0
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
    `next, for an NPU: ${atcCommand(out, base)} (${usualSoc}: see npu-smi info for yours)`,
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
