/** Tensors as they cross threads and processes: raw little-endian elements in a buffer nobody else holds, or strings. */
import type { CheckedTensor } from './feeds'
import type { Outputs, TensorData, TensorLike, TensorType, TypedTensor } from './tensor'

export interface PackedTensor {
  readonly type: TensorType
  readonly dims: readonly number[]
  readonly data: ArrayBuffer | readonly string[]
}

export type PackedTensors = Readonly<Record<string, PackedTensor>>

/** A run whose inputs wait in memory of their own. */
export interface PackedWork {
  readonly feeds: PackedTensors
  readonly fetches: readonly string[]
}

const views: Readonly<Record<Exclude<TensorType, 'string'>, new (buffer: ArrayBuffer) => TensorData>> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  int4: Int8Array,
  uint4: Uint8Array,
}

/** Copies, so that shared, resizable and pooled memory all end in a fixed buffer that may be transferred. */
export function packTensor({ type, dims, data }: TensorLike): PackedTensor {
  if (!ArrayBuffer.isView(data)) return { type, dims, data: [...data] }
  // Uninitialised, as every byte is written; `Slow` ones are never part of a pool.
  const copy = Buffer.allocUnsafeSlow(data.byteLength)
  copy.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return { type, dims, data: copy.buffer }
}

/**
 * - `borrowed`: the caller's, who may change it as soon as it has its promise.
 * - `given away`: the caller promises not to touch it any more.
 */
export type FeedOwnership = 'borrowed' | 'given away'

export function packFeeds(
  tensors: readonly CheckedTensor[],
  ownership: FeedOwnership = 'borrowed',
): PackedTensors {
  const pack = ownership === 'borrowed' ? packTensor : takeOver
  return Object.fromEntries(tensors.map(tensor => [tensor.name, pack(tensor)]))
}

/** Without a copy where the tensor fills a buffer of its own, which is what a decoded clip does. */
function takeOver(tensor: CheckedTensor): PackedTensor {
  const { type, dims, data } = tensor
  if (!ArrayBuffer.isView(data) || !(data.buffer instanceof ArrayBuffer)) return packTensor(tensor)
  return data.byteLength === data.buffer.byteLength ? { type, dims, data: data.buffer } : packTensor(tensor)
}

/** Takes the buffer over without copying. */
export function unpackTensor({ type, dims, data }: PackedTensor): TypedTensor {
  if (type === 'string') return { type, dims, data: data as readonly string[] }
  return { type, dims, data: new views[type](data as ArrayBuffer) } as TypedTensor
}

export function unpackTensors(tensors: PackedTensors): Outputs {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, unpackTensor(tensor)]))
}

/** Each buffer once: a transfer list that names one twice is refused. */
export function transferList(tensors: PackedTensors): ArrayBuffer[] {
  const buffers = Object.values(tensors).map(({ data }) => data)
  return [...new Set(buffers.filter(data => data instanceof ArrayBuffer))]
}
