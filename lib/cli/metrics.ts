/** `aasist metrics`: the metrics of a score file, whoever wrote it. */
import type { Command } from 'commander'
import { metricsOfScoreFile, type ScoreFileEvaluation } from '../scoring'
import type { ExitCode } from './exit'
import { formatMetrics } from './metrics-text'
import { addAsvOptions, type AsvFlags } from './options'
import { counted, note, printable, printJson, printLine } from './terminal'

interface MetricsFlags extends AsvFlags {
  readonly scores: string
  readonly protocol?: string
  readonly ci?: boolean
  readonly allowMissing?: boolean
  readonly json?: boolean
}

export function addMetricsCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  const command = program
    .command('metrics')
    .description('compute EER, min t-DCF and the other metrics of a score file')
    .requiredOption('--scores <file>', 'countermeasure scores; the columns are recognised by what they hold')
    .option('--protocol <file>', 'evaluation list (default: the keys are in the score file)')
  addAsvOptions(command)
    .option('--ci', '95 % bootstrap confidence intervals, 1000 replicates')
    .option('--allow-missing', 'exit 0 although some utterances of the protocol have no score')
    .option('--json', 'print what eval writes to metrics.json')
    .addHelpText(
      'after',
      '\nFiles may be packed with gzip. Higher scores must mean more bona fide.' +
        '\n\nExample:\n  aasist metrics --scores scores.txt --protocol ASVspoof2019.LA.cm.eval.trl.txt --json',
    )
    .action((flags: MetricsFlags) => run(signal => printMetrics(flags, signal)))
}

async function printMetrics(flags: MetricsFlags, signal: AbortSignal): Promise<ExitCode> {
  const { scores, protocol, asvScores, asvPreset, ci } = flags
  const evaluation = await metricsOfScoreFile({
    scores,
    ...(protocol !== undefined && { protocol }),
    ...(asvScores !== undefined && { asvScores }),
    ...(asvPreset !== undefined && { asvPreset }),
    ...(ci === true && { ci: {}, onProgress: noteNowAndThen() }),
    signal,
  })
  const { metrics, missing } = evaluation
  if (flags.json === true) printJson(metrics)
  else printLine(formatMetrics(metrics))
  for (const warning of metrics.warnings) note(`warning: ${warning}`)
  if (missing.length === 0) return 0
  listMissing(evaluation)
  if (flags.allowMissing === true) return 0
  note('exit code 1 because of them; --allow-missing accepts that')
  return 1
}

const noteIntervalMs = 10_000

/** A line for every ten seconds of a long bootstrap. */
function noteNowAndThen(): (progress: { readonly done: number; readonly total: number }) => void {
  let next = performance.now() + noteIntervalMs
  return ({ done, total }) => {
    if (performance.now() < next) return
    next += noteIntervalMs
    note(`${done} of ${total} bootstrap replicates`)
  }
}

const listedMissing = 20

function listMissing({ missing }: ScoreFileEvaluation): void {
  note(`${counted(missing.length, 'utterance has', 'utterances have')} no score:`)
  for (const { utterance } of missing.slice(0, listedMissing)) note(`  ${printable(utterance)}`)
  if (missing.length > listedMissing) note(`  … and ${missing.length - listedMissing} more`)
}
