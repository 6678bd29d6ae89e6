/** The Ifs that PyTorch's exporter makes of a squeeze where it cannot tell an axis's size, as with an open batch. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { expect } from 'chai'
import { convertOnnx } from '../../lib/model'
import { countNodes } from '../../lib/model/graph'
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type NodeProto,
} from '../../lib/model/onnx/onnx_pb'
import { readOnnx } from '../../lib/model/onnx/read'
import { writeOnnx } from '../../lib/model/onnx/write'
import { runOnnx } from '../support/run-onnx'
import { sizes, smallGraph } from './small-graphs'

interface BranchNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: readonly AttributeProto[]
}

const graphType = 5
const int64 = 7

const nodeProto = ({ op, inputs, outputs, attributes = [] }: BranchNode): NodeProto =>
  create(NodeProtoSchema, {
    opType: op,
    input: [...inputs],
    output: [...outputs],
    attribute: [...attributes],
  })

/** A branch with a constant of its own, `axes`, that squeezes the last axis. */
function branch(name: string, nodes: readonly BranchNode[], ...outputs: readonly string[]): AttributeProto {
  const axes = create(TensorProtoSchema, { name: 'axes', dims: [1n], dataType: int64, int64Data: [-1n] })
  const shownOutputs = outputs.map(output =>
    create(ValueInfoProtoSchema, {
      name: output,
      type: { value: { case: 'tensorType', value: { elemType: 1 } } },
    }),
  )
  const g = create(GraphProtoSchema, {
    name,
    node: nodes.map(nodeProto),
    initializer: [axes],
    output: shownOutputs,
  })
  return create(AttributeProtoSchema, { name, type: graphType, g })
}

