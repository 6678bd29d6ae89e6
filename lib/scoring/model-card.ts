/** The facts about a model that travel beside it in `<name>.card.json`: above all where to draw the line. */
import { basename, dirname, extname, join } from 'node:path'
import { ModelError } from '../errors'
import { readInputFile, UnreadableFile } from './input-file'

/** A score at or above `value` is taken for bona fide; `source` says on what data that was found. */
export interface Threshold {
  readonly value: number
  readonly source: string
}

export interface ModelCard {
  readonly name: string
  readonly threshold: Threshold | null
  /** Shown with every result, for models that must not be trusted. */
  readonly notice: string | null
}

const largestCardBytes = 2 ** 20

/** @throws ModelError CONFIG_INVALID when there is a card and it cannot be used */
export async function readModelCard(modelPath: string): Promise<ModelCard | null> {
  const path = join(dirname(modelPath), `${basename(modelPath, extname(modelPath))}.card.json`)
  let text: string
  try {
    text = (await readInputFile(path, largestCardBytes)).toString('utf8')
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause
    if (cause.problem === 'missing') return null
    throw new ModelError('CONFIG_INVALID', `the model card: ${cause.message}`, { path }, { cause })
  }
  return parseModelCard(text, path)
}

export function parseModelCard(text: string, path: string): ModelCard {
  const refuse = (reason: string): never => {
    throw new ModelError('CONFIG_INVALID', `the model card ${path} ${reason}`, { path })
  }
  let card: unknown
  try {
    card = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    return refuse(`is not JSON: ${String(error)}`)
  }
  if (typeof card !== 'object' || card === null) return refuse('must be an object')
  const { name, threshold, notice } = card as Record<string, unknown>
  if (typeof name !== 'string') return refuse('has no "name"')
  if (notice !== undefined && notice !== null && typeof notice !== 'string')
    return refuse('has a "notice" that is not text')
  return {
    name,
    threshold:
      threshold === undefined || threshold === null
        ? null
        : (asThreshold(threshold) ?? refuse('has a "threshold" without a finite "value" and a "source"')),
    notice: notice ?? null,
  }
}

function asThreshold(threshold: unknown): Threshold | undefined {
  if (typeof threshold !== 'object' || threshold === null) return undefined
  const { value, source } = threshold as Record<string, unknown>
  return typeof value === 'number' && Number.isFinite(value) && typeof source === 'string'
    ? { value, source }
    : undefined
}
