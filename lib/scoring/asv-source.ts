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

/**
 * In this order: what was asked for; the configuration's path below the data folder; the organisers' file in its usual
 * place there; the preset when every utterance is one of the ASVspoof 2019 LA evaluation; nothing.
 *
 * @throws DatasetError SCORES_INVALID
 * @throws ArgumentTypeError INVALID_ARGUMENT when scores and a preset are both given
 */
export async function findAsvSource(request: AsvRequest): Promise<AsvSource | undefined> {
  const { asvScores, asvPreset, data, configuredPath, trials } = request
  if (asvScores !== undefined && asvPreset !== undefined) {
    throw new ArgumentTypeError('give ASV scores or an ASV preset, not both')
  }
  if (asvPreset !== undefined) return preset(asvPreset, 'option')
  if (asvScores !== undefined) return fromFile(resolve(asvScores), 'option')
  if (data !== undefined) {
    const found = await findAsvScores(data, { configuredPath })
    if (found !== undefined) return fromFile(found.path, found.foundBy)
  }
  const isEvaluation = trials.length > 0 && trials.every(({ utterance }) => evalUtterance.test(utterance))
  return isEvaluation
    ? preset('la2019-eval', 'every utterance is of the ASVspoof 2019 LA evaluation')
    : undefined
}

function preset(name: AsvPreset, why: string): AsvSource {
  if (!Object.hasOwn(asvPresets, name)) {
    throw new ArgumentRangeError(
      `ASV preset "${name as string}" is not one of ${Object.keys(asvPresets).join(', ')}`,
    )
  }
  return { operatingPoint: asvPresets[name], source: `preset ${name} (${why})` }
}

async function fromFile(path: string, why: string): Promise<AsvSource> {
  return { operatingPoint: asvOperatingPoint(await readAsvScores(path)), source: `${path} (${why})` }
}
