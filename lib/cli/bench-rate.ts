/** `aasist bench --rate`: load that does not wait for its answers. */
import { resolve } from 'node:path'
import { benchmarkAtRate, rateSummary } from '../benchmark'
import { ArgumentTypeError, errorCode } from '../errors'
import { machineLines, machineOf } from './bench-machine'
import { npusOf, shapeChoice, type BenchFlags } from './bench-options'
import { shareNotes } from './bench-progress'
import type { ExitCode } from './exit'
import { note, printJson, printLine } from './terminal'

/** @throws as `benchmarkAtRate()` */
export async function benchAtRate(rate: number, flags: BenchFlags, signal: AbortSignal): Promise<ExitCode> {
  const { model, seconds, arrivals, seed, timeout, warmup_count: warmup } = flags
  if (warmup === 'until steady') {
    throw new ArgumentTypeError('--warmup_count takes a number with --rate: of free runs, not of times', {
      option: '--warmup_count',
    })
  }
  const npus = npusOf(flags)
  const measured = await benchmarkAtRate({
    model,
    perSecond: rate,
    arrivals,
    seed,
    seconds,
    shape: shapeChoice(flags),
    pureData: flags.pure_data_type,
    sessionsPerDevice: flags.pipeline ? flags.threads : 1,
    ...(npus !== undefined && { devices: npus }),
    ...(warmup !== undefined && { warmup }),
    ...(timeout !== undefined && { runTimeoutMs: timeout * 1000 }),
    signal,
    onProgress: shareNotes('requests'),
  })
  const machine = await machineOf(measured.devices)
  const { stoppedBy } = measured
  if (flags.json === true) {
    const failure = stoppedBy && { code: errorCode(stoppedBy) ?? null, message: stoppedBy.message }
    printJson({ model: resolve(model), ...measured, stoppedBy: failure, ...machine })
  } else {
    for (const line of rateSummary(measured)) printLine(`[INFO] ${line}`)
    for (const line of machineLines(machine)) note(`[INFO] ${line}`)
  }
  if (stoppedBy !== null) throw stoppedBy
  if (!measured.complete) throw signal.reason
  return 0
}
