/** What turns the scores of one model into probabilities and decisions, as a small JSON file. */
import { writeFileAtomically } from '../dataset'
import { ModelError } from '../errors'
import type { OperatingPoint, ScoreCalibration } from '../metrics'
import { faultOfCalibration } from '../metrics/calibration'
import { checkRule, type DecisionRule } from './decision-rule'
import { readInputFile, UnreadableFile } from './input-file'

/** Of one model; scores of another have another scale. */
export interface Calibration {
  readonly format: 'aasist-calibration'
  readonly version: 1
  /** From a score to the natural logarithm of its likelihood ratio. */
  readonly scores: ScoreCalibration
  /** Bits a trial, see `computeCllr`: of the scores as they are, of the ratios, and of the best that could be. */
  readonly cllr: { readonly before: number; readonly after: number; readonly min: number }
  /** By {@link DecisionRule}: thresholds, with the errors they made on the trials of `fittedOn`. */
  readonly operatingPoints: Readonly<Record<string, OperatingPoint>>
  /** Which of them decides, unless the caller names another. */
  readonly decideBy: DecisionRule
  readonly fittedOn: {
    /** The score file. */
    readonly path: string
    /** SHA-256 of its bytes, hexadecimal. */
    readonly sha256: string
    readonly bonafide: number
    readonly spoof: number
    /** What the t-DCF was computed with; null without. */
    readonly asv: string | null
    /** The model's file, and SHA-256 of its bytes; null where nobody knows what made the scores. */
    readonly model: { readonly path: string | null; readonly sha256: string } | null
  }
}

/** One with every score for a knot; those of people have a hundred. */
const largestBytes = 2 ** 24

/** @throws ModelError `CALIBRATION_INVALID` */
export async function readCalibration(path: string): Promise<Calibration> {
  let text: string
  try {
    text = (await readInputFile(path, largestBytes)).toString('utf8')
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause
    throw new ModelError('CALIBRATION_INVALID', `the calibration: ${cause.message}`, { path }, { cause })
  }
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new ModelError('CALIBRATION_INVALID', `the calibration ${path} is not JSON: ${String(error)}`, {
      path,
    })
  }
  return checkCalibration(value, path)
}

/** @throws DatasetError `OUTPUT_UNWRITABLE` */
export async function writeCalibration(path: string, calibration: Calibration): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(calibration, null, 2)}\n`)
}

/**
 * @param where what messages call it
 * @throws ModelError `CALIBRATION_INVALID`
 */
export function checkCalibration(value: unknown, where: string): Calibration {
  const refuse = (reason: string): never => {
    throw new ModelError(
      'CALIBRATION_INVALID',
      `the calibration ${where} ${reason}; make one with aasist calibrate`,
      {
        path: where,
      },
    )
  }
  if (!isObject(value)) return refuse('is no object')
  const { format, version, scores, cllr, operatingPoints, decideBy, fittedOn } = value
  if (format !== 'aasist-calibration') return refuse('has no "format" of "aasist-calibration"')
  if (version !== 1) return refuse(`is of version ${JSON.stringify(version)}; this release reads version 1`)
  const fault = faultOfCalibration(scores)
  if (fault !== null) return refuse(`has "scores" that cannot be used: it ${fault}`)
  if (!hasNumbers(cllr, ['before', 'after', 'min'])) return refuse('has no "cllr" of three numbers')
  if (!isObject(operatingPoints)) return refuse('has no "operatingPoints"')
  for (const [rule, point] of Object.entries(operatingPoints)) {
    if (!isRule(rule)) return refuse(`has an operating point with the name ${JSON.stringify(rule)}`)
    if (!isOperatingPoint(point))
      return refuse(`has an operating point ${rule} without a threshold and two rates`)
  }
  if (!isRule(decideBy) || !Object.hasOwn(operatingPoints, decideBy)) {
    return refuse('has a "decideBy" that is none of its operating points')
  }
  const isTold =
    hasNumbers(fittedOn, ['bonafide', 'spoof']) &&
    typeof fittedOn['path'] === 'string' &&
    typeof fittedOn['sha256'] === 'string' &&
    (fittedOn['asv'] === null || typeof fittedOn['asv'] === 'string') &&
    (fittedOn['model'] === null || isModel(fittedOn['model']))
  if (!isTold) return refuse('does not say in "fittedOn" which trials it was made of')
  return value as unknown as Calibration
}

type Members = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const hasNumbers = (value: unknown, names: readonly string[]): value is Members =>
  isObject(value) && names.every(name => Number.isFinite(value[name]))

const isModel = (value: unknown): boolean =>
  isObject(value) &&
  typeof value['sha256'] === 'string' &&
  (value['path'] === null || typeof value['path'] === 'string')

const isRate = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1

const isOperatingPoint = (value: unknown): boolean =>
  hasNumbers(value, ['threshold']) && isRate(value['missRate']) && isRate(value['falseAlarmRate'])

function isRule(name: unknown): name is DecisionRule {
  try {
    return checkRule(name) === name
  } catch {
    return false
  }
}
