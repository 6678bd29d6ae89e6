/** `aasist eval`: the evaluation of a corpus, with its files. */
import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { errorCode, SessionError } from '../errors'
import { evaluate, evaluationPaths, type Evaluation, type EvaluationPaths } from '../scoring'
import { compilationNotes } from './compile-progress'
import type { ExitCode } from './exit'
import { formatMetrics } from './metrics-text'
import { addAsvOptions, addModelOptions, detectorOptions, type AsvFlags, type ModelFlags } from './options'
import { about, counted, note, printJson, printLine, showProgress } from './terminal'
import { tileNotes } from './tile-notes'

interface EvalFlags extends ModelFlags, AsvFlags {
  readonly model: string
  readonly data: string
  readonly out: string
  readonly protocol?: string
  readonly ci?: boolean
  readonly report?: boolean
  readonly allowMissing?: boolean
  readonly json?: boolean
}

export function addEvalCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  const command = program
    .command('eval')
    .description('score an ASVspoof corpus and compute EER and min t-DCF')
    .requiredOption('--model <file>', 'checkpoint (.pth), ONNX model or offline model (.om)')
    .requiredOption('--data <folder>', 'the LA folder of ASVspoof 2019')
    .requiredOption('--out <folder>', 'where the results go')
    .option('--protocol <file>', "evaluation list (default: the corpus's own)")
    .option('--ci', '95 % bootstrap confidence intervals, 1000 replicates')
    .option('--report', 'report.html in the folder too: the results with plots, for people')
    .option('--allow-missing', 'exit 0 although some utterances have no score')
    .option('--json', 'print metrics.json')
  addAsvOptions(addModelOptions(command))
    .addHelpText(
      'after',
      '\nWrites eval_scores.txt, t-DCF_EER.txt, metrics.json, manifest.json and' +
        '\nrun.jsonl. Started again, the same command scores what has no score yet.' +
        '\n\nExample:\n  aasist eval --model AASIST-L.pth --config AASIST-L.conf --data LA --out results',
    )
    .action((flags: EvalFlags) => run(signal => evaluateCorpus(flags, signal)))
}

async function evaluateCorpus(flags: EvalFlags, signal: AbortSignal): Promise<ExitCode> {
  const { data, out, protocol, asvScores, asvPreset } = flags
  const display = showProgress()
  let evaluation: Evaluation
  try {
    evaluation = await evaluate({
      ...detectorOptions(flags),
      onCompile: compilationNotes(),
      onTiles: tileNotes(),
      model: flags.model,
      data,
      out,
      ...(protocol !== undefined && { protocol }),
      ...(asvScores !== undefined && { asvScores }),
      ...(asvPreset !== undefined && { asvPreset }),
      ...(flags.ci === true && { ci: {} }),
      signal,
      onProgress: progress => display.update(progress),
    })
  } catch (error) {
    display.stop()
    const { partialScores } = evaluationPaths(out)
    const isStopped =
      signal.aborted || errorCode(error) === 'OUTPUT_UNWRITABLE' || error instanceof SessionError
    if (isStopped && existsSync(partialScores)) {
      note(`the scores so far are in ${partialScores}; the same command goes on from there`)
    }
    throw error
  }
  display.stop()
  const { metrics, failures, files } = evaluation
  if (flags.report === true) await writeHtmlReport(files, signal)
  const { scoredEarlier, failedOver } = metrics.provenance
  if (scoredEarlier > 0) note(`${counted(scoredEarlier, 'score', 'scores')} taken over from earlier runs`)
  if (failedOver > 0) {
    note(`${counted(failedOver, 'clip')} failed on a device and went to another one: ${files.log}`)
  }
  if (flags.json === true) printJson(metrics)
  else printLine(formatMetrics(metrics))
  for (const warning of metrics.warnings) note(`warning: ${warning}`)
  note(`results in ${files.folder}`)
  if (failures.length === 0) return 0
  listFailures(evaluation)
  if (flags.allowMissing === true) return 0
  note('exit code 1 because of them; --allow-missing accepts that')
  return 1
}

async function writeHtmlReport({ folder, htmlReport }: EvaluationPaths, signal: AbortSignal): Promise<void> {
  // Loaded here: without the option nothing is drawn.
  const { writeReport } = await import('../report/index.js')
  await writeReport({ results: [folder], out: htmlReport, intervals: 'bootstrap', signal })
  note(`wrote ${htmlReport}`)
}

const listedFailures = 20

function listFailures({ failures, files }: Evaluation): void {
  note(`${counted(failures.length, 'utterance has', 'utterances have')} no score:`)
  for (const { utterance, error } of failures.slice(0, listedFailures))
    note(`  ${about(utterance, error.message)} [${error.code}]`)
  const more = failures.length - listedFailures
  if (more > 0) note(`  … and ${more} more, all of them in ${files.log}`)
}
