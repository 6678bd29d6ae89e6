/** An offline model's inputs and outputs, from AscendCL's terms to those of every session. Pure functions. */
import { ModelError, SessionError } from '../errors'
import type { NativeDims, NativeModel, NativeTensor } from './binding'
import type { CheckedTensor } from './feeds'
import { elementCount } from './tensor'
import type { TensorMetadata, TensorType } from './tensor'

/** aclDataType of those types that a JavaScript array can hold (CANN's acl_base.h). */
const tensorTypes: Readonly<Record<number, TensorType>> = {
  0: 'float32',
  1: 'float16',
  2: 'int8',
  3: 'int32',
  4: 'uint8',
  6: 'int16',
  7: 'uint16',
  8: 'uint32',
  9: 'int64',
  10: 'uint64',
  11: 'float64',
  12: 'bool',
}

/** The others, for messages. */
const otherTypes: Readonly<Record<number, string>> = {
  13: 'ACL_STRING',
  16: 'ACL_COMPLEX64',
  17: 'ACL_COMPLEX128',
  27: 'ACL_BF16',
  29: 'ACL_INT4',
  30: 'ACL_UINT1',
  33: 'ACL_COMPLEX32',
  34: 'ACL_HIFLOAT8',
  35: 'ACL_FLOAT8_E5M2',
  36: 'ACL_FLOAT8_E4M3FN',
  37: 'ACL_FLOAT8_E8M0',
}

/** atc writes ONNX outputs as `node:index:name`; a name that is there only once stands for itself. */
const atcOutputName = /^.*?:\d+:(?<name>.+)$/s

function outputNames(outputs: readonly NativeTensor[]): readonly string[] {
  const short = outputs.map(({ name }) => atcOutputName.exec(name)?.groups?.['name'] ?? name)
  return new Set(short).size === short.length ? short : outputs.map(({ name }) => name)
}

function tensorType({ name, type }: NativeTensor): TensorType {
  const found = tensorTypes[type]
  if (found !== undefined) return found
  const typeName = otherTypes[type] ?? 'unknown'
  throw new ModelError(
    'MODEL_INVALID',
    `tensor "${name}" is of AscendCL's data type ${type} (${typeName}), which no JavaScript array holds; cast it in the model`,
    { tensor: name, aclDataType: type, aclDataTypeName: typeName },
  )
}

/** Open dimensions get a name where the model's kind tells one; `''` stands for any size. */
function inputShape({ dims }: NativeTensor, dynamics: NativeModel['dynamics']): (number | string)[] {
  const names = dynamics === 'batch' ? ['batch'] : dynamics === 'image' ? ['height', 'width'] : ['']
  let next = 0
  return dims.map(dim => (dim >= 0 ? dim : names[Math.min(next++, names.length - 1)]!))
}

function gearBatch(model: NativeModel, gear: number): number | undefined {
  for (const [index, { dims }] of model.inputs.entries()) {
    const axis = dims.indexOf(-1)
    if (axis >= 0) return model.gears[gear]!.inputs[index]![axis]
  }
  return undefined
}

/** A dimension that differs between gears is open; where it is the batch in every gear, it is that. */
function outputShape(model: NativeModel, index: number): (number | string)[] {
  const { dims } = model.outputs[index]!
  if (model.gears.length === 0) return dims.map(dim => (dim < 0 ? '' : dim))
  const shapes = model.gears.map(({ outputs }) => outputs[index]!)
  if (shapes.some(shape => shape.length !== dims.length)) return []
  return dims.map((_, axis) => {
    const sizes = shapes.map(shape => shape[axis]!)
    if (sizes.every(size => size === sizes[0])) return sizes[0]!
    const isBatch = model.dynamics === 'batch' && sizes.every((size, gear) => size === gearBatch(model, gear))
    return isBatch ? 'batch' : ''
  })
}

export interface ModelDescription {
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
}

/** @throws ModelError `MODEL_INVALID` */
export function describeModel(model: NativeModel): ModelDescription {
  const names = outputNames(model.outputs)
  return {
    inputs: model.inputs.map(tensor => ({
      name: tensor.name,
      isTensor: true,
      type: tensorType(tensor),
      shape: inputShape(tensor, model.dynamics),
    })),
    outputs: model.outputs.map((tensor, index) => ({
      name: names[index]!,
      isTensor: true,
      type: tensorType(tensor),
      shape: outputShape(model, index),
    })),
  }
}

const shapeText = (dims: NativeDims): string => `[${dims.join(', ')}]`
const shapesText = (shapes: readonly NativeDims[]): string => shapes.map(shapeText).join(' ')
const isSame = (one: NativeDims, other: NativeDims): boolean =>
  one.length === other.length && one.every((dim, axis) => dim === other[axis])

/**
 * Which gear the shapes of the inputs call for; 0 for a model that has none. Inputs have passed `checkFeeds`.
 * @throws SessionError `INPUT_SHAPE`
 */
export function chooseGear(model: NativeModel, inputs: readonly CheckedTensor[]): number {
  if (model.gears.length > 0) {
    const gear = model.gears.findIndex(({ inputs: shapes }) =>
      inputs.every(({ dims }, index) => isSame(dims, shapes[index]!)),
    )
    if (gear >= 0) return gear
    const known = model.gears.map(({ inputs: shapes }) => shapesText(shapes))
    const found = inputs.map(({ dims }) => dims)
    throw new SessionError(
      'INPUT_SHAPE',
      `the model was not compiled for inputs of shape ${shapesText(found)}; it takes ${known.join(' or ')}`,
      { input: inputs[0]?.name, found, expected: known },
    )
  }
  for (const [index, input] of inputs.entries()) {
    const { dims, bytes } = model.inputs[index]!
    if (bytes > 0 && ArrayBuffer.isView(input.data) && input.data.byteLength > bytes) {
      throw new SessionError(
        'INPUT_SHAPE',
        `input "${input.name}" of shape ${shapeText(input.dims)} has ${input.data.byteLength} bytes; the model was compiled for at most ${bytes}`,
        { input: input.name, found: input.dims, mostBytes: bytes },
      )
    }
    // `checkFeeds` takes an empty shape for one that is not told; here it is a scalar.
    if (dims.length > 0 || elementCount(input.type, input.dims) === 1) continue
    throw new SessionError(
      'INPUT_SHAPE',
      `input "${input.name}" has shape ${shapeText(input.dims)}; the model takes a scalar, []`,
      { input: input.name, found: input.dims, expected: [] },
    )
  }
  return 0
}
