/** How many values the operators of AASIST graphs take at least (ONNX operator sets 11 to 18). */
import { ModelError } from '../../errors'
import type { Node } from '../graph'

const leastInputs: Readonly<Record<number, string>> = {
  1: `
    Abs AveragePool Cast Ceil Clip Concat Dropout Elu Erf Exp Flatten Floor GlobalAveragePool Identity If LeakyRelu
    Log LogSoftmax Max MaxPool Min Neg Not Reciprocal ReduceMax ReduceMean ReduceSum Relu Selu Shape Size
    Sigmoid Softmax Softplus Split Sqrt Squeeze Tanh Transpose Unsqueeze ConstantOfShape
  `,
  2: `
    Add And Conv Div Equal Expand Gather GatherElements GatherND Gemm Greater Less MatMul Mul Or Pad Pow
    Reshape Sub Tile TopK
  `,
  3: 'Range ScatterElements ScatterND Slice Where',
  5: 'BatchNormalization',
}

const leastOf: ReadonlyMap<string, number> = new Map(
  Object.entries(leastInputs).flatMap(([least, ops]) =>
    ops
      .trim()
      .split(/\s+/)
      .map(op => [op, Number(least)] as const),
  ),
)

/** Passes read the inputs that an operator must have. @throws ModelError MODEL_INVALID */
export function assertArities(nodes: readonly Node[]): void {
  for (const node of nodes) {
    assertArity(node)
    if (node.branches === undefined) continue
    assertArities(node.branches.whenTrue.nodes)
    assertArities(node.branches.whenFalse.nodes)
  }
}

function assertArity({ name, op, inputs, outputs }: Node): void {
  const least = leastOf.get(op) ?? 0
  const required = inputs.slice(0, least)
  if (outputs.length > 0 && required.length === least && !required.includes('')) return
  throw new ModelError(
    'MODEL_INVALID',
    `node "${name}" is ${op} with ${inputs.filter(input => input !== '').length} inputs and ${outputs.length} outputs; ` +
      `expected at least ${least} and 1: export the model again`,
    { node: name, op },
  )
}
