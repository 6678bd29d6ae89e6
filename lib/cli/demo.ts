/** `aasist demo`: the main job on the clips of this package. */
import type { Command } from 'commander'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readScoreFile } from '../dataset'
import { demoCheckpoint, demoFolder, evaluate } from '../scoring'
import type { ExitCode } from './exit'
import { formatMetrics } from './metrics-text'
import { note, printJson, printLine, showProgress } from './terminal'
import { formatTable } from './table'

export function addDemoCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  program
    .command('demo')
    .description('convert the demo checkpoint, score the bundled clips, print EER and min t-DCF')
    .option('--out <folder>', 'keep the result files there')
    .option('--json', 'print metrics.json')
    .addHelpText('after', '\nExample:\n  aasist demo --out demo-results')
    .action((flags: { out?: string; json?: boolean }) => run(signal => demo(flags, signal)))
}

async function demo({ out, json }: { out?: string; json?: boolean }, signal: AbortSignal): Promise<ExitCode> {
  const temporary = out === undefined ? await mkdtemp(join(tmpdir(), 'aasist-demo-')) : undefined
  const display = showProgress()
  try {
    note('AASIST-L demo weights: checkpoint to ONNX, then 37 clips on the CPU')
    const { metrics, failures, files } = await evaluate({
      model: demoCheckpoint,
      device: 'cpu',
      data: join(demoFolder, 'LA'),
      out: out ?? temporary!,
      asvPreset: 'la2019-eval',
      signal,
      onProgress: progress => display.update(progress),
    })
    display.stop()
    if (json === true) {
      printJson(metrics)
      return failures.length === 0 ? 0 : 1
    }
    const { trials } = await readScoreFile(files.scores)
    const rows = trials.map(({ utterance, attack, key, score }) => [
      utterance,
      attack ?? '-',
      key,
      score.toFixed(4),
    ])
    printLine(`${formatTable(['clip', 'attack', 'key', 'score'], rows)}\n\n${formatMetrics(metrics)}`)
    note('')
    note(
      `${metrics.provenance.clipsPerSecond.toFixed(1)} clips a second. The clips come with no speaker verification scores: ` +
        'min t-DCF is at the published operating point of the ASVspoof 2019 LA evaluation (preset la2019-eval).',
    )
    if (out !== undefined) note(`results in ${files.folder}`)
    return failures.length === 0 ? 0 : 1
  } finally {
    display.stop()
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true })
  }
}
