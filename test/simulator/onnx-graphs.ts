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
  /** Of the output, where it is another than the input's; names are open sizes. */
  readonly outputShape?: readonly string[]
  /** Of ONNX's element types; float32. */
  readonly outputType?: number
  /** Domains of operator sets; the empty one is ONNX's own. */
  readonly domains?: readonly string[]
}

/** Float32 in, float32 out. */
export function onnxModel({
  nodes,
  initializers = [],
  shape = [3],
  output = 'y',
  outputShape,
  outputType = float32,
  domains = [''],
}: SmallGraph): Uint8Array {
  type Dim = { case: 'dimValue'; value: bigint } | { case: 'dimParam'; value: string }
  const sized: Dim[] = shape.map(size => ({ case: 'dimValue', value: BigInt(size) }))
  const open: Dim[] | undefined = outputShape?.map(value => ({ case: 'dimParam', value }))
  const described = (name: string, elemType: number, dims: Dim[]) => ({
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: {
          elemType,
          shape: { dim: dims.map(value => ({ value })) },
        },
      },
    },
  })
  const model: ModelInit = {
    irVersion: 8n,
    opsetImport: domains.map(domain => ({ domain, version: 13n })),
    graph: {
      name: 'small',
      input: [described('x', float32, sized)],
      output: [described(output, outputType, open ?? sized)],
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
