/** Windows of samples in, scores out: what turns a session that runs tensors into one that scores speech. */
import { ModelError } from '../errors'
import type { RunOptions, Session, TensorMetadata } from '../session'

/** What the model takes and where its score is. */
export interface ScoreInterface {
  readonly input: string
  readonly output: string
  /** Windows in one run; null where the model takes any number. */
  readonly batch: number | null
  /** Samples in one window. */
  readonly windowSamples: number
}

const shapeText = ({ shape }: TensorMetadata): string => `[${shape.join()}]`

/**
 * Finds AASIST's input `[batch, samples]` and its logits. The original export names only one output, so that name lands
 * on the hidden vector: outputs go by index then, logits being the second.
 * @throws ModelError MODEL_INVALID
 */
export function findScoreInterface(session: Session): ScoreInterface {
  const [input, ...others] = session.inputMetadata
  const refuse = (reason: string): never => {
    throw new ModelError('MODEL_INVALID', `this is not an AASIST model: ${reason}`)
  }
  if (input === undefined || others.length > 0)
    return refuse(`it has ${session.inputNames.length} inputs, expected one`)
  const [batch, windowSamples] = input.shape
  if (input.type !== 'float32' || input.shape.length !== 2 || typeof windowSamples !== 'number') {
    return refuse(
      `input "${input.name}" is ${input.type} ${shapeText(input)}, expected float32 [batch, samples]`,
    )
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
    batch: typeof batch === 'number' ? batch : null,
    windowSamples,
  }
}

interface Waiting {
  readonly samples: Float32Array
  readonly options: RunOptions
  readonly resolve: (score: number) => void
  readonly reject: (error: unknown) => void
}

/** How long a run of a model with a fixed batch waits to be filled. */
const fillWaitMs = 5

/** Scores windows one by one for its caller; for a model with a fixed batch, several callers share a run. */
export class WindowScorer {
  readonly #session: Session
  readonly #interface: ScoreInterface
  #waiting: Waiting[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(session: Session, scoreInterface: ScoreInterface) {
    this.#session = session
    this.#interface = scoreInterface
  }

  /** The score, `logits[:, 1]`: higher means more bona fide. */
  score(samples: Float32Array, options: RunOptions = {}): Promise<number> {
    const { batch } = this.#interface
    if (batch === null || batch === 1) return this.#run([samples], options).then(scores => scores[0]!)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ samples, options, resolve, reject })
      if (this.#waiting.length === batch) this.#flush()
      else this.#timer ??= setTimeout(() => this.#flush(), fillWaitMs)
    })
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const group = this.#waiting.filter(({ options, reject }) => {
      if (options.signal?.aborted !== true) return true
      reject(options.signal.reason)
      return false
    })
    this.#waiting = []
    if (group.length === 0) return
    // One caller's time-out or abort must not take the others' run with it.
    const timeouts = group.map(({ options }) => options.timeoutMs ?? Infinity)
    const timeoutMs = Math.max(...timeouts)
    this.#run(
      group.map(({ samples }) => samples),
      Number.isFinite(timeoutMs) ? { timeoutMs } : {},
    ).then(
      scores => group.forEach(({ resolve }, row) => resolve(scores[row]!)),
      (error: unknown) => group.forEach(({ reject }) => reject(error)),
    )
  }

  async #run(windows: readonly Float32Array[], options: RunOptions): Promise<number[]> {
    const { input, output, windowSamples } = this.#interface
    const batch = this.#interface.batch ?? windows.length
    const only = windows.length === 1 && batch === 1 ? windows[0] : undefined
    const data = only ?? new Float32Array(batch * windowSamples)
    if (only === undefined) {
      // Rows nobody asked for repeat the last one: zeros would be another clip to compute, and could be slower.
      for (let row = 0; row < batch; row++)
        data.set(windows[Math.min(row, windows.length - 1)]!, row * windowSamples)
    }
    const feeds = { [input]: { type: 'float32', dims: [batch, windowSamples], data } } as const
    const outputs = await this.#session.run(feeds, [output], options)
    const logits = outputs[output]!.data as Float32Array
    return windows.map((_, row) => logits[2 * row + 1]!)
  }
}
