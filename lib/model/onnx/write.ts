/** Graph → ONNX bytes. */
import { create, toBinary } from '@bufbuild/protobuf'
import type { Attribute, Graph, Tensor, ValueInfo } from '../graph'
import {
  AttributeProtoSchema,
  ModelProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type TensorProto,
  type TensorShapeProto_Dimension,
  type ValueInfoProto,
} from './onnx_pb'
import { attributeTypeNumber, elementTypeNumber } from './types'

/** IR version 8 came with opset 15 and is the newest that the ATC of CANN 6 reads (design: opset within 11…18). */
const irVersion = 8n

/** What a file says about where it came from; readers show it, nothing depends on it. */
export interface OnnxProvenance {
  readonly producerName: string
  readonly metadata: Readonly<Record<string, string>>
}

export function provenanceOf(target: string, more: OnnxProvenance['metadata'] = {}): OnnxProvenance {
  return { producerName: 'aasist-ascend', metadata: { target, ...more } }
}

export function writeOnnx(graph: Graph, provenance: OnnxProvenance): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: provenance.producerName,
    opsetImport: [{ domain: '', version: BigInt(graph.opset) }],
    metadataProps: Object.entries(provenance.metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      input: graph.inputs.map(valueInfoProto),
      output: graph.outputs.map(valueInfoProto),
      initializer: [...graph.initializers].map(([name, tensor]) => tensorProto(tensor, name)),
      node: graph.nodes.map(node => ({
        name: node.name,
        opType: node.op,
        input: [...node.inputs],
        output: [...node.outputs],
        attribute: Object.entries(node.attributes).map(([name, attribute]) =>
          attributeProto(name, attribute),
        ),
      })),
    },
  })
  return toBinary(ModelProtoSchema, model)
}

function valueInfoProto(info: ValueInfo): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name: info.name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: elementTypeNumber(info.dtype),
          ...(info.shape !== null && { shape: { dim: info.shape.map(dimensionProto) } }),
        },
      },
    },
  })
}

function dimensionProto(size: number | string): TensorShapeProto_Dimension {
  return create(TensorShapeProto_DimensionSchema, {
    value:
      typeof size === 'string'
        ? { case: 'dimParam', value: size }
        : { case: 'dimValue', value: BigInt(size) },
  })
}

function tensorProto(tensor: Tensor, name?: string): TensorProto {
  return create(TensorProtoSchema, {
    ...(name === undefined ? {} : { name }),
    dims: tensor.dims.map(BigInt),
    dataType: elementTypeNumber(tensor.dtype),
    rawData: littleEndianBytes(tensor.data),
  })
}

function littleEndianBytes(data: Tensor['data']): Uint8Array<ArrayBuffer> {
  // Every platform Node and CANN run on is little-endian, as ONNX's raw_data is.
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
}

function attributeProto(name: string, attribute: Attribute): AttributeProto {
  const base = { name, type: attributeTypeNumber[attribute.kind] }
  switch (attribute.kind) {
    case 'float':
      return create(AttributeProtoSchema, { ...base, f: attribute.value })
    case 'int':
      return create(AttributeProtoSchema, { ...base, i: BigInt(attribute.value) })
    case 'string':
      return create(AttributeProtoSchema, { ...base, s: new TextEncoder().encode(attribute.value) })
    case 'tensor':
      return create(AttributeProtoSchema, { ...base, t: tensorProto(attribute.value) })
    case 'floats':
      return create(AttributeProtoSchema, { ...base, floats: [...attribute.value] })
    case 'ints':
      return create(AttributeProtoSchema, { ...base, ints: attribute.value.map(BigInt) })
  }
}