/** Both branches call their value the same, which the format allows. */
const thenBranch = branch(
  'then_branch',
  [{ op: 'Squeeze', inputs: ['x', 'axes'], outputs: ['inner'] }],
  'inner',
)
const elseBranch = branch('else_branch', [{ op: 'Neg', inputs: ['x'], outputs: ['inner'] }], 'inner')
const squeezed = (attributes = [thenBranch, elseBranch], condition = 'isOne'): BranchNode => ({
  op: 'If',
  inputs: [condition],
  outputs: ['chosen'],
  attributes,
})
const conditionOnSize: readonly BranchNode[] = [
  { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
  { op: 'Gather', inputs: ['shape', 'last'], outputs: ['size'] },
  { op: 'Equal', inputs: ['size', 'one'], outputs: ['isOne'] },
]
const end: BranchNode = { op: 'Add', inputs: ['chosen', 'chosen'], outputs: ['output'] }

/** The input, [1, 6] or with an open batch, as `x` of another shape, and what is done to it. */
function model(
  nodes: readonly BranchNode[],
  shape: readonly number[],
  batch: number | string = 1,
): Uint8Array {
  const frame = smallGraph(13, [1, 6], [], { target: sizes(...shape), last: sizes(-1), one: sizes(1) })
  const proto = fromBinary(
    ModelProtoSchema,
    writeOnnx(
      { ...frame, inputs: [{ ...frame.inputs[0]!, shape: [batch, 6] }] },
      { producerName: 'test', metadata: {} },
    ),
  )
  const reshaped: BranchNode = { op: 'Reshape', inputs: ['input', 'target'], outputs: ['x'] }
  proto.graph!.node = [reshaped, ...nodes].map(nodeProto)
  for (const output of proto.graph!.output) {
    if (output.type?.value.case === 'tensorType') delete output.type.value.value.shape
  }
  return toBinary(ModelProtoSchema, proto)
}

const signal = Float32Array.of(1, -2, 3, -4, 5, -6)

function codeOf(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

describe('an If in an ONNX model', () => {
  const nested: BranchNode = {
    ...squeezed(),
    outputs: ['deep'],
  }
  const twoOutputs = (name: string): AttributeProto =>
    branch(
      name,
      [
        { op: 'Squeeze', inputs: ['x', 'axes'], outputs: ['inner'] },
        { op: 'Neg', inputs: ['inner'], outputs: ['other'] },
      ],
      'inner',
      'other',
    )
  /** The model, the shape of its output, and what its numbers are multiples of the input's by. */
  const cases: Readonly<Record<string, readonly [Uint8Array, readonly number[], number]>> = {
    'that takes its first branch': [model([...conditionOnSize, squeezed(), end], [-1, 6, 1]), [1, 6], 2],
    'that takes its second branch': [model([...conditionOnSize, squeezed(), end], [-1, 3, 2]), [1, 3, 2], -2],
    'that gives an output of the model': [
      model([...conditionOnSize, { ...squeezed(), outputs: ['output'] }], [-1, 6, 1]),
      [1, 6],
      1,
    ],
    'twice, with equal names in all branches': [
      model(
        [
          ...conditionOnSize,
          { ...squeezed(), outputs: ['first'] },
          squeezed(),
          { op: 'Add', inputs: ['first', 'chosen'], outputs: ['output'] },
        ],
        [-1, 6, 1],
      ),
      [1, 6],
      2,
    ],
    'whose second output is left out, before an operator that leaves inputs out': [
      model(
        [
          ...conditionOnSize,
          { ...squeezed(['then_branch', 'else_branch'].map(twoOutputs)), outputs: ['chosen', ''] },
          { op: 'Clip', inputs: ['chosen', '', ''], outputs: ['output'] },
        ],
        [-1, 6, 1],
      ),
      [1, 6],
      1,
    ],
    'within an If': [
      model(
        [...conditionOnSize, squeezed([branch('then_branch', [nested], 'deep'), elseBranch]), end],
        [-1, 6, 1],
      ),
      [1, 6],
      2,
    ],
    'of a model with an open batch': [
      model([...conditionOnSize, squeezed(), end], [-1, 6, 1], 'batch'),
      [1, 6],
      2,
    ],
  }
  for (const [name, [bytes, dims, factor]] of Object.entries(cases)) {
    it(`${name} gives way to the branch its sizes choose`, async () => {
      const { onnx } = convertOnnx(bytes)
      expect(countNodes(readOnnx(onnx), 'If')).to.equal(0)
      const { output } = await runOnnx(onnx, [signal])
      expect(output!.dims).to.deep.equal(dims)
      expect(output!.data).to.deep.equal(signal.map(value => factor * value))
    })
  }

  const deep = Array.from({ length: 6 }).reduce<BranchNode>(
    inner => ({ ...squeezed([branch('then_branch', [inner], 'chosen'), elseBranch]) }),
    squeezed(),
  )
  const refused: Readonly<Record<string, readonly BranchNode[]>> = {
    'by what the model computes': [
      { op: 'ReduceMax', inputs: ['x'], outputs: ['most'] },
      { op: 'Equal', inputs: ['most', 'most'], outputs: ['isOne'] },
      squeezed(),
      end,
    ],
    'by a number': [squeezed([thenBranch, elseBranch], 'one'), end],
    'between one branch': [...conditionOnSize, squeezed([thenBranch]), end],
    'with more outputs than its branches': [
      ...conditionOnSize,
      { ...squeezed(), outputs: ['chosen', 'other'] },
      end,
    ],
    'with a branch that reads what nothing gives': [
      ...conditionOnSize,
      squeezed([branch('then_branch', [{ ...nested, op: 'Abs', inputs: ['nothing'] }], 'deep'), elseBranch]),
      end,
    ],
    'seven deep': [...conditionOnSize, deep, end],
  }
  for (const [name, nodes] of Object.entries(refused)) {
    it(`that chooses ${name} is refused with a typed error`, () => {
      expect(codeOf(() => convertOnnx(model(nodes, [-1, 6, 1])))).to.equal('MODEL_INVALID')
    })
  }
})

describe('a Reshape that lets a zero be a zero', () => {
  it('is understood where there is none, as in the exports of torch.export', async () => {
    const allowZero = create(AttributeProtoSchema, { name: 'allowzero', type: 2, i: 1n })
    const bytes = model(
      [
        { op: 'Reshape', inputs: ['x', 'target'], outputs: ['y'], attributes: [allowZero] },
        { op: 'Shape', inputs: ['y'], outputs: ['shape'] },
        { op: 'Expand', inputs: ['y', 'shape'], outputs: ['output'] },
      ],
      [-1, 3, 2],
    )
    const atOpset14 = fromBinary(ModelProtoSchema, bytes)
    atOpset14.opsetImport[0]!.version = 14n
    const { onnx } = convertOnnx(toBinary(ModelProtoSchema, atOpset14))
    expect(countNodes(readOnnx(onnx), 'Shape')).to.equal(0)
    expect((await runOnnx(onnx, [signal]))['output']!.dims).to.deep.equal([1, 3, 2])
  })
})
