/** What a graph computes from constants and sizes alone, computed; and nodes that only hand a value on, removed. */
import { ModelError } from '../../errors'
import { evaluate, largestConstant } from '../constants'
import { int64Tensor, removeDead, type Branch, type Graph, type Node, type Tensor } from '../graph'
import { fixedShape, recordShapes, shapeRange, type Shape } from '../shapes'

/**
 * Exporters write a size as a chain of Shape, Gather, Concat and Reshape, a weight as Identity or Transpose of another,
 * a constant as a node, a squeeze of an axis whose size they do not know as an If: other passes see through none of these,
 * so this one comes first. Sizes are known because inputs have fixed ones.
 * @throws ModelError MODEL_INVALID as {@link recordShapes}, and for an If that sizes do not decide
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
  const inliner = new BranchInliner(graph)
  const waiting = [...graph.nodes].reverse()
  for (let original = waiting.pop(); original !== undefined; original = waiting.pop()) {
    const node = renamed(original, aliases)
    if (node.branches !== undefined) {
      const { nodes, initializers } = inliner.inline(node, constants.get(node.inputs[0] ?? ''))
      for (const [name, tensor] of initializers) {
        constants.set(name, tensor)
        shapes.set(name, tensor.dims)
      }
      waiting.push(...[...nodes].reverse())
      changed = true
      continue
    }
    const [output] = node.outputs
    const single = output !== undefined && output !== '' && node.outputs.slice(1).every(name => name === '')
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

/** Puts the branch that is taken in the place of an If. */
class BranchInliner {
  /** Both branches, and those of another If, may use the same names. */
  readonly #taken: Set<string>

  constructor(graph: Graph) {
    this.#taken = new Set(
      [...graph.initializers.keys(), ...graph.inputs.map(({ name }) => name)].concat(
        graph.nodes.flatMap(({ name, outputs }) => [name, ...outputs]),
      ),
    )
  }

  inline(
    { name: owner, outputs, branches }: Node,
    condition: Tensor | undefined,
  ): Pick<Branch, 'nodes' | 'initializers'> {
    if (branches === undefined || condition?.dtype !== 'bool' || condition.data.length !== 1) {
      throw new ModelError(
        'MODEL_INVALID',
        `If "${owner}" chooses between sub-graphs by what the model computes, not by its sizes; export it without`,
        { node: owner },
      )
    }
    const branch = condition.data[0] === 0 ? branches.whenFalse : branches.whenTrue
    const local = new Map<string, string>()
    for (const name of branch.initializers.keys()) local.set(name, this.#fresh(name))
    for (const node of branch.nodes) {
      for (const name of node.outputs) if (name !== '') local.set(name, this.#fresh(name))
    }
    const nodes = branch.nodes.map(node => ({ ...withNames(node, local), name: this.#fresh(node.name) }))
    const results = outputs.flatMap((output, index) => {
      // Left out, as inputs can be: a name for nothing must not become a name for something.
      if (output === '') return []
      const inputs = [local.get(branch.outputs[index]!) ?? branch.outputs[index]!]
      return [
        { name: this.#fresh(`${owner}/${index}`), op: 'Identity', inputs, outputs: [output], attributes: {} },
      ]
    })
    const initializers = [...branch.initializers].map(([name, tensor]) => [local.get(name)!, tensor] as const)
    return { nodes: [...nodes, ...results], initializers: new Map(initializers) }
  }

  #fresh(wish: string): string {
    let name = wish
    while (this.#taken.has(name)) name += '_'
    this.#taken.add(name)
    return name
  }
}

/** What a branch within it reads is renamed as well. */
function withNames(node: Node, names: ReadonlyMap<string, string>): Node {
  const of = (name: string): string => names.get(name) ?? name
  const { branches } = node
  const inBranch = (branch: Branch): Branch => ({
    ...branch,
    nodes: branch.nodes.map(inner => withNames(inner, names)),
    initializers: new Map([...branch.initializers].map(([name, tensor]) => [of(name), tensor])),
    outputs: branch.outputs.map(of),
  })
  return {
    ...node,
    inputs: node.inputs.map(of),
    outputs: node.outputs.map(of),
    ...(branches !== undefined && {
      branches: { whenTrue: inBranch(branches.whenTrue), whenFalse: inBranch(branches.whenFalse) },
    }),
  }
}

/** What a branch reads gets its name when it is put in the place of its If. */
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
