/** `aasist convert`: checkpoint to ONNX. */
import { Option, type Command } from 'commander'
import { realpath } from 'node:fs/promises'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { writeFileAtomically } from '../dataset'
import { ArgumentRangeError } from '../errors'
import { convertCheckpoint, convertTargets, parseConfig, type ConvertTarget } from '../model'
import { besides, readConfigFile, readModelFile } from '../scoring/model-file'
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
  const onnx = convertCheckpoint(bytes, parseConfig(text, config), { batch, target })
  // A Ctrl-C during the conversion is delivered only now.
  await turnOfTheLoop()
  signal.throwIfAborted()
  await writeFileAtomically(out, onnx)
  if (flags.json === true) printJson({ out, bytes: onnx.length, batch, target })
  else note(`${out}: ${onnx.length} bytes, batch ${batch}, target ${target}`)
  return 0
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
