/** `aasist bench --compare`: two models in turns. */
import { compareModels, comparisonSummary } from '../benchmark'
import { ArgumentTypeError } from '../errors'
import { machineLines, machineOf } from './bench-machine'
import { npusOf, refuseFlags, shapeChoice, type BenchFlags } from './bench-options'
import { shareNotes } from './bench-progress'
import type { ExitCode } from './exit'
import { note, printJson, printLine } from './terminal'

/** Flags that would be without effect. */
const idleFlags = [
  'input',
  'output',
  'output_dirname',
  'outputSize',
  'batchsize',
  'rate',
  'timeout',
  'dymShape_range',
] as const

/** @throws ArgumentTypeError `INVALID_ARGUMENT` for a flag that means nothing here; as `compareModels()` */
export async function benchComparison(
  other: string,
  flags: BenchFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  refuseFlags(flags, idleFlags, 'has no effect with --compare')
  const npus = npusOf(flags)
  if ((npus?.length ?? 1) > 1) {
    throw new ArgumentTypeError('--compare takes one device, on which both models run', {
      option: '--device',
    })
  }
  const compared = await compareModels({
    models: [flags.model, other],
    shape: shapeChoice(flags),
    pureData: flags.pure_data_type,
    seed: flags.seed,
    ...(flags.loop > 1 && { rounds: flags.loop }),
    ...(npus?.[0] !== undefined && { device: npus[0] }),
    signal,
    onProgress: shareNotes('rounds'),
  })
  const machine = await machineOf([compared.device])
  if (flags.json === true) printJson({ ...compared, ...machine })
  else {
    for (const line of comparisonSummary(compared)) printLine(`[INFO] ${line}`)
    for (const line of machineLines(machine)) note(`[INFO] ${line}`)
  }
  return 0
}
