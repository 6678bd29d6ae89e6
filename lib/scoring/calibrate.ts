/** From labelled scores to a calibration. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readProtocol, readScoreFile, type ScoreFile } from '../dataset'
import { ArgumentRangeError, ArgumentTypeError, assertKnownOptions } from '../errors'
import {
  calibrationMethods,
  computeCllr,
  computeMinCllr,
  fitCalibration,
  logLikelihoodRatio,
  operatingPoint,
  type CalibrationMethod,
  type OperatingPoint,
} from '../metrics'
import { checkSignal } from '../session/arguments'
import { assertAsvChoice, findAsvSource, type AsvPreset } from './asv-source'
import { writeCalibration, type Calibration } from './calibration-file'
import { modelOfScores } from './scored-model'
import { checkRule, criterionOf, type DecisionRule } from './decision-rule'

export interface CalibrateOptions {
  /** Path of countermeasure scores of one model, of clips it was not trained on. */
  readonly scores: string
  /** Path of the protocol they belong to; default: the score file says itself which trials are bona fide. */
  readonly protocol?: string
  /** `logistic` (default) needs some hundred trials of each class, `pav` some thousand. */
  readonly method?: CalibrationMethod
  /** Where to draw the line; default `eer`. The thresholds of `eer`, `min-dcf` and `min-tdcf` are kept beside it. */
  readonly decideBy?: DecisionRule
  /** Path of ASV scores for `min-tdcf`. */
  readonly asvScores?: string
  /** A published ASV operating point instead. Without either: `la2019-eval` when every utterance is an `LA_E_…` one. */
  readonly asvPreset?: AsvPreset
  /** Path of the file to write; default: none. */
  readonly out?: string
  readonly signal?: AbortSignal
}

const optionNames = ['scores', 'protocol', 'method', 'decideBy', 'asvScores', 'asvPreset', 'out', 'signal']

/**
 * Fits what turns scores into log-likelihood ratios, and chooses thresholds. Trials without a score are left out.
 *
 * @throws DatasetError SCORES_INVALID, PROTOCOL_INVALID with file and line, OUTPUT_UNWRITABLE
 * @throws MetricsError METRICS_INVALID where a class is missing, or no calibration fits (see `fitCalibration`)
 * @throws ArgumentTypeError, ArgumentRangeError INVALID_ARGUMENT, UNKNOWN_OPTION; and the signal's reason
 * @example
 * const { cllr } = await calibrate({ scores: 'dev_scores.txt', decideBy: 'false-alarm=0.01', out: 'model.calibration.json' })
 */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  assertKnownOptions(options, optionNames, 'calibrate()')
  const { method = 'logistic', asvScores, asvPreset, out } = options
  assertPath('scores', options.scores)
  for (const option of ['protocol', 'out'] as const) {
    if (options[option] !== undefined) assertPath(option, options[option])
  }
  if (!calibrationMethods.includes(method)) {
    throw new ArgumentRangeError(
      `method is "${method as string}"; it must be one of ${calibrationMethods.join(', ')}`,
      { option: 'method' },
    )
  }
  const decideBy = checkRule(options.decideBy ?? 'eer')
  assertAsvChoice({ asvScores, asvPreset })
  const signal = checkSignal(options.signal)
  signal?.throwIfAborted()
  const protocol = options.protocol === undefined ? undefined : await readProtocol(options.protocol)
  signal?.throwIfAborted()
  const file = await readScoreFile(options.scores, { protocol })
  signal?.throwIfAborted()
  if (out !== undefined) await assertOtherFile(out, [options.scores, options.protocol, asvScores])
  const asv = await findAsvSource({ asvScores, asvPreset, trials: protocol?.trials ?? file.trials })
  signal?.throwIfAborted()
  const model = await modelOfScores(file.path)
  const calibration = calibrationOf(file, { method, decideBy, asv, model })
  if (out !== undefined) await writeCalibration(out, calibration)
  return calibration
}

interface Choices {
  readonly method: CalibrationMethod
  readonly decideBy: DecisionRule
  readonly asv: Awaited<ReturnType<typeof findAsvSource>>
  readonly model: Calibration['fittedOn']['model']
}

function calibrationOf(
  { path, sha256, trials }: ScoreFile,
  { method, decideBy, asv, model }: Choices,
): Calibration {
  const scoresOf = (wanted: 'bonafide' | 'spoof'): Float64Array =>
    Float64Array.from(
      trials.filter(({ key }) => key === wanted),
      ({ score }) => score,
    ).sort()
  const [bonafide, spoof] = [scoresOf('bonafide'), scoresOf('spoof')]
  const scores = fitCalibration(bonafide, spoof, method)
  const ratiosOf = (of: Float64Array): Float64Array => of.map(score => logLikelihoodRatio(scores, score))
  const rules = new Set<DecisionRule>(['eer', 'min-dcf', ...(asv ? (['min-tdcf'] as const) : []), decideBy])
  const pointOf = (rule: DecisionRule): OperatingPoint =>
    operatingPoint(bonafide, spoof, criterionOf(rule, asv?.operatingPoint))
  return {
    format: 'aasist-calibration',
    version: 1,
    scores,
    cllr: {
      before: computeCllr(bonafide, spoof),
      after: computeCllr(ratiosOf(bonafide), ratiosOf(spoof)),
      min: computeMinCllr(bonafide, spoof),
    },
    operatingPoints: Object.fromEntries([...rules].map(rule => [rule, pointOf(rule)])),
    decideBy,
    fittedOn: {
      path: resolve(path),
      sha256,
      bonafide: bonafide.length,
      spoof: spoof.length,
      asv: asv?.source ?? null,
      model,
    },
  }
}

/** Labels are worth more than what is made of them. */
async function assertOtherFile(out: string, inputs: readonly (string | undefined)[]): Promise<void> {
  const identity = async (path: string): Promise<string | undefined> => {
    const stats = await stat(path, { bigint: true }).catch(() => undefined)
    return stats && `${stats.dev}:${stats.ino}`
  }
  const written = await identity(out)
  for (const input of inputs) {
    if (input === undefined || written === undefined || (await identity(input)) !== written) continue
    throw new ArgumentTypeError(`out is ${out}, which is also read (${input}); name another file`, {
      option: 'out',
    })
  }
}

function assertPath(option: string, value: unknown): void {
  if (typeof value !== 'string') {
    throw new ArgumentTypeError(`${option} must be the path of a file, found ${typeof value}`, { option })
  }
}
