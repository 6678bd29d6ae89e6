/** What goes into a session and comes out of it. Plain objects: a tensor is recognised by its members, never by class. */

/** Which array holds the elements of which type. float16 is raw bits, and 4-bit types hold two elements a byte. */
export interface TensorDataByType {
  float32: Float32Array
  float64: Float64Array
  float16: Uint16Array
  int8: Int8Array
  int16: Int16Array
  int32: Int32Array
  int64: BigInt64Array
  uint8: Uint8Array
  uint16: Uint16Array
  uint32: Uint32Array
  uint64: BigUint64Array
  bool: Uint8Array
  string: readonly string[]
  int4: Int8Array
  uint4: Uint8Array
}

/** Element types, by onnxruntime's names. */
export type TensorType = keyof TensorDataByType
export type TensorData = TensorDataByType[TensorType]

/** An input. An onnxruntime `Tensor` is one; so is `{ type: 'float32', dims: [1, 64600], data }`. */
export interface TensorLike {
  readonly type: TensorType
  /** Row-major shape; `[]` is a scalar. */
  readonly dims: readonly number[]
  readonly data: TensorData
}

/** An output: `type` tells which array `data` is. */
export type TypedTensor = {
  readonly [T in TensorType]: {
    readonly type: T
    readonly dims: readonly number[]
    readonly data: TensorDataByType[T]
  }
}[TensorType]

/** Inputs by name. Names the model does not have are ignored, as onnxruntime does. */
export type Feeds = Readonly<Record<string, TensorLike>>

/** Outputs by name. */
export type Outputs = Readonly<Record<string, TypedTensor>>

/** Name, type and shape of one input or output, laid out as onnxruntime's `ValueMetadata`. */
export interface TensorMetadata {
  readonly name: string
  readonly isTensor: true
  readonly type: TensorType
  /** A number is a fixed dimension, a string a symbolic one; `[]` is a scalar or a shape the model does not tell. */
  readonly shape: readonly (number | string)[]
}

/** `Object.prototype.toString`'s name of the array each type is held in, which holds across realms and threads. */
export const arrayNames: Readonly<Record<Exclude<TensorType, 'string'>, readonly string[]>> = {
  float32: ['Float32Array'],
  float64: ['Float64Array'],
  float16: ['Uint16Array', 'Float16Array'],
  int8: ['Int8Array'],
  int16: ['Int16Array'],
  int32: ['Int32Array'],
  int64: ['BigInt64Array'],
  uint8: ['Uint8Array'],
  uint16: ['Uint16Array'],
  uint32: ['Uint32Array'],
  uint64: ['BigUint64Array'],
  bool: ['Uint8Array'],
  int4: ['Int8Array'],
  uint4: ['Uint8Array'],
}

/** Length of the array that holds a tensor of these dimensions. */
export function elementCount(type: TensorType, dims: readonly number[]): number {
  const elements = dims.reduce((product, dim) => product * dim, 1)
  return type === 'int4' || type === 'uint4' ? Math.ceil(elements / 2) : elements
}
