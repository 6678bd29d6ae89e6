/** `aasist bench --end-to-end`: from audio files to scores, and where the time goes. */
import { benchmarkEndToEnd, endToEndSummary } from '../benchmark'
import { findAudioFiles } from './audio-files'
import { machineLines, machineOf } from './bench-machine'
import type { BenchFlags } from './bench-options'
import { compilationNotes } from './compile-progress'
import type { ExitCode } from './exit'
import { counted, note, printJson, printLine } from './terminal'

/** @throws as `benchmarkEndToEnd()` */
export async function benchEndToEnd(
  folder: string,
  flags: BenchFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { files, ignored } = await findAudioFiles([folder])
  if (ignored > 0) note(`left out ${counted(ignored, 'file')} without an audio ending`)
  const measured = await benchmarkEndToEnd({
    files,
    model: flags.model,
    ...(flags.loop !== undefined && { loop: flags.loop }),
    ...(flags.device !== undefined && { device: flags.device }),
    onCompile: compilationNotes(),
    signal,
  })
  const machine = await machineOf(measured.devices)
  if (flags.json === true) printJson({ ...measured, ...machine })
  else {
    for (const line of endToEndSummary(measured)) printLine(line)
    for (const line of machineLines(machine)) note(`[INFO] ${line}`)
  }
  return measured.failed > 0 ? 1 : 0
}
