/** The checks of inputs and output names that every back end makes before anything leaves the caller's thread. */
import { ArgumentTypeError, SessionError, errorMessage } from '../errors'
import { isPlainObject, shown } from './arguments'
import { arrayNames, elementCount } from './tensor'
import type { TensorMetadata, TensorType } from './tensor'

/** An input that passed its checks. */
export interface CheckedTensor {
  readonly name: string
  readonly type: TensorType
  readonly dims: readonly number[]
  /** The elements as bytes, still in the caller's memory, behind an object that is not the caller's; or strings. */
  readonly data: Uint8Array | readonly string[]
}

/** What the caller gave, each member read once: a getter may answer something else the next time. */
interface GivenTensor {
  readonly input: TensorMetadata
  readonly type: unknown
  /** A copy, where it is an array. */
  readonly dims: unknown
  readonly data: unknown
}

/** No model has tensors of more (`ACL_MAX_DIM_CNT` of CANN); an array that claims more is not copied. */
const MOST_DIMS = 128

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object

/** `Float32Array` and so on; the getter answers for arrays of every realm, and cannot be overridden. */
function typedArrayName(value: unknown): string | undefined {
  return Reflect.get(typedArrayPrototype, Symbol.toStringTag, value) as string | undefined
}

/** As the engine has it: an array may have a property of the same name that says something else. */
function engineValue<K extends 'buffer' | 'byteOffset' | 'byteLength' | 'length'>(
  data: ArrayBufferView,
  key: K,
): Uint8Array[K] {
  return Reflect.get(typedArrayPrototype, key, data)
}

function invalidType(name: string, found: string, expected: string): SessionError {
  return new SessionError('INPUT_TYPE', `input "${name}" ${found}; the model takes ${expected}`, {
    input: name,
  })
}

