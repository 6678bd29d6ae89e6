/** ONNX models made on the spot, for what the fixtures do not have. */
import { create, toBinary } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { ModelProtoSchema } from '../../lib/model/onnx/onnx_pb'

export const float32 = 1

type ModelInit = MessageInitShape<typeof ModelProtoSchema>
type GraphInit = Exclude<NonNullable<ModelInit['graph']>, { $typeName: 'onnx.GraphProto' }>
type NodeInit = NonNullable<GraphInit['node']>[number]
type InitializerInit = NonNullable<GraphInit['initializer']>[number]

export interface SmallGraph {
  readonly nodes: NodeInit[]
  readonly initializers?: InitializerInit[]
  /** Of the one input, `x`. */
  readonly shape?: readonly number[]
  readonly output?: string
  /** Domains of operator sets; the empty one is ONNX's own. */
  readonly domains?: readonly string[]
}

/** Float32 in, float32 out. */
export function onnxModel({
  nodes,
  initializers = [],
  shape = [3],
  output = 'y',
  domains = [''],
}: SmallGraph): Uint8Array {
  const described = (name: string) => ({
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: {
          elemType: float32,
          shape: { dim: shape.map(size => ({ value: { case: 'dimValue' as const, value: BigInt(size) } })) },
        },
      },
    },
  })
  const model: ModelInit = {
    irVersion: 8n,
    opsetImport: domains.map(domain => ({ domain, version: 13n })),
    graph: {
      name: 'small',
      input: [described('x')],
      output: [described(output)],
      node: nodes,
      initializer: initializers,
    },
  }
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, model))
}

/** y = Abs(Neg(x)); the tensor between is `between` and the nodes are `first` and `second`. */
export const twoSteps = (): Uint8Array =>
  onnxModel({
    nodes: [
      { opType: 'Neg', name: 'first', input: ['x'], output: ['between'] },
      { opType: 'Abs', name: 'second', input: ['between'], output: ['y'] },
    ],
  })

export interface ExternalWeight {
  readonly location: string
  readonly offset?: number
  readonly length?: number
  readonly count?: number
}

/** y = x · w, where w lies in a file of its own. */
export function withExternalWeight({ location, offset, length, count = 3 }: ExternalWeight): Uint8Array {
  const entries = Object.entries({ location, offset, length }).filter(([, value]) => value !== undefined)
  return onnxModel({
    nodes: [{ opType: 'Mul', name: 'scale', input: ['x', 'w'], output: ['y'] }],
    initializers: [
      {
        name: 'w',
        dataType: float32,
        dims: [BigInt(count)],
        dataLocation: 1,
        externalData: entries.map(([key, value]) => ({ key, value: String(value) })),
      },
    ],
  })
}
