/** The checks of inputs and output names that every back end makes before anything leaves the caller's thread. */
import { ArgumentTypeError, SessionError } from '../errors'
import { isPlainObject, shown } from './arguments'
import { arrayNames, elementCount } from './tensor'
import type { TensorData, TensorLike, TensorMetadata, TensorType } from './tensor'

/** An input that passed its checks, still on the caller's memory. */
export interface CheckedTensor extends TensorLike {
  readonly name: string
}

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object

/** `Float32Array` and so on; the getter answers for arrays of every realm, and cannot be overridden. */
function typedArrayName(value: unknown): string | undefined {
  return Reflect.get(typedArrayPrototype, Symbol.toStringTag, value) as string | undefined
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

function checkData(name: string, type: TensorType, data: unknown): TensorData {
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
  if (isDetached(data.buffer)) {
    throw invalidType(name, 'holds a detached buffer (it was transferred elsewhere)', 'data it can read')
  }
  return data as TensorData
}

function checkDims(name: string, dims: unknown): readonly number[] {
  if (!Array.isArray(dims) || !dims.every(dim => Number.isSafeInteger(dim) && (dim as number) >= 0)) {
    throw new SessionError(
      'INPUT_SHAPE',
      `input "${name}" has dims ${shown(dims)}; an array of whole numbers from 0 up is needed`,
      { input: name },
    )
  }
  return [...(dims as number[])]
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

function checkTensor(input: TensorMetadata, tensor: unknown, symbols: Map<string, number>): CheckedTensor {
  const { name } = input
  if (typeof tensor !== 'object' || tensor === null) {
    throw invalidType(name, `is ${shown(tensor)}`, `{ type: '${input.type}', dims, data }`)
  }
  let parts: { type?: unknown; dims?: unknown; data?: unknown }
  try {
    // Each member is read once: onnxruntime's `data` is a getter that throws for tensors off the CPU or disposed of.
    const { type, dims, data } = tensor as typeof parts
    parts = { type, dims, data }
  } catch (error) {
    throw invalidType(
      name,
      `cannot be read (${error instanceof Error ? error.message : String(error)})`,
      'CPU data',
    )
  }
  if (parts.type !== input.type) throw invalidType(name, `is of type ${shown(parts.type)}`, input.type)
  const dims = checkDims(name, parts.dims)
  checkShape(input, dims, symbols)
  const data = checkData(name, input.type, parts.data)
  const expected = elementCount(input.type, dims)
  if (data.length !== expected) {
    throw new SessionError(
      'INPUT_SHAPE',
      `input "${name}" holds ${data.length} elements; its shape [${dims.join(', ')}] needs ${expected}`,
      { input: name, found: data.length, expected },
    )
  }
  return { name, type: input.type, dims, data }
}

/**
 * Checks feeds against what the model takes. Copies nothing.
 * @throws SessionError `INPUT_MISSING`, `INPUT_TYPE`, `INPUT_SHAPE`; ArgumentTypeError `INVALID_ARGUMENT`
 */
export function checkFeeds(feeds: unknown, inputs: readonly TensorMetadata[]): readonly CheckedTensor[] {
  if (!isPlainObject(feeds)) {
    throw new ArgumentTypeError(
      `feeds must be a plain object of tensors by input name, found ${shown(feeds)}`,
    )
  }
  const symbols = new Map<string, number>()
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
    return checkTensor(input, tensor, symbols)
  })
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