function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0) return false
  try {
    // The only test that works on every supported Node: `detached` came with V8 11.4.
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

function checkData(name: string, type: TensorType, data: unknown): ArrayBufferView | readonly string[] {
  if (type === 'string') {
    if (Array.isArray(data) && data.every(element => typeof element === 'string')) return data
    throw invalidType(name, `holds ${typedArrayName(data) ?? shown(data)}`, 'an array of strings')
  }
  const names = arrayNames[type]
  if (!ArrayBuffer.isView(data) || !names.includes(typedArrayName(data) ?? '')) {
    throw invalidType(
      name,
      `of type ${type} holds ${typedArrayName(data) ?? shown(data)}`,
      `its elements in a ${names.join(' or ')}`,
    )
  }
  if (isDetached(engineValue(data, 'buffer'))) {
    throw invalidType(name, 'holds a detached buffer (it was transferred elsewhere)', 'data it can read')
  }
  return data
}

function isDim(dim: unknown): dim is number {
  return Number.isSafeInteger(dim) && (dim as number) >= 0
}

function checkDims(name: string, dims: unknown): readonly number[] {
  if (!Array.isArray(dims) || dims.length > MOST_DIMS || !dims.every(isDim)) {
    throw new SessionError(
      'INPUT_SHAPE',
      `input "${name}" has dims ${shown(dims)}; an array of whole numbers from 0 up is needed`,
      { input: name },
    )
  }
  return dims
}

function checkShape(input: TensorMetadata, dims: readonly number[], symbols: Map<string, number>): void {
  const { name, shape } = input
  // An empty shape is a scalar or an untold one; only the back end can tell the two apart.
  if (shape.length === 0) return
  const fits =
    dims.length === shape.length &&
    shape.every((dim, axis) => {
      if (typeof dim === 'number') return dims[axis] === dim
      if (dim === '') return true
      if (!symbols.has(dim)) symbols.set(dim, dims[axis]!)
      return symbols.get(dim) === dims[axis]
    })
  if (fits) return
  const bound = shape.map(dim =>
    typeof dim === 'string' && symbols.has(dim) ? `${dim} = ${symbols.get(dim)!}` : dim,
  )
  throw new SessionError(
    'INPUT_SHAPE',
    `input "${name}" has shape [${dims.join(', ')}]; the model takes [${bound.join(', ')}]`,
    { input: name, found: dims, expected: shape },
  )
}

/** Runs whatever code the caller's getters hold; nothing of it is heard of again. */
function readTensor(input: TensorMetadata, tensor: unknown): GivenTensor {
  const { name } = input
  if (typeof tensor !== 'object' || tensor === null) {
    throw invalidType(name, `is ${shown(tensor)}`, `{ type: '${input.type}', dims, data }`)
  }
  try {
    const { type, dims, data } = tensor as { type?: unknown; dims?: unknown; data?: unknown }
    return { input, type, dims: copyDims(dims), data }
  } catch (error) {
    // onnxruntime's `data` is a getter that throws for tensors off the CPU or disposed of.
    throw invalidType(name, `cannot be read (${errorMessage(error)})`, 'CPU data')
  }
}

function copyDims(dims: unknown): unknown {
  if (!Array.isArray(dims)) return dims
  const { length } = dims
  return length > MOST_DIMS ? dims : Array.from({ length }, (_, axis) => dims[axis] as unknown)
}

function checkTensor({ input, ...given }: GivenTensor, symbols: Map<string, number>): CheckedTensor {
  const { name, type } = input
  if (given.type !== type) throw invalidType(name, `is of type ${shown(given.type)}`, type)
  const dims = checkDims(name, given.dims)
  checkShape(input, dims, symbols)
  const data = checkData(name, type, given.data)
  const found = ArrayBuffer.isView(data) ? engineValue(data, 'length') : data.length
  const expected = elementCount(type, dims)
  if (found !== expected) {
    throw new SessionError(
      'INPUT_SHAPE',
      `input "${name}" holds ${found} elements; its shape [${dims.join(', ')}] needs ${expected}`,
      { input: name, found, expected },
    )
  }
  return { name, type, dims, data: ArrayBuffer.isView(data) ? bytesOf(data) : data }
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(
    engineValue(data, 'buffer'),
    engineValue(data, 'byteOffset'),
    engineValue(data, 'byteLength'),
  )
}

function readFeeds(feeds: unknown, inputs: readonly TensorMetadata[]): readonly GivenTensor[] {
  if (!isPlainObject(feeds)) {
    throw new ArgumentTypeError(
      `feeds must be a plain object of tensors by input name, found ${shown(feeds)}`,
    )
  }
  return inputs.map(input => {
    const tensor = Object.hasOwn(feeds, input.name) ? feeds[input.name] : undefined
    if (tensor === undefined) {
      const needed = inputs.map(({ name }) => name)
      throw new SessionError(
        'INPUT_MISSING',
        `input "${input.name}" is missing; the model takes ${needed.join(', ')}, feeds has ${Object.keys(feeds).join(', ') || 'none'}`,
        { input: input.name, needed },
      )
    }
    return readTensor(input, tensor)
  })
}

/**
 * Checks feeds against what the model takes. Copies nothing. Everything is read before anything is checked: a getter of
 * one input could take the memory of another one away.
 * @throws SessionError `INPUT_MISSING`, `INPUT_TYPE`, `INPUT_SHAPE`; ArgumentTypeError `INVALID_ARGUMENT`
 */
export function checkFeeds(feeds: unknown, inputs: readonly TensorMetadata[]): readonly CheckedTensor[] {
  const symbols = new Map<string, number>()
  return readFeeds(feeds, inputs).map(given => checkTensor(given, symbols))
}

/**
 * The outputs to compute: all of them when `fetches` is undefined.
 * @throws SessionError `OUTPUT_UNKNOWN`; ArgumentTypeError `INVALID_ARGUMENT`
 */
export function checkFetches(fetches: unknown, outputNames: readonly string[]): readonly string[] {
  if (fetches === undefined) return outputNames
  if (!Array.isArray(fetches) || fetches.length === 0) {
    throw new ArgumentTypeError(
      `fetches must be a non-empty array of output names, found ${shown(fetches)}; run options come third`,
    )
  }
  const names = [...new Set<unknown>(fetches)]
  for (const name of names) {
    if (typeof name !== 'string' || !outputNames.includes(name)) {
      throw new SessionError(
        'OUTPUT_UNKNOWN',
        `the model has no output ${shown(name)}; it has ${outputNames.join(', ')}`,
        { output: shown(name), known: outputNames },
      )
    }
  }
  return names as string[]
}
