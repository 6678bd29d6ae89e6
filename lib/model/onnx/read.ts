/** ONNX bytes → Graph. */
import { fromBinary } from '@bufbuild/protobuf'
import { ModelError } from '../../errors'
import type { Attribute, Graph, Node, Tensor, ValueInfo } from '../graph'
import {
  ModelProtoSchema,
  type AttributeProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx_pb'
import { attributeTypeNumber, elementTypeName } from './types'

/**
 * Reads a model with float32 and int64 constants and without sub-graphs, which is all AASIST exports consist of.
 * @throws ModelError MODEL_INVALID
 */
export function readOnnx(bytes: Uint8Array): Graph {
  const model = parse(bytes)
  const opset = model.opsetImport.find(entry => (entry.domain ?? '') === '' || entry.domain === 'ai.onnx')
  if (model.graph === undefined || opset?.version === undefined) {
    throw new ModelError('MODEL_INVALID', 'this is not an ONNX model: it has no graph or no operator set')
  }
  const { graph } = model
  const initializers = new Map<string, Tensor>()
  for (const tensor of graph.initializer) initializers.set(tensor.name ?? '', readTensor(tensor))
  const nodes: Node[] = []
  const names = new Set<string>()
  for (const proto of graph.node) {
    const node = readNode(proto, names)
    const value = node.attributes['value']
    if (node.op === 'Constant' && value?.kind === 'tensor') initializers.set(node.outputs[0]!, value.value)
    else nodes.push(node)
  }
  return {
    name: graph.name ?? '',
    opset: Number(opset.version),
    // Before IR version 4 constants were listed among the inputs as well.
    inputs: graph.input.filter(input => !initializers.has(input.name ?? '')).map(readValueInfo),
    outputs: graph.output.map(readValueInfo),
    nodes,
    initializers,
  }
}

function parse(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes)
  } catch (cause) {
    throw new ModelError(
      'MODEL_INVALID',
      `these ${bytes.length} bytes are not an ONNX model: protobuf decoding failed`,
      { bytes: bytes.length },
      { cause },
    )
  }
}

function readNode(proto: NodeProto, names: Set<string>): Node {
  const op = proto.opType ?? ''
  // Names are optional in ONNX and not always unique; passes need them to be.
  const wish = proto.name ?? ''
  let name = wish === '' ? `${op}/${proto.output[0] ?? ''}` : wish
  while (names.has(name)) name += '_'
  names.add(name)
  return {
    name,
    op: (proto.domain ?? '') === '' || proto.domain === 'ai.onnx' ? op : `${proto.domain!}::${op}`,
    inputs: proto.input,
    outputs: proto.output,
    attributes: Object.fromEntries(
      proto.attribute.map(entry => [entry.name ?? '', readAttribute(entry, name)]),
    ),
  }
}

function readAttribute(proto: AttributeProto, node: string): Attribute {
  switch (proto.type) {
    case attributeTypeNumber.float:
      return { kind: 'float', value: proto.f ?? 0 }
    case attributeTypeNumber.int:
      return { kind: 'int', value: Number(proto.i ?? 0n) }
    case attributeTypeNumber.string:
      return { kind: 'string', value: new TextDecoder().decode(proto.s) }
    case attributeTypeNumber.tensor:
      if (proto.t === undefined) break
      return { kind: 'tensor', value: readTensor(proto.t) }
    case attributeTypeNumber.floats:
      return { kind: 'floats', value: proto.floats }
    case attributeTypeNumber.ints:
      return { kind: 'ints', value: proto.ints.map(Number) }
    default:
  }
  throw new ModelError(
    'MODEL_INVALID',
    `attribute "${proto.name ?? ''}" of node "${node}" has type ${proto.type ?? 0}, which AASIST graphs never use`,
    { node, attribute: proto.name },
  )
}

function readTensor(proto: TensorProto): Tensor {
  const name = proto.name ?? ''
  const dims = proto.dims.map(Number)
  const count = dims.reduce((product, size) => product * size, 1)
  if (proto.externalData.length > 0 || (proto.dataLocation ?? 0) !== 0) {
    throw new ModelError(
      'MODEL_INVALID',
      `constant "${name}" lies in an external file; export the model as one file`,
    )
  }
  const dtype = elementTypeName(proto.dataType ?? 0)
  const raw = proto.rawData
  const found = (elementBytes: number, fallback: { readonly length: number }): number =>
    raw === undefined || raw.length === 0 ? fallback.length : raw.length / elementBytes
  const mismatch = (elements: number): ModelError =>
    new ModelError(
      'MODEL_INVALID',
      `constant "${name}" of shape [${dims.join()}] holds ${elements} values, not ${count}`,
    )
  if (dtype === 'float32') {
    const elements = found(4, proto.floatData)
    if (elements !== count) throw mismatch(elements)
    // The copy also aligns: the file puts no constant on a multiple of its element size.
    const data = raw?.length
      ? new Float32Array(new Uint8Array(raw).buffer)
      : Float32Array.from(proto.floatData)
    return { dtype, dims, data }
  }
  if (dtype === 'int64') {
    const elements = found(8, proto.int64Data)
    if (elements !== count) throw mismatch(elements)
    const data = raw?.length
      ? new BigInt64Array(new Uint8Array(raw).buffer)
      : BigInt64Array.from(proto.int64Data)
    return { dtype, dims, data }
  }
  throw new ModelError(
    'MODEL_INVALID',
    `constant "${name}" is ${dtype}; AASIST graphs hold float32 and int64 only`,
  )
}

function readValueInfo(proto: ValueInfoProto): ValueInfo {
  const name = proto.name ?? ''
  if (proto.type?.value.case !== 'tensorType') {
    throw new ModelError('MODEL_INVALID', `"${name}" is not a tensor`, { value: name })
  }
  const tensor = proto.type.value.value
  return {
    name,
    dtype: elementTypeName(tensor.elemType ?? 0),
    shape: (tensor.shape?.dim ?? []).map(dim =>
      dim.value.case === 'dimValue' ? Number(dim.value.value) : (dim.value.value ?? '?'),
    ),
  }
}
