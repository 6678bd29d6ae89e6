/**
 * The graph that builder, passes, reader and writer share: ONNX's own vocabulary, immutable, with plain data. A pass is
 * a function Graph → Graph.
 */
import { ModelError } from '../errors'

/** A constant. `data` is row-major and dense; a bool is 0 or 1. Weights are float32, sizes and indices int64. */
export type Tensor =
  | { readonly dtype: 'float32'; readonly dims: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'float64'; readonly dims: readonly number[]; readonly data: Float64Array }
  | { readonly dtype: 'int32'; readonly dims: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'int64'; readonly dims: readonly number[]; readonly data: BigInt64Array }
  | { readonly dtype: 'bool'; readonly dims: readonly number[]; readonly data: Uint8Array }

export type Constants = ReadonlyMap<string, Tensor>

/** An ONNX attribute; `tensor` is a Constant node's value. */
export type Attribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }

export type Attributes = Readonly<Record<string, Attribute>>

export interface Node {
  readonly name: string
  readonly op: string
  /** Value names; the empty string marks an optional input left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Attributes
  /** Of an If; `resolve-constants` leaves one of them in its place. */
  readonly branches?: { readonly whenTrue: Branch; readonly whenFalse: Branch }
}

/** A graph without inputs that reads values of the one around it. */
export interface Branch {
  readonly nodes: readonly Node[]
  readonly initializers: Constants
  readonly outputs: readonly string[]
}

export interface ValueInfo {
  readonly name: string
  readonly dtype: string
  /** A string is a symbolic dimension; null where a file does not say, which only outputs may do. */
  readonly shape: readonly (number | string)[] | null
}

export interface Graph {
  readonly name: string
  readonly opset: number
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  /** In topological order. */
  readonly nodes: readonly Node[]
  readonly initializers: Constants
}

export function float32Tensor(dims: readonly number[], data: Float32Array | readonly number[]): Tensor {
  return { dtype: 'float32', dims, data: data instanceof Float32Array ? data : Float32Array.from(data) }
}

export function int64Tensor(dims: readonly number[], values: readonly number[]): Tensor {
  return { dtype: 'int64', dims, data: BigInt64Array.from(values, BigInt) }
}

export const int = (value: number): Attribute => ({ kind: 'int', value })
export const ints = (...value: readonly number[]): Attribute => ({ kind: 'ints', value })
/** Rounded as the file will hold it. */
export const float = (value: number): Attribute => ({ kind: 'float', value: Math.fround(value) })

export function intAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes[name]
  return attribute?.kind === 'int' ? attribute.value : fallback
}

export function intsAttribute(node: Node, name: string, fallback: readonly number[]): readonly number[] {
  const attribute = node.attributes[name]
  return attribute?.kind === 'ints' ? attribute.value : fallback
}

export function stringAttribute(node: Node, name: string, fallback: string): string {
  const attribute = node.attributes[name]
  return attribute?.kind === 'string' ? attribute.value : fallback
}

export function floatAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes[name]
  return attribute?.kind === 'float' ? attribute.value : fallback
}

/** Who makes a value, and who reads it. */
export interface GraphIndex {
  readonly producer: ReadonlyMap<string, Node>
  readonly consumers: ReadonlyMap<string, readonly Node[]>
}

export function indexGraph(graph: Graph): GraphIndex {
  const producer = new Map<string, Node>()
  const consumers = new Map<string, Node[]>()
  for (const node of graph.nodes) {
    for (const output of node.outputs) if (output !== '') producer.set(output, node)
    for (const input of new Set(node.inputs)) {
      const list = consumers.get(input)
      if (list === undefined) consumers.set(input, [node])
      else list.push(node)
    }
  }
  return { producer, consumers }
}

/** The single reader of a value, or undefined when there are more, none, or it is a graph output. */
export function soleConsumer(graph: Graph, index: GraphIndex, value: string): Node | undefined {
  if (graph.outputs.some(output => output.name === value)) return undefined
  const consumers = index.consumers.get(value) ?? []
  return consumers.length === 1 ? consumers[0] : undefined
}

