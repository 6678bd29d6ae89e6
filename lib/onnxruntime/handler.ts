/** What onnxruntime calls behind its `InferenceSession`. It has checked by then that all inputs are there, and the names of outputs. */
import { ArgumentRangeError, ArgumentTypeError, errorMessage } from '../errors'
import { AclSession } from '../session'
import type { Feeds, Outputs, TensorLike, TensorMetadata, TypedTensor } from '../session'
import { checkSessionOptions, runOptionsOf } from './options'

/** A tensor is memory of the caller's to put the output into. */
type Fetches = Readonly<Record<string, TensorLike | null>>

class AscendHandler {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  readonly inputMetadata: readonly TensorMetadata[]
  readonly outputMetadata: readonly TensorMetadata[]
  readonly #session: AclSession
  readonly #runTimeoutMs: number | undefined

  constructor(session: AclSession, runTimeoutMs: number | undefined) {
    this.inputNames = session.inputNames
    this.outputNames = session.outputNames
    this.inputMetadata = session.inputMetadata
    this.outputMetadata = session.outputMetadata
    this.#session = session
    this.#runTimeoutMs = runTimeoutMs
  }

  async run(feeds: Feeds, fetches: Fetches, options: object): Promise<Outputs> {
    const runOptions = runOptionsOf(options, this.#runTimeoutMs)
    // onnxruntime takes feeds of any class and looks at inherited members too.
    const inputs = Object.fromEntries(this.inputNames.map(name => [name, feeds[name]!]))
    const outputs = await this.#session.run(inputs, Object.keys(fetches), runOptions)
    const places = Object.entries(fetches).map(([name, place]) =>
      place === null ? undefined : placeFor(name, outputs[name]!, place),
    )
    for (const fill of places) fill?.()
    // As onnxruntime-node does, also for outputs that have been put elsewhere: tensors with memory of their own.
    return outputs
  }

  async dispose(): Promise<void> {
    await this.#session.release()
  }

  startProfiling(): never {
    throw noProfiling()
  }

  endProfiling(): never {
    throw noProfiling()
  }
}

function noProfiling(): ArgumentTypeError {
  return new ArgumentTypeError(
    'onnxruntime cannot profile what runs on the NPU; use msprof of CANN, or stats() of an AclSession',
  )
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

function memoryOf(name: string, place: TensorLike): ArrayBufferView {
  let data: unknown
  try {
    data = place.data
  } catch (error) {
    // onnxruntime's getter throws for tensors off the CPU or disposed of.
    throw new ArgumentTypeError(
      `the tensor given for output "${name}" has no host memory (${errorMessage(error)})`,
    )
  }
  if (ArrayBuffer.isView(data)) return data
  throw new ArgumentTypeError(`the tensor given for output "${name}" holds no typed array`)
}

/** Checked before any is filled, so that a mistake leaves all as they are. */
function placeFor(name: string, { type, dims, data }: TypedTensor, place: TensorLike): () => void {
  if (place.type !== type) {
    throw new ArgumentTypeError(
      `the tensor given for output "${name}" is of type ${place.type}; the model gives ${type}`,
      { output: name, found: place.type, expected: type },
    )
  }
  const memory = memoryOf(name, place)
  const fits = place.dims.length === dims.length && dims.every((dim, axis) => dim === place.dims[axis])
  if (!fits) {
    throw new ArgumentRangeError(
      `the tensor given for output "${name}" has shape [${place.dims.join(', ')}]; the model gives [${dims.join(', ')}]`,
      { output: name, found: [...place.dims], expected: dims },
    )
  }
  const source = bytesOf(data as ArrayBufferView)
  if (memory.byteLength !== source.byteLength) {
    throw new ArgumentTypeError(
      `the memory of the tensor given for output "${name}" has ${memory.byteLength} bytes, and ${source.byteLength} are needed; it was transferred elsewhere, perhaps`,
      { output: name, found: memory.byteLength, expected: source.byteLength },
    )
  }
  return () => bytesOf(memory).set(source)
}

export async function createHandler(
  model: string | Uint8Array,
  options: object = {},
): Promise<AscendHandler> {
  const { acl, runTimeoutMs } = checkSessionOptions(options)
  return new AscendHandler(await AclSession.create(model, acl), runTimeoutMs)
}
