/** Which speaker verification system the t-DCF is computed with, and who said so. */
import { resolve } from 'node:path'
import { ArgumentRangeError, ArgumentTypeError } from '../errors'
import { findAsvScores, readAsvScores, type Trial } from '../dataset'
import { asvOperatingPoint, LA2019_EVAL_OPERATING_POINT, type AsvOperatingPoint } from '../metrics'

export const asvPresets = { 'la2019-eval': LA2019_EVAL_OPERATING_POINT } as const
export type AsvPreset = keyof typeof asvPresets

export interface AsvRequest {
  /** Path of ASV scores. */
  readonly asvScores?: string | undefined
  readonly asvPreset?: AsvPreset | undefined
  /** The corpus folder, where scores are looked for when neither is given. */
  readonly data?: string | undefined
  /** `asv_score_path` of the model's configuration. */
  readonly configuredPath?: string | undefined
  readonly trials: readonly Trial[]
}

export interface AsvSource {
  readonly operatingPoint: AsvOperatingPoint
  readonly source: string
}

const evalUtterance = /^LA_E_/
/** The evaluation of 2021, with the same names, has 181,566, and another ASV system. */
const evalUtterances = 71_237

/**
 * In this order: what was asked for; the configuration's path below the data folder; the organisers' file in its usual
 * place there; the preset when every utterance is one of the ASVspoof 2019 LA evaluation; nothing.
 *
 * @throws DatasetError SCORES_INVALID
 * @throws ArgumentTypeError, ArgumentRangeError INVALID_ARGUMENT as for {@link assertAsvChoice}
 */
export async function findAsvSource(request: AsvRequest): Promise<AsvSource | undefined> {
  assertAsvChoice(request)
  const { asvScores, asvPreset, data, configuredPath, trials } = request
  if (asvPreset !== undefined) return preset(asvPreset, 'option')
  if (asvScores !== undefined) return fromFile(resolve(asvScores), 'option')
  if (data !== undefined) {
    const found = await findAsvScores(data, { configuredPath })
    if (found !== undefined) return fromFile(found.path, found.foundBy)
  }
  const isEvaluation =
    trials.length > 0 &&
    trials.length <= evalUtterances &&
    trials.every(({ utterance }) => evalUtterance.test(utterance))
  return isEvaluation
    ? preset(
        'la2019-eval',
        'every utterance is named as in the ASVspoof 2019 LA evaluation; so are those of 2021',
      )
    : undefined
}

/**
 * What can be said about the options alone.
 * @throws ArgumentTypeError, ArgumentRangeError INVALID_ARGUMENT
 */
export function assertAsvChoice({ asvScores, asvPreset }: Pick<AsvRequest, 'asvScores' | 'asvPreset'>): void {
  if (asvScores !== undefined && typeof asvScores !== 'string') {
    throw new ArgumentTypeError('asvScores must be the path of a file')
  }
  if (asvPreset === undefined) return
  if (asvScores !== undefined) throw new ArgumentTypeError('give ASV scores or an ASV preset, not both')
  if (!Object.hasOwn(asvPresets, asvPreset)) {
    throw new ArgumentRangeError(
      `ASV preset "${asvPreset as string}" is not one of ${Object.keys(asvPresets).join(', ')}`,
    )
  }
}

function preset(name: AsvPreset, why: string): AsvSource {
  return { operatingPoint: asvPresets[name], source: `preset ${name} (${why})` }
}

async function fromFile(path: string, why: string): Promise<AsvSource> {
  return { operatingPoint: asvOperatingPoint(await readAsvScores(path)), source: `${path} (${why})` }
}