/** Drops nodes and constants nothing reads any more. */
export function removeDead(graph: Graph): Graph {
  const live = new Set(graph.outputs.map(output => output.name))
  const kept: Node[] = []
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some(output => live.has(output))) continue
    for (const input of node.inputs) if (input !== '') live.add(input)
    kept.push(node)
  }
  return {
    ...graph,
    nodes: kept.reverse(),
    initializers: new Map([...graph.initializers].filter(([name]) => live.has(name))),
  }
}

/**
 * Puts nodes and constants into a graph under names that are free. Passes splice with it; the model builder starts
 * from an empty one. Equal int64 constants (axes, slice bounds) are stored once.
 */
export class GraphBuilder {
  readonly #nodes: Node[] = []
  readonly #initializers: Map<string, Tensor>
  readonly #names: Set<string>
  readonly #sharedInts = new Map<string, string>()
  #serial = 0

  constructor(base?: Graph) {
    this.#initializers = new Map(base?.initializers)
    this.#names = new Set(this.#initializers.keys())
    for (const value of base?.inputs ?? []) this.#names.add(value.name)
    for (const node of base?.nodes ?? []) {
      this.#names.add(node.name)
      for (const output of node.outputs) this.#names.add(output)
    }
  }

  /** A name nothing in the graph has yet, `wish` itself where possible. */
  freshName(wish: string): string {
    let name = wish
    while (this.#names.has(name)) name = `${wish}_${(++this.#serial).toString()}`
    this.#names.add(name)
    return name
  }

  constant(wish: string, tensor: Tensor): string {
    const name = this.freshName(wish)
    this.#initializers.set(name, tensor)
    return name
  }

  floats(wish: string, dims: readonly number[], data: Float32Array | readonly number[]): string {
    return this.constant(wish, float32Tensor(dims, data))
  }

  /** The data of a float32 constant that is already in the graph. @throws ModelError MODEL_INVALID */
  floatsOf(name: string): { dims: readonly number[]; data: Float32Array } {
    const tensor = this.#initializers.get(name)
    if (tensor?.dtype !== 'float32') {
      throw new ModelError('MODEL_INVALID', `value "${name}" must be a float32 constant`, { value: name })
    }
    return tensor
  }

  ints(...values: readonly number[]): string {
    const key = values.join()
    let name = this.#sharedInts.get(key)
    if (name === undefined) {
      name = this.constant(
        `ints_${values.join('_').replaceAll('-', 'm')}`,
        int64Tensor([values.length], values),
      )
      this.#sharedInts.set(key, name)
    }
    return name
  }

  /** Adds a node with one output and gives that output's name. */
  op(op: string, inputs: readonly string[], attributes: Attributes = {}, wish = op.toLowerCase()): string {
    return this.ops(op, inputs, attributes, [wish])[0]!
  }

  ops(
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    wishes: readonly string[],
  ): readonly string[] {
    const outputs = wishes.map(wish => this.freshName(wish))
    this.#nodes.push({ name: this.freshName(`${op}/${outputs[0]!}`), op, inputs, outputs, attributes })
    return outputs
  }

  /** Adds a node as it is; its output names belong to it already. */
  keep(node: Node): void {
    this.#nodes.push(node)
  }

  build(frame: Omit<Graph, 'nodes' | 'initializers'>): Graph {
    return { ...frame, nodes: this.#nodes, initializers: this.#initializers }
  }
}

/** The int64 constant behind a value name, as numbers; undefined when it is computed. */
export function intConstant(constants: Constants, name: string | undefined): readonly number[] | undefined {
  const tensor = name === undefined ? undefined : constants.get(name)
  return tensor?.dtype === 'int64' ? Array.from(tensor.data, Number) : undefined
}

/** How many nodes of an operator there are. */
export function countNodes(graph: Graph, op: string): number {
  return graph.nodes.filter(node => node.op === op).length
}
