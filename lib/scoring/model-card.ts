/** The facts about a model that travel beside it in `<name>.card.json`: above all where to draw the line. */
import { basename, dirname, extname, join } from 'node:path'
import { writeFileAtomically } from '../dataset'
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

/** Of `demo.pth`, `demo.onnx` and `demo.om` alike: `demo.card.json`. */
function cardPathOf(modelPath: string): string {
  return join(dirname(modelPath), `${basename(modelPath, extname(modelPath))}.card.json`)
}

/** @throws ModelError CONFIG_INVALID when there is a card and it cannot be used */
export async function readModelCard(modelPath: string): Promise<ModelCard | null> {
  const path = cardPathOf(modelPath)
  const text = await readCardText(path)
  return text === null ? null : parseModelCard(text, path)
}

async function readCardText(path: string): Promise<string | null> {
  try {
    return (await readInputFile(path, largestCardBytes)).toString('utf8')
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause
    if (cause.problem === 'missing') return null
    throw new ModelError('CONFIG_INVALID', `the model card: ${cause.message}`, { path }, { cause })
  }
}

/** The card beside the copy of a model, and how it came to be there; `kept`: it is another one, and stays. */
export type CopiedCard =
  { readonly path: string; readonly state: 'copied' | 'same' | 'kept' } | { readonly path: null }

/**
 * Puts a model's card beside another file of the same model, where there is one.
 * @throws ModelError CONFIG_INVALID as {@link readModelCard}; DatasetError OUTPUT_UNWRITABLE
 */
export async function copyModelCard(fromModel: string, toModel: string): Promise<CopiedCard> {
  const text = await readCardText(cardPathOf(fromModel))
  if (text === null) return { path: null }
  parseModelCard(text, cardPathOf(fromModel))
  const path = cardPathOf(toModel)
  const there = await readCardText(path)
  if (there !== null) return { path, state: there === text ? 'same' : 'kept' }
  await writeFileAtomically(path, text)
  return { path, state: 'copied' }
}

function parseModelCard(text: string, path: string): ModelCard {
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
