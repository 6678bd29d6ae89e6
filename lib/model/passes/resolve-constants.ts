/** What a graph computes from constants and sizes alone, computed; and nodes that only hand a value on, removed. */
import { evaluate, largestConstant } from '../constants'
import { int64Tensor, removeDead, type Graph, type Node, type Tensor } from '../graph'
import { fixedShape, recordShapes, shapeRange, type Shape } from '../shapes'

/**
 * Exporters write a size as a chain of Shape, Gather, Concat and Reshape, a weight as Identity or Transpose of another,
 * a constant as a node: other passes see through none of these, so this one comes first. Sizes are known because
 * inputs have fixed ones.
 * @throws ModelError MODEL_INVALID as {@link recordShapes}
 */
export function resolveConstants(graph: Graph): Graph {
  const outputs = new Set(graph.outputs.map(({ name }) => name))
  const constants = new Map(graph.initializers)
  const shapes = new Map<string, Shape>()
  for (const [name, { dims }] of constants) shapes.set(name, dims)
  for (const input of graph.inputs) shapes.set(input.name, fixedShape(input))
  const aliases = new Map<string, string>()
  const kept: Node[] = []
  let budget = 4 * largestConstant
  let changed = false
  for (const original of graph.nodes) {
    const node = renamed(original, aliases)
    const [output] = node.outputs
    const single = output !== undefined && node.outputs.slice(1).every(name => name === '')
    if (single && !outputs.has(output)) {
      if (handsOn(node, constants)) {
        aliases.set(output, node.inputs[0]!)
        changed = true
        continue
      }
      const constant = budget > 0 ? resolve(node, constants, shapes) : undefined
      if (constant !== undefined) {
        budget -= constant.data.length
        constants.set(output, constant)
        shapes.set(output, constant.dims)
        changed = true
        continue
      }
    }
    recordShapes(shapes, constants, node)
    kept.push(node)
  }
  return changed ? removeDead({ ...graph, nodes: kept, initializers: constants }) : graph
}

function renamed(node: Node, aliases: ReadonlyMap<string, string>): Node {
  if (!node.inputs.some(input => aliases.has(input))) return node
  return { ...node, inputs: node.inputs.map(input => aliases.get(input) ?? input) }
}

/** Dropout does nothing outside training, which its third input would have to ask for. */
function handsOn(node: Node, constants: ReadonlyMap<string, Tensor>): boolean {
  if (node.op !== 'Dropout') return node.op === 'Identity'
  const training = node.inputs[2]
  return !training || constants.get(training)?.data[0] === 0
}

function resolve(
  node: Node,
  constants: ReadonlyMap<string, Tensor>,
  shapes: ReadonlyMap<string, Shape>,
): Tensor | undefined {
  if (node.op === 'Shape' || node.op === 'Size') {
    const shape = shapes.get(node.inputs[0]!)
    if (shape === undefined) return undefined
    if (node.op === 'Size') return int64Tensor([], [shape.reduce((product, size) => product * size, 1)])
    const range = shapeRange(node, shape)
    return int64Tensor([range.length], range)
  }
  const inputs = node.inputs.map(input => (input === '' ? undefined : constants.get(input)))
  const isWhole = node.inputs.every((input, index) => input === '' || inputs[index] !== undefined)
  return isWhole ? evaluate(node, inputs) : undefined
}
