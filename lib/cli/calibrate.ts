/** `aasist calibrate`: from labelled scores to probabilities and decisions. */
import { InvalidArgumentError, Option, type Command } from 'commander'
import { calibrationMethods, type CalibrationMethod } from '../metrics'
import { calibrate, checkRule, type Calibration, type DecisionRule } from '../scoring'
import type { ExitCode } from './exit'
import { addAsvOptions, type AsvFlags } from './options'
import { errorMessage } from '../errors'
import { note, printable, printJson, printLine } from './terminal'
import { formatTable } from './table'

interface CalibrateFlags extends AsvFlags {
  readonly scores: string
  readonly protocol?: string
  readonly method: CalibrationMethod
  readonly decideBy: DecisionRule
  readonly out: string
  readonly json?: boolean
}

export function addCalibrateCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  const command = program
    .command('calibrate')
    .description('fit scores to log-likelihood ratios and choose a threshold, for score --calibration')
    .requiredOption('--scores <file>', 'labelled scores of the model, of clips it was not trained on')
    .option('--protocol <file>', 'evaluation list (default: the keys are in the score file)')
    .addOption(
      new Option(
        '--method <name>',
        'logistic: a straight line, from some hundred trials of each class; pav: any rising shape, from some thousand',
      )
        .choices(calibrationMethods)
        .default('logistic'),
    )
    .option(
      '--decide-by <rule>',
      'eer, min-dcf, min-tdcf, or the share of errors that is allowed: miss=0.01, false-alarm=0.01',
      parseRule,
      'eer',
    )
  addAsvOptions(command)
    .requiredOption('--out <file>', 'the calibration (JSON)')
    .option('--json', 'print what is written')
    .addHelpText(
      'after',
      '\nA calibration is for the one model that made the scores.' +
        '\n\nExample:\n  aasist calibrate --scores dev/eval_scores.txt --decide-by false-alarm=0.01 --out calibration.json' +
        '\n  aasist score call.wav --model AASIST-L.pth --calibration calibration.json --spoof-prior 0.05',
    )
    .action((flags: CalibrateFlags) => run(signal => calibrateScores(flags, signal)))
}

export function parseRule(text: string): DecisionRule {
  try {
    return checkRule(text)
  } catch (error) {
    throw new InvalidArgumentError(errorMessage(error))
  }
}

async function calibrateScores(flags: CalibrateFlags, signal: AbortSignal): Promise<ExitCode> {
  const { scores, protocol, method, decideBy, asvScores, asvPreset, out } = flags
  const calibration = await calibrate({
    ...{ scores, method, decideBy, out, signal },
    ...(protocol !== undefined && { protocol }),
    ...(asvScores !== undefined && { asvScores }),
    ...(asvPreset !== undefined && { asvPreset }),
  })
  if (flags.json === true) printJson(calibration)
  else printLine(formatCalibration(calibration))
  note(`wrote ${printable(out)}`)
  return 0
}

function formatCalibration({ scores, cllr, operatingPoints, decideBy, fittedOn }: Calibration): string {
  const shape =
    scores.method === 'logistic'
      ? `log-likelihood ratio = ${scores.slope.toPrecision(6)} · score ${scores.offset < 0 ? '-' : '+'} ${Math.abs(scores.offset).toPrecision(6)}`
      : `log-likelihood ratio by ${scores.knots.length} knots, from ${scores.knots[0]![1].toFixed(2)} to ${scores.knots.at(-1)![1].toFixed(2)}`
  const rows = Object.entries(operatingPoints).map(([rule, point]) => [
    rule === decideBy ? `${rule} *` : rule,
    point.threshold.toFixed(4),
    percent(point.missRate),
    percent(point.falseAlarmRate),
  ])
  return [
    shape,
    `Cllr ${cllr.before.toFixed(6)} before, ${cllr.after.toFixed(6)} after, ${cllr.min.toFixed(6)} at best`,
    `on ${fittedOn.bonafide} bona fide and ${fittedOn.spoof} spoof trials; * decides`,
    '',
    formatTable(['threshold by', 'score', 'bona fide refused', 'spoofs accepted'], rows),
  ].join('\n')
}

const percent = (share: number): string => `${(100 * share).toFixed(3)} %`
