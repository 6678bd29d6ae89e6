/** Where AASIST's input and its score are in a session. */
import { ModelError } from '../errors'
import type { Session, SessionPool, TensorMetadata } from '../session'

/** What the model takes and where its score is. */
export interface ScoreInterface {
  readonly input: string
  readonly output: string
  /** Windows in one run, of a model with gears the most; null where the model takes any number. */
  readonly batch: number | null
  /** What a run may hold, ascending: the one batch or every gear; null where the model takes any number. */
  readonly batches: readonly number[] | null
  /** Samples in one window. */
  readonly windowSamples: number
}

/** Memory is taken for what a model says it takes, so that is bounded: as in conversion, 1,024 clips and a minute. */
const largestBatch = 1024
const largestWindowSamples = 960_000

const isWithin = (size: number, largest: number): boolean =>
  Number.isInteger(size) && size >= 1 && size <= largest

const shapeText = ({ shape }: TensorMetadata): string => `[${shape.join()}]`

/**
 * Finds AASIST's input `[batch, samples]` and its logits. The original export names only one output, so that name lands
 * on the hidden vector: outputs go by index then, logits being the second.
 * @throws ModelError MODEL_INVALID
 */
export function findScoreInterface(session: Session & Partial<Pick<SessionPool, 'gears'>>): ScoreInterface {
  const [input, ...others] = session.inputMetadata
  const refuse = (reason: string): never => {
    throw new ModelError('MODEL_INVALID', `this is not an AASIST model: ${reason}`)
  }
  if (input === undefined || others.length > 0)
    return refuse(`it has ${session.inputNames.length} inputs, expected one`)
  const [batch, windowSamples] = input.shape
  if (
    (typeof batch === 'number' && !isWithin(batch, largestBatch)) ||
    (typeof windowSamples === 'number' && !isWithin(windowSamples, largestWindowSamples))
  ) {
    return refuse(
      `input "${input.name}" is ${shapeText(input)}, expected at most ${largestBatch} windows of ${largestWindowSamples} samples`,
    )
  }
  if (input.type !== 'float32' || input.shape.length !== 2 || typeof windowSamples !== 'number') {
    return refuse(
      `input "${input.name}" is ${input.type} ${shapeText(input)}, expected float32 [batch, samples]`,
    )
  }
  const batches = typeof batch === 'number' ? [batch] : gearBatches(session.gears ?? [])
  if (batches?.some(size => !isWithin(size, largestBatch)) === true) {
    return refuse(`its gears are ${batches.join()}, expected at most ${largestBatch} windows`)
  }
  const outputs = session.outputMetadata
  const logits = outputs.find(({ name }) => name === 'logits') ?? outputs[1] ?? outputs[0]
  if (logits?.type !== 'float32' || logits.shape.length !== 2 || logits.shape[1] !== 2) {
    const found = logits === undefined ? 'nothing' : `${logits.type} ${shapeText(logits)}`
    return refuse(`its logits are ${found}, expected float32 [batch, 2]`)
  }
  return {
    input: input.name,
    output: logits.name,
    batch: batches?.at(-1) ?? null,
    batches,
    windowSamples,
  }
}

/** An offline model that leaves its batch open takes only those it was compiled for. */
function gearBatches(gears: SessionPool['gears']): readonly number[] | null {
  const sizes = gears.map(([input]) => input?.[0] ?? 0)
  return sizes.length === 0 ? null : [...new Set(sizes)].sort((a, b) => a - b)
}
