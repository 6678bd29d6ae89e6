/** `aasist convert`: checkpoint to ONNX. */
import { Option, type Command } from 'commander'
import { readFile } from 'node:fs/promises'
import { writeFileAtomically } from '../dataset'
import { ModelError, errorCode } from '../errors'
import { convertCheckpoint, convertTargets, parseConfig, type ConvertTarget } from '../model'
import { besides } from '../scoring'
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
  run: (action: () => Promise<ExitCode>) => Promise<void>,
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
    .action((flags: ConvertFlags) => run(() => convert(flags)))
}

async function convert(flags: ConvertFlags): Promise<ExitCode> {
  const { checkpoint, batch, target, out } = flags
  const configPath = flags.config ?? besides(checkpoint, '.conf')
  const bytes = await readInput(checkpoint, 'MODEL_NOT_FOUND')
  const text = (await readInput(configPath, 'CONFIG_INVALID')).toString('utf8')
  const onnx = convertCheckpoint(bytes, parseConfig(text, configPath), { batch, target })
  await writeFileAtomically(out, onnx)
  if (flags.json === true) printJson({ out, bytes: onnx.length, batch, target })
  else note(`${out}: ${onnx.length} bytes, batch ${batch}, target ${target}`)
  return 0
}

async function readInput(path: string, code: 'MODEL_NOT_FOUND' | 'CONFIG_INVALID'): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const why =
      errorCode(cause) === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read: ${String(cause)}`
    throw new ModelError(code, why, { path }, { cause })
  }
}
