/** `aasist report`: results as one HTML file. */
import { Option, type Command } from 'commander'
import type { ExitCode } from './exit'
import { addAsvOptions, type AsvFlags } from './options'
import { note, printable } from './terminal'

interface ReportFlags extends AsvFlags {
  readonly out: string
  readonly protocol?: string
  readonly intervals: 'bootstrap' | 'none'
}

export function addReportCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  const command = program
    .command('report')
    .description('show results of one or several detectors in one HTML file')
    .argument('<results...>', 'folders that eval wrote, and score files')
    .requiredOption('--out <file>', 'the HTML file')
    .option('--protocol <file>', 'evaluation list of the score files (default: the keys are in them)')
  addAsvOptions(command)
    .addOption(
      new Option('--intervals <how>', '95 % confidence intervals, some seconds for each detector')
        .choices(['bootstrap', 'none'])
        .default('bootstrap'),
    )
    .addHelpText(
      'after',
      '\nThe file needs nothing beside it and fetches nothing.' +
        '\n\nExample:\n  aasist report results --out report.html',
    )
    .action((results: string[], flags: ReportFlags) => run(signal => report(results, flags, signal)))
}

async function report(
  results: readonly string[],
  flags: ReportFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { out, protocol, asvScores, asvPreset, intervals } = flags
  // Loaded here: the other commands draw nothing, and should not wait for what draws.
  const { writeReport } = await import('../report/index.js')
  await writeReport({ results, out, protocol, asvScores, asvPreset, intervals, signal })
  note(`wrote ${printable(out)}`)
  return 0
}
