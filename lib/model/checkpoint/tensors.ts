/** From a tensor's description and the archive's storages to contiguous numbers. */
import { endianness } from 'node:os'
import { ModelError } from '../../errors'
import type { StorageReference, StorageType, TensorDescription } from './pickle-values'
import type { ZipArchive } from './zip-archive'

export interface TensorOf<Type extends string, Data> {
  readonly dtype: Type
  /** Empty for a scalar. */
  readonly shape: readonly number[]
  /** Row-major and contiguous. */
  readonly data: Data
}
export type CheckpointTensor = TensorOf<'float32', Float32Array> | TensorOf<'int64', BigInt64Array>

type Numbers = Float32Array | BigInt64Array

interface StorageFormat {
  readonly bytesPerElement: 1 | 2 | 4 | 8
  /** `buffer` is aligned and in this machine's byte order. */
  readonly decode: (buffer: ArrayBuffer) => Numbers
}

const formats: Readonly<Record<StorageType, StorageFormat>> = {
  'torch.FloatStorage': { bytesPerElement: 4, decode: buffer => new Float32Array(buffer) },
  'torch.DoubleStorage': {
    bytesPerElement: 8,
    decode: buffer => Float32Array.from(new Float64Array(buffer)),
  },
  'torch.HalfStorage': {
    bytesPerElement: 2,
    decode: buffer => Float32Array.from(new Uint16Array(buffer), fromHalf),
  },
  'torch.BFloat16Storage': { bytesPerElement: 2, decode: fromBfloat16 },
  'torch.LongStorage': { bytesPerElement: 8, decode: buffer => new BigInt64Array(buffer) },
  'torch.IntStorage': { bytesPerElement: 4, decode: buffer => widen(new Int32Array(buffer)) },
  'torch.ShortStorage': { bytesPerElement: 2, decode: buffer => widen(new Int16Array(buffer)) },
  'torch.CharStorage': { bytesPerElement: 1, decode: buffer => widen(new Int8Array(buffer)) },
  'torch.ByteStorage': { bytesPerElement: 1, decode: buffer => widen(new Uint8Array(buffer)) },
  'torch.BoolStorage': { bytesPerElement: 1, decode: buffer => widen(new Uint8Array(buffer)) },
}

/**
 * Tensors may share a storage, and a pickle of a few bytes may name the same storage again and again: together they
 * may not become more than this many times the numbers the file holds.
 */
const mostSharing = 8

export class StorageReader {
  readonly #archive: ZipArchive
  readonly #folder: string
  readonly #swapped: boolean
  readonly #decoded = new Map<string, { readonly type: StorageType; readonly numbers: Numbers }>()
  #held = 0
  #made = 0

  constructor(archive: ZipArchive, folder: string) {
    this.#archive = archive
    this.#folder = folder
    this.#swapped = readByteOrder(archive, folder) !== endianness()
  }

  /** The whole storage's numbers. */
  read(tensor: string, reference: StorageReference): Numbers {
    const { key, type, count } = reference
    const known = this.#decoded.get(key)
    const numbers = known?.type === type ? known.numbers : this.#load(tensor, reference)
    if (known !== undefined && known.type !== type) {
      throw invalid(
        tensor,
        `reads storage ${JSON.stringify(key)} as ${type}, another tensor as ${known.type}`,
      )
    }
    if (numbers.length !== count) {
      throw invalid(
        tensor,
        `claims ${count} numbers in storage ${JSON.stringify(key)}, which holds ${numbers.length}`,
      )
    }
    return numbers
  }

  /** Counts what is about to be made of the storages. */
  spend(tensor: string, count: number): void {
    this.#made += count
    if (this.#made > this.#held * mostSharing) {
      throw invalid(tensor, `and those before it repeat the same numbers more than ${mostSharing} times`)
    }
  }

