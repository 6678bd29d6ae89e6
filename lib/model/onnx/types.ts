/** Numbers of the ONNX format (onnx.proto: TensorProto.DataType, AttributeProto.AttributeType). */
import { ModelError } from '../../errors'
import type { Attribute } from '../graph'

const elementTypes: Readonly<Record<string, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
}
const elementNames = new Map(Object.entries(elementTypes).map(([name, number]) => [number, name]))

export const attributeTypeNumber: Readonly<Record<Attribute['kind'], number>> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  floats: 6,
  ints: 7,
}

export function elementTypeNumber(dtype: string): number {
  const number = elementTypes[dtype]
  if (number === undefined)
    throw new ModelError('MODEL_INVALID', `unknown element type "${dtype}"`, { dtype })
  return number
}

export function elementTypeName(number: number): string {
  const name = elementNames.get(number)
  if (name === undefined) {
    throw new ModelError(
      'MODEL_INVALID',
      `element type ${number} is not an ONNX data type this package knows`,
      { number },
    )
  }
  return name
}
