/** ONNX bytes → Graph. */
import { fromBinary } from '@bufbuild/protobuf'
import { ModelError } from '../../errors'
import {
  float32Tensor,
  int64Tensor,
  type Attribute,
  type Branch,
  type Graph,
  type Node,
  type Tensor,
  type ValueInfo,
} from '../graph'
import {
  ModelProtoSchema,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx_pb'
import { attributeTypeNumber, elementTypeName } from './types'

/**
 * Reads a model of standard operators in one file, which is all AASIST exports consist of. Of sub-graphs there are the
 * branches that PyTorch's exporter makes of a squeeze whose axis it cannot tell the size of.
 * @throws ModelError MODEL_INVALID, also when a node reads a value that nothing before it gives
 */
export function readOnnx(bytes: Uint8Array): Graph {
  const model = parse(bytes)
  const opset = model.opsetImport.find(entry => (entry.domain ?? '') === '' || entry.domain === 'ai.onnx')
  if (model.graph === undefined || opset?.version === undefined) {
    throw new ModelError('MODEL_INVALID', 'this is not an ONNX model: it has no graph or no operator set')
  }
  const { graph } = model
  const { nodes, initializers } = readNodes(graph, new NodeNames(), 0)
  const read: Graph = {
    name: graph.name ?? '',
    opset: Number(opset.version),
    // Before IR version 4 constants were listed among the inputs as well.
    inputs: graph.input.filter(input => !initializers.has(input.name ?? '')).map(readValueInfo),
    outputs: graph.output.map(readValueInfo),
    nodes,
    initializers,
  }
  assertComplete(read)
  return read
}

function readNodes(
  graph: GraphProto,
  names: NodeNames,
  depth: number,
): Pick<Graph, 'nodes' | 'initializers'> {
  const initializers = new Map<string, Tensor>()
  for (const tensor of graph.initializer) initializers.set(tensor.name ?? '', readTensor(tensor))
  const nodes: Node[] = []
  for (const proto of graph.node) {
    const node = readNode(proto, names, depth)
    const value = node.op === 'Constant' ? constantValue(node) : undefined
    const [output] = node.outputs
    if (value !== undefined && output !== undefined) initializers.set(output, value)
    else nodes.push(node)
  }
  return { nodes, initializers }
}

/** What a file leaves out (sparse constants, functions of its own) shows as a value that nobody gives. */
function assertComplete(graph: Graph): void {
  assertGiven(graph, new Set(graph.inputs.map(({ name }) => name)))
}

function assertGiven(
  graph: Pick<Graph, 'nodes' | 'initializers'> & { readonly outputs: readonly (string | ValueInfo)[] },
  around: ReadonlySet<string>,
): void {
  const given = new Set([...around, ...graph.initializers.keys()])
  const broken = (message: string, value: string): ModelError =>
    new ModelError('MODEL_INVALID', `${message}; export the model again, as one file of standard operators`, {
      value,
    })
  for (const { name, inputs, outputs, branches } of graph.nodes) {
    for (const branch of Object.values(branches ?? {})) assertGiven(branch, given)
    for (const input of inputs) {
      if (input !== '' && !given.has(input))
        throw broken(`node "${name}" reads "${input}", which nothing before it gives`, input)
    }
    for (const output of outputs) {
      if (output === '') continue
      if (given.has(output)) throw broken(`value "${output}" is given twice`, output)
      given.add(output)
    }
  }
  for (const output of graph.outputs) {
    const name = typeof output === 'string' ? output : output.name
    if (!given.has(name)) throw broken(`output "${name}" is given by no node`, name)
  }
}

/** All forms a Constant node can have (operator set 12 added those without a tensor) but text. */
function constantValue(node: Node): Tensor | undefined {
  const [[name, attribute] = []] = Object.entries(node.attributes)
  if (attribute === undefined) return undefined
  switch (name) {
    case 'value':
      return attribute.kind === 'tensor' ? attribute.value : undefined
    case 'value_float':
      return attribute.kind === 'float' ? float32Tensor([], [attribute.value]) : undefined
    case 'value_floats':
      return attribute.kind === 'floats'
        ? float32Tensor([attribute.value.length], attribute.value)
        : undefined
    case 'value_int':
      return attribute.kind === 'int' ? int64Tensor([], [attribute.value]) : undefined
    case 'value_ints':
      return attribute.kind === 'ints' ? int64Tensor([attribute.value.length], attribute.value) : undefined
    default:
      return undefined
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

/** Files of a hundred thousand nodes under one name are read as fast as others: each name knows its copies. */
class NodeNames {
  readonly #copies = new Map<string, number>()

  unique(wish: string): string {
    let copies = this.#copies.get(wish) ?? 0
    let name = wish
    while (this.#copies.has(name)) name = `${wish}_${++copies}`
    this.#copies.set(wish, copies)
    if (name !== wish) this.#copies.set(name, 0)
    return name
  }
}

function readNode(proto: NodeProto, names: NodeNames, depth: number): Node {
  const op = proto.opType ?? ''
  // Names are optional in ONNX and not always unique; passes need them to be.
  const wish = proto.name ?? ''
  const name = names.unique(wish === '' ? `${op}/${proto.output[0] ?? ''}` : wish)
  const domain = proto.domain ?? ''
  if (domain !== '' && domain !== 'ai.onnx') {
    throw new ModelError(
      'MODEL_INVALID',
      `node "${name}" is ${op} of domain "${domain}"; export the model with standard ONNX operators only`,
      { node: name, op, domain },
    )
  }
  const [inputs, outputs] = [proto.input, proto.output]
  if (op === 'If') {
    const branch = (wanted: string): Branch =>
      readBranch(
        proto.attribute.find(entry => entry.name === wanted),
        { name, names, outputs: outputs.length, depth: depth + 1 },
      )
    const branches = { whenTrue: branch('then_branch'), whenFalse: branch('else_branch') }
    return { name, op, inputs, outputs, attributes: {}, branches }
  }
  const attributes = proto.attribute.map(entry => [entry.name ?? '', readAttribute(entry, name)] as const)
  return { name, op, inputs, outputs, attributes: Object.fromEntries(attributes) }
}

/** Branches within branches, of which exporters write none. */
const deepestBranch = 4

interface BranchOwner {
  readonly name: string
  readonly names: NodeNames
  readonly outputs: number
  readonly depth: number
}

function readBranch(attribute: AttributeProto | undefined, owner: BranchOwner): Branch {
  const graph = attribute?.g
  const isWhole = graph?.input.length === 0 && graph.output.length === owner.outputs
  if (graph === undefined || !isWhole || owner.depth > deepestBranch) {
    throw new ModelError(
      'MODEL_INVALID',
      `If "${owner.name}" has not two branches of its ${owner.outputs} outputs, or they are more than ${deepestBranch} deep; ` +
        'export the model again with fixed sizes',
      { node: owner.name },
    )
  }
  const outputs = graph.output.map(({ name }) => name ?? '')
  return { ...readNodes(graph, owner.names, owner.depth), outputs }
}

function readAttribute(proto: AttributeProto, node: string): Attribute {
  switch (proto.type) {
    case attributeTypeNumber.float:
      return { kind: 'float', value: proto.f ?? 0 }
    case attributeTypeNumber.int:
      return { kind: 'int', value: exactNumber(proto.i ?? 0n, node) }
    case attributeTypeNumber.string:
      return { kind: 'string', value: new TextDecoder().decode(proto.s) }
    case attributeTypeNumber.tensor:
      if (proto.t === undefined) break
      return { kind: 'tensor', value: readTensor(proto.t) }
    case attributeTypeNumber.floats:
      return { kind: 'floats', value: proto.floats }
    case attributeTypeNumber.ints:
      return { kind: 'ints', value: proto.ints.map(value => exactNumber(value, node)) }
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
  if (!isConstantType(dtype)) {
    throw new ModelError(
      'MODEL_INVALID',
      `constant "${name}" is ${dtype}; AASIST graphs hold float32 weights and int64 sizes: export it unquantised`,
    )
  }
  const raw = proto.rawData?.length ? proto.rawData : undefined
  const elements = raw === undefined ? storedValues(proto, dtype).length : raw.length / bytesOfElement[dtype]
  if (elements !== count || dims.some(size => size < 0)) {
    throw new ModelError(
      'MODEL_INVALID',
      `constant "${name}" of shape [${dims.join()}] holds ${elements} values, not ${count}`,
    )
  }
  // The copy also aligns: the file puts no constant on a multiple of its element size.
  const buffer = raw === undefined ? undefined : new Uint8Array(raw).buffer
  switch (dtype) {
    case 'float32':
      return { dtype, dims, data: buffer ? new Float32Array(buffer) : Float32Array.from(proto.floatData) }
    case 'float64':
      return { dtype, dims, data: buffer ? new Float64Array(buffer) : Float64Array.from(proto.doubleData) }
    case 'int32':
      return { dtype, dims, data: buffer ? new Int32Array(buffer) : Int32Array.from(proto.int32Data) }
    case 'int64':
      return { dtype, dims, data: buffer ? new BigInt64Array(buffer) : BigInt64Array.from(proto.int64Data) }
    case 'bool':
      return { dtype, dims, data: buffer ? new Uint8Array(buffer) : Uint8Array.from(proto.int32Data) }
  }
}

/** Bytes an element takes in `raw_data`. */
const bytesOfElement: Readonly<Record<Tensor['dtype'], number>> = {
  float32: 4,
  float64: 8,
  int32: 4,
  int64: 8,
  bool: 1,
}

function isConstantType(dtype: string): dtype is Tensor['dtype'] {
  return Object.hasOwn(bytesOfElement, dtype)
}

function storedValues(proto: TensorProto, dtype: Tensor['dtype']): { readonly length: number } {
  switch (dtype) {
    case 'float32':
      return proto.floatData
    case 'float64':
      return proto.doubleData
    case 'int64':
      return proto.int64Data
    case 'int32':
    case 'bool':
      return proto.int32Data
  }
}

/** No attribute of an operator that AASIST has comes near what a number holds exactly. */
function exactNumber(value: bigint, node: string): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw new ModelError(
    'MODEL_INVALID',
    `an attribute of node "${node}" is ${value.toString()}, beyond 2^53`,
    {
      node,
    },
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
    shape:
      tensor.shape === undefined
        ? null
        : tensor.shape.dim.map(dim =>
            dim.value.case === 'dimValue' ? Number(dim.value.value) : (dim.value.value ?? '?'),
          ),
  }
}
