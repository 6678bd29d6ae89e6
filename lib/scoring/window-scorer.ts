/** Windows of samples in, scores out: what turns a session that runs tensors into one that scores speech. */
import { ModelError, SessionError } from '../errors'
import type { Device, RunOptions, Session, SessionPool, TensorMetadata } from '../session'
import { onAbort } from '../abort-listeners'

/** What the model takes and where its score is. */
export interface ScoreInterface {
  readonly input: string
  readonly output: string
  /** Windows in one run; null where the model takes any number. */
  readonly batch: number | null
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
export function findScoreInterface(session: Session): ScoreInterface {
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

export interface WindowOptions extends RunOptions {
  /** The row of a fixed batch, modulo its size; default: any. Equal windows in one row have equal scores. */
  readonly position?: number | undefined
}

/** A caller whose window waits to share a run, or shares one. */
interface Waiting {
  readonly samples: Float32Array
  readonly position: number | undefined
  readonly timeoutMs: number | undefined
  /** False once the caller has its score, or no longer waits for it. */
  isOpen: () => boolean
  resolve: (score: ScoredWindow) => void
  reject: (error: unknown) => void
}

/** What a window scored, and what computed that. */
export interface ScoredWindow {
  /** `logits[:, 1]`: higher means more bona fide. */
  readonly score: number
  readonly device: Device
}

/** How long a run of a model with a fixed batch waits to be filled: two or three clips are decoded in that time. */
const fillWaitMs = 15

/** Scores windows one by one for its caller; for a model with a fixed batch, several callers share a run. */
export class WindowScorer {
  readonly #pool: SessionPool
  readonly #interface: ScoreInterface
  readonly #parallelRuns: number
  #waiting: Waiting[] = []
  #waitedLongEnough = false
  #timer: NodeJS.Timeout | undefined
  #runs = 0

  /** `parallelRuns`: how many runs of the pool make progress at the same time. */
  constructor(pool: SessionPool, scoreInterface: ScoreInterface, parallelRuns: number) {
    this.#pool = pool
    this.#interface = scoreInterface
    this.#parallelRuns = parallelRuns
  }

  score(samples: Float32Array, options: WindowOptions = {}): Promise<ScoredWindow> {
    const { batch } = this.#interface
    const { position, ...runOptions } = options
    if (batch === null || batch === 1) return this.#run([samples], runOptions).then(scores => scores[0]!)
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted()
      this.#waiting.push(waitingCaller({ samples, position }, runOptions, resolve, reject))
      if (this.#timer === undefined) this.#startTimer(batch)
      this.#flush(batch)
    })
  }

  #startTimer(batch: number): void {
    this.#timer = setTimeout(() => {
      this.#waitedLongEnough = true
      this.#flush(batch)
    }, fillWaitMs)
  }

  /** Starts a full run, or one with rows to spare when its callers have waited and it would not wait itself. */
  #flush(batch: number): void {
    this.#waiting = this.#waiting.filter(({ isOpen }) => isOpen())
    const rows = rowsOf(this.#waiting, batch)
    const group = rows.filter(caller => caller !== undefined)
    const isDue = this.#waitedLongEnough && this.#runs < this.#parallelRuns
    if (group.length > 0 && group.length < batch && !isDue) return
    this.#waiting = this.#waiting.filter(caller => !group.includes(caller))
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waitedLongEnough = false
    if (group.length === 0) return
    // Callers whose row was taken begin to wait for the next run.
    if (this.#waiting.length > 0) this.#startTimer(batch)
    // One caller's time-out must not take the others' run with it, so the session gets the longest.
    const timeoutMs = Math.max(...group.map(caller => caller.timeoutMs ?? Infinity))
    this.#runs += 1
    const windows = rows.map(caller => caller?.samples)
    this.#run(windows, Number.isFinite(timeoutMs) ? { timeoutMs } : {})
      .then(
        scores => rows.forEach((caller, row) => caller?.resolve(scores[row]!)),
        (error: unknown) => group.forEach(({ reject }) => reject(error)),
      )
      .finally(() => {
        this.#runs -= 1
        this.#flush(batch)
      })
  }

  /** A window for each row; those nobody asked for may be missing. */
  async #run(windows: readonly (Float32Array | undefined)[], options: RunOptions): Promise<ScoredWindow[]> {
    const { input, output, windowSamples } = this.#interface
    const batch = windows.length
    const only = batch === 1 ? windows[0] : undefined
    const data = only ?? new Float32Array(batch * windowSamples)
    if (only === undefined) {
      // Empty rows repeat another one: zeros would be another clip to compute, and could be slower.
      const filler = windows.find(window => window !== undefined)!
      for (const [row, window] of windows.entries()) data.set(window ?? filler, row * windowSamples)
    }
    const feeds = { [input]: { type: 'float32', dims: [batch, windowSamples], data } } as const
    const outputs = await this.#pool.run(feeds, [output], options)
    const logits = outputs[output]!.data as Float32Array
    const device = this.#pool.deviceOf(outputs)!
    return windows.map((_, row) => ({ score: logits[2 * row + 1]!, device }))
  }
}

/** A run's callers by row: each row's first, and callers that do not mind in what is left. */
function rowsOf(callers: readonly Waiting[], batch: number): (Waiting | undefined)[] {
  const rows = Array.from<Waiting | undefined>({ length: batch })
  for (const caller of callers) {
    if (caller.position !== undefined) rows[caller.position % batch] ??= caller
  }
  const anywhere = callers.filter(({ position }) => position === undefined).values()
  return rows.map(caller => caller ?? anywhere.next().value)
}

/** Its own signal and time-out end the waiting of one caller; the run it shares goes on for the others. */
function waitingCaller(
  { samples, position }: Pick<Waiting, 'samples' | 'position'>,
  { signal, timeoutMs }: RunOptions,
  resolve: (score: ScoredWindow) => void,
  reject: (error: unknown) => void,
): Waiting {
  let open = true
  const settle = (act: () => void): void => {
    if (!open) return
    open = false
    clearTimeout(timer)
    unsubscribe?.()
    act()
  }
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => settle(() => reject(timedOut(timeoutMs))), timeoutMs)
  const unsubscribe = signal && onAbort(signal, () => settle(() => reject(signal.reason)))
  return {
    samples,
    position,
    timeoutMs,
    isOpen: () => open,
    resolve: score => settle(() => resolve(score)),
    reject: error => settle(() => reject(error)),
  }
}

function timedOut(timeoutMs: number): SessionError {
  return new SessionError(
    'RUN_TIMEOUT',
    `the run took longer than its timeoutMs of ${timeoutMs} ms, waiting included`,
    { timeoutMs },
  )
}
