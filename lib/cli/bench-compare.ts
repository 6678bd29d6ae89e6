/** `aasist bench --compare`: two models in turns. */
import { resolve } from 'node:path'
import { compareModels, comparisonSummary } from '../benchmark'
import { ArgumentTypeError } from '../errors'
import { machineLines, machineOf } from './bench-machine'
import { npusOf, shapeChoice, type BenchFlags } from './bench-options'
import { shareNotes } from './bench-progress'
import type { ExitCode } from './exit'
import { note, printJson, printLine } from './terminal'

/** @throws ArgumentTypeError `INVALID_ARGUMENT` for several devices; as `compareModels()` */
export async function benchComparison(
  other: string,
  flags: BenchFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
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
    ...(flags.loop !== undefined && { rounds: flags.loop }),
    ...(npus?.[0] !== undefined && { device: npus[0] }),
    signal,
    onProgress: shareNotes('rounds'),
  })
  const machine = await machineOf([compared.device])
  if (flags.json === true)
    printJson({ ...compared, models: compared.models.map(model => resolve(model)), ...machine })
  else {
    for (const line of comparisonSummary(compared)) printLine(`[INFO] ${line}`)
    for (const line of machineLines(machine)) note(`[INFO] ${line}`)
  }
  if (!compared.complete) throw signal.reason
  return 0
}