  #load(tensor: string, { key, type }: StorageReference): Numbers {
    const name = `${this.#folder}data/${key}`
    if (!this.#archive.has(name))
      throw invalid(tensor, `needs storage ${JSON.stringify(key)}, which the file lacks`)
    const bytes = this.#archive.read(name)
    const { bytesPerElement, decode } = formats[type]
    if (bytes.length % bytesPerElement !== 0) {
      throw invalid(tensor, `is ${type}, but storage ${JSON.stringify(key)} has ${bytes.length} bytes`)
    }
    // A copy: entries of an archive are aligned to nothing, and may be views into the caller's bytes.
    const copy = Buffer.from(new ArrayBuffer(bytes.length))
    copy.set(bytes)
    if (this.#swapped) swap(copy, bytesPerElement)
    const numbers = decode(copy.buffer)
    this.#decoded.set(key, { type, numbers })
    this.#held += numbers.length
    return numbers
  }
}

/** @throws ModelError `CHECKPOINT_INVALID` when the description reaches beyond its storage */
export function materialise(
  name: string,
  { storage, offset, shape, strides }: TensorDescription,
  storages: StorageReader,
): CheckpointTensor {
  const numbers = storages.read(name, storage)
  const count = countElements(name, shape, numbers.length)
  const last = shape.reduce((at, size, axis) => at + (size - 1) * strides[axis]!, offset)
  if (count > 0 && !(last < numbers.length)) {
    throw invalid(
      name,
      `of shape [${shape.join()}], strides [${strides.join()}] and offset ${offset} reaches number ${last} of a storage ` +
        `of ${numbers.length}`,
    )
  }
  storages.spend(name, count)
  const data = isContiguous(shape, strides)
    ? numbers.slice(offset, offset + count)
    : gather(numbers, offset, shape, strides, count)
  return data instanceof Float32Array ? { dtype: 'float32', shape, data } : { dtype: 'int64', shape, data }
}

/** A tensor of stride 0 repeats numbers; no trained weight is one, so more elements than the storage has is refused. */
function countElements(name: string, shape: readonly number[], most: number): number {
  if (shape.includes(0)) return 0
  let count = 1
  for (const size of shape) {
    count *= size
    if (count > most) {
      throw invalid(name, `of shape [${shape.join()}] has more elements than its storage's ${most} numbers`)
    }
  }
  return count
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    // The stride of an axis of size 1 is never used, and torch writes anything there.
    if (shape[axis] !== 1 && strides[axis] !== expected) return false
    expected *= shape[axis]!
  }
  return true
}

function gather(
  numbers: Numbers,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
  count: number,
): Numbers {
  const data = numbers instanceof Float32Array ? new Float32Array(count) : new BigInt64Array(count)
  const index = shape.map(() => 0)
  let from = offset
  for (let to = 0; to < count; to++) {
    data[to] = numbers[from]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      from -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return data
}

/** Files of PyTorch before 2.1 have no such entry and are little-endian. */
function readByteOrder(archive: ZipArchive, folder: string): 'LE' | 'BE' {
  const name = `${folder}byteorder`
  if (!archive.has(name)) return 'LE'
  const order = new TextDecoder().decode(archive.read(name).subarray(0, 16))
  if (order === 'little') return 'LE'
  if (order === 'big') return 'BE'
  throw new ModelError(
    'CHECKPOINT_INVALID',
    `the checkpoint's byte order is ${JSON.stringify(order)}, expected "little" or "big"`,
  )
}

function swap(bytes: Buffer, bytesPerElement: 1 | 2 | 4 | 8): void {
  if (bytesPerElement === 2) bytes.swap16()
  if (bytesPerElement === 4) bytes.swap32()
  if (bytesPerElement === 8) bytes.swap64()
}

function invalid(tensor: string, found: string): ModelError {
  return new ModelError(
    'CHECKPOINT_INVALID',
    `tensor ${JSON.stringify(tensor.slice(0, 80))} of the checkpoint ${found}; the file is damaged or was not written by ` +
      'torch.save: download or save it again',
    { tensor },
  )
}

function widen(numbers: Int32Array | Int16Array | Int8Array | Uint8Array): BigInt64Array {
  return BigInt64Array.from(numbers, BigInt)
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

/** bfloat16 is the upper half of a float32. */
function fromBfloat16(buffer: ArrayBuffer): Float32Array {
  return new Float32Array(Uint32Array.from(new Uint16Array(buffer), bits => bits << 16).buffer)
}
