/** What a score means: the decision, and with a calibration how sure it is. */
import { ArgumentTypeError, ModelError } from '../errors'
import { logLikelihoodRatio, spoofProbability, type OperatingPoint } from '../metrics'
import { checkCalibration, readCalibration, type Calibration } from './calibration-file'
import { checkRule, type DecisionRule } from './decision-rule'
import type { Threshold } from './model-card'

/** How often a threshold is wrong, measured on the trials of the calibration. */
export interface ExpectedErrors extends Omit<OperatingPoint, 'threshold'> {
  /** By which rule the threshold was chosen. */
  readonly rule: DecisionRule
  /** Trials behind the two rates; of 100 trials without an error no one knows whether it is 0 or 3 %. */
  readonly bonafide: number
  readonly spoof: number
}

/** Everything that follows from a score alone. */
export interface Judgement {
  /** `score ≥ threshold`; null without a threshold: a score alone does not say where to draw the line. */
  readonly decision: 'bonafide' | 'spoof' | null
  readonly threshold: number | null
  /** Where the threshold comes from. */
  readonly thresholdSource: string | null
  /**
   * Natural logarithm of how many times likelier the clip is if it is bona fide than if it is a spoof; null without a
   * calibration.
   */
  readonly logLikelihoodRatio: number | null
  /** 0…1, at the prior that was stated (`spoofPrior`); null without a calibration or without a prior. */
  readonly spoofProbability: number | null
  /** What the threshold is known to do; null unless it is the calibration's. */
  readonly expectedErrors: ExpectedErrors | null
}

export interface JudgementOptions {
  /** Scores at or above it are taken for bona fide. Default: the calibration's, or the model card's. */
  readonly threshold?: number
  /** Of this model: the path of a file that `calibrate()` or `aasist calibrate` made, or what it holds. */
  readonly calibration?: string | Calibration
  /** Which of the calibration's thresholds decides; default: the one it was made for. */
  readonly decideBy?: DecisionRule
  /**
   * Share of spoofs among the clips that come in, above 0 and below 1: what a probability of the calibration depends on, and
   * no model can know.
   */
  readonly spoofPrior?: number
}

export interface Judge {
  /** From a score to what follows from it. */
  readonly judge: (score: number) => Judgement
  /** What to know before trusting that; null where there is nothing. */
  readonly notice: string | null
}

/** What is known of the model whose scores are judged. */
export interface JudgedModel {
  /** SHA-256 of its file. */
  readonly sha256: string
  /** The model card's threshold. */
  readonly threshold: Threshold | null
}

/**
 * What can be said before anything is read: a probability without a calibration would be made up.
 * @throws ArgumentTypeError, ArgumentRangeError `INVALID_ARGUMENT`
 */
export function checkJudgementOptions({
  threshold,
  calibration,
  decideBy,
  spoofPrior,
}: JudgementOptions): void {
  const given: readonly (readonly [string, unknown])[] = Object.entries({ decideBy, spoofPrior })
  for (const [option, value] of given) {
    if (value === undefined || calibration !== undefined) continue
    throw new ArgumentTypeError(
      `${option} means something with a calibration only, and there is none: make one of labelled scores of this model with ` +
        'calibrate() or aasist calibrate, and name it (calibration)',
      { option },
    )
  }
  if (decideBy !== undefined) {
    checkRule(decideBy)
    if (threshold !== undefined) {
      throw new ArgumentTypeError(
        'give a threshold, or the rule that chooses one of the calibration, not both',
        {
          option: 'decideBy',
        },
      )
    }
  }
  // Before a model is loaded for minutes.
  if (spoofPrior !== undefined) spoofProbability(0, spoofPrior)
}

/**
 * Reads what the options name, and answers how scores of a model are judged.
 * @throws ModelError `CALIBRATION_INVALID`
 */
export async function readJudgement(options: JudgementOptions): Promise<(model: JudgedModel) => Judge> {
  const { threshold, calibration: given, decideBy, spoofPrior } = options
  const own: Threshold | null = threshold === undefined ? null : { value: threshold, source: 'option' }
  if (given === undefined) {
    return model => ({ judge: score => judged(score, own ?? model.threshold), notice: null })
  }
  const where = typeof given === 'string' ? given : 'that was given'
  const calibration =
    typeof given === 'string' ? await readCalibration(given) : checkCalibration(given, where)
  const measures = (score: number): Pick<Judgement, 'logLikelihoodRatio' | 'spoofProbability'> => {
    const ratio = logLikelihoodRatio(calibration.scores, score)
    return {
      logLikelihoodRatio: ratio,
      spoofProbability: spoofPrior === undefined ? null : spoofProbability(ratio, spoofPrior),
    }
  }
  const { chosen, expectedErrors } =
    own === null ? choose(calibration, decideBy, where) : { chosen: own, expectedErrors: null }
  return model => ({
    judge: score => ({ ...judged(score, chosen), ...measures(score), expectedErrors }),
    notice: noticeAbout(calibration, model, where),
  })
}

/** The same weights in another form, an offline model above all, are another file: hence no refusal. */
function noticeAbout({ fittedOn }: Calibration, { sha256 }: JudgedModel, where: string): string | null {
  if (fittedOn.model === null || fittedOn.model.sha256 === sha256) return null
  return (
    `the calibration ${where} was made with scores of ${fittedOn.model.path ?? 'another model'}, and this is another file: ` +
    'probabilities and expected errors are right only if both hold the same weights'
  )
}

function choose(
  calibration: Calibration,
  decideBy: DecisionRule | undefined,
  where: string,
): { readonly chosen: Threshold; readonly expectedErrors: ExpectedErrors } {
  const rule = decideBy === undefined ? calibration.decideBy : checkRule(decideBy)
  const point = calibration.operatingPoints[rule]
  if (point === undefined) {
    const known = Object.keys(calibration.operatingPoints)
    throw new ModelError(
      'CALIBRATION_INVALID',
      `the calibration ${where} has no threshold by ${rule}; it has ${known.join(', ')}: make one with that rule ` +
        '(aasist calibrate --decide-by)',
      { rule, known },
    )
  }
  const { threshold, missRate, falseAlarmRate } = point
  const { bonafide, spoof } = calibration.fittedOn
  return {
    chosen: { value: threshold, source: `calibration ${where}, ${rule}` },
    expectedErrors: { rule, missRate, falseAlarmRate, bonafide, spoof },
  }
}

function judged(score: number, threshold: Threshold | null): Judgement {
  return {
    decision: threshold === null ? null : score >= threshold.value ? 'bonafide' : 'spoof',
    threshold: threshold?.value ?? null,
    thresholdSource: threshold?.source ?? null,
    logLikelihoodRatio: null,
    spoofProbability: null,
    expectedErrors: null,
  }
}
