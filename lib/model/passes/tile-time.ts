/**
 * The first encoder blocks cut into time tiles. Their maps (32 × 23 × 21,490 in AASIST-L, 63 MB) leave every cache
 * between two operators; a tile's maps stay in it. Exact: each tile reads as many frames beyond its edges as its
 * convolutions reach, and only at the ends of the clip are there padded ones.
 */
import {
  GraphBuilder,
  indexGraph,
  intAttribute,
  intConstant,
  ints,
  intsAttribute,
  type Graph,
  type GraphIndex,
  type Node,
} from '../graph'
import { hasPlainPads, inferShapes, type Shape } from '../shapes'

/** How many consecutive encoder blocks are computed tile by tile together, and the frames of a tile where they end. */
export interface TileGroup {
  readonly blocks: number
  readonly framesPerTile: number
}

/** Half-open range of frames. */
type Range = readonly [start: number, end: number]

/** Blocks that are computed together: they read one value and end in one max-pool over time. */
export interface Region {
  readonly entry: string
  readonly exit: string
  /** In topological order. */
  readonly nodes: readonly Node[]
}

export interface TiledRegion {
  readonly region: Region
  readonly framesPerTile: number
}

export const timeAxis = 3
const pointwise = new Set([
  'Abs',
  'Add',
  'Div',
  'Exp',
  'Max',
  'Min',
  'Mul',
  'Relu',
  'Selu',
  'Sigmoid',
  'Sub',
  'Tanh',
])

/** A group whose blocks hold anything but time-local operators is left as it is. */
export function tileTime(graph: Graph, groups: readonly TileGroup[]): Graph {
  const shapes = inferShapes(graph)
  return replaceRegions(graph, shapes, findRegions(graph, indexGraph(graph), shapes, groups))
}

/** The graph with each region computed tile by tile. */
export function replaceRegions(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  regions: readonly TiledRegion[],
): Graph {
  const tiled = new Set(regions.flatMap(({ region }) => region.nodes))
  const builder = new GraphBuilder(graph)
  for (const node of graph.nodes) {
    if (!tiled.has(node)) builder.keep(node)
    const finished = regions.find(({ region }) => region.exit === node.outputs[0])
    if (finished !== undefined) emitTiles(builder, graph, shapes, finished.region, finished.framesPerTile)
  }
  return builder.build(graph)
}

function findRegions(
  graph: Graph,
  index: GraphIndex,
  shapes: ReadonlyMap<string, Shape>,
  groups: readonly TileGroup[],
): TiledRegion[] {
  const pools = graph.nodes.filter(isTimePool)
  const found: TiledRegion[] = []
  let next = 0
  for (const { blocks, framesPerTile } of groups) {
    const members = pools.slice(next, next + blocks)
    next += blocks
    const last = members.at(-1)
    const region = last === undefined ? undefined : findRegion(graph, index, shapes, new Set(members), last)
    if (region !== undefined) found.push({ region, framesPerTile })
  }
  return found
}

/**
 * Everything between the group's one entry and its last pool, or undefined when it is not closed or not time-local. What
 * others read as well is computed whole, outside of it.
 */
export function findRegion(
  graph: Graph,
  index: GraphIndex,
  shapes: ReadonlyMap<string, Shape>,
  pools: ReadonlySet<Node>,
  last: Node,
  outside: ReadonlySet<Node> = new Set(),
): Region | undefined {
  const inside = new Set<Node>()
  const entries = new Set<string>()
  const pending = [last]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (inside.has(node)) continue
    inside.add(node)
    for (const input of node.inputs) {
      if (input === '' || graph.initializers.has(input)) continue
      const producer = index.producer.get(input)
      const isInside =
        producer !== undefined && !outside.has(producer) && isTimeLocal(graph, shapes, producer, pools)
      if (isInside) pending.push(producer)
      else entries.add(input)
    }
  }
  const [entry] = entries
  const exit = last.outputs[0]!
  const leaks = [...inside].filter(
    node =>
      node !== last &&
      node.outputs.some(
        output =>
          graph.outputs.some(({ name }) => name === output) ||
          (index.consumers.get(output) ?? []).some(consumer => !inside.has(consumer)),
      ),
  )
  if (leaks.length > 0) return findRegion(graph, index, shapes, pools, last, new Set([...outside, ...leaks]))
  if (entries.size !== 1 || entry === undefined || shapes.get(exit)?.length !== 4) return undefined
  return { entry, exit, nodes: graph.nodes.filter(node => inside.has(node)) }
}

/** A max-pool over three frames that keeps every frequency. */
export function isTimePool(node: Node): boolean {
  return (
    node.op === 'MaxPool' &&
    node.outputs.length === 1 &&
    hasPlainPads(node) &&
    intsAttribute(node, 'dilations', []).every(dilation => dilation === 1) &&
    intsAttribute(node, 'kernel_shape', []).join() === '1,3' &&
    intsAttribute(node, 'strides', []).join() === '1,3' &&
    intsAttribute(node, 'pads', []).every(pad => pad === 0) &&
    intAttribute(node, 'ceil_mode', 0) === 0
  )
}

function isTimeLocal(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  node: Node,
  pools: ReadonlySet<Node>,
): boolean {
  const shape = shapes.get(node.outputs[0]!)
  if (node.outputs.length !== 1 || shape?.length !== 4) return false
  const parameters = node.inputs.slice(1).filter(Boolean)
  const areConstant = parameters.every(input => graph.initializers.has(input))
  switch (node.op) {
    case 'MaxPool':
      return pools.has(node)
    case 'Pad': {
      const pads = intConstant(graph.initializers, node.inputs[1])
      return (
        pads?.length === 8 &&
        pads.every(pad => pad >= 0) &&
        parameters.length <= 2 &&
        areConstant &&
        node.attributes['mode'] === undefined
      )
    }
    case 'BatchNormalization':
      return areConstant && intAttribute(node, 'training_mode', 0) === 0
    case 'Conv': {
      const ones = (name: string): boolean => intsAttribute(node, name, [1, 1]).join() === '1,1'
      return areConstant && ones('strides') && ones('dilations') && hasPlainPads(node)
    }
    default:
      return (
        pointwise.has(node.op) && node.inputs.every(input => isTimeLocalOperand(graph, shapes, input, shape))
      )
  }
}

/** Whether an operand has the frames of the result, or is a constant without any (shapes align at their last axis). */
function isTimeLocalOperand(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  input: string,
  result: Shape,
): boolean {
  const shape = shapes.get(input)
  if (graph.initializers.has(input)) return (shape?.at(-1) ?? 1) === 1
  return shape?.length === 4 && shape[timeAxis] === result[timeAxis]
}

function emitTiles(
  builder: GraphBuilder,
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  region: Region,
  step: number,
): void {
  const frames = shapes.get(region.exit)![timeAxis]!
  const parts: string[] = []
  for (let start = 0; start < frames; start += step) {
    const range: Range = [start, Math.min(start + step, frames)]
    parts.push(emitTile(builder, graph, shapes, region, range))
  }
  builder.keep({
    name: builder.freshName(`Concat/${region.exit}`),
    op: 'Concat',
    inputs: parts,
    outputs: [region.exit],
    attributes: { axis: { kind: 'int', value: timeAxis } },
  })
}

function emitTile(
  builder: GraphBuilder,
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  region: Region,
  range: Range,
): string {
  const framesOf = (value: string): number => shapes.get(value)![timeAxis]!
  const needs = rangesNeeded(graph, region, range, framesOf)
  const names = new Map<string, string>()
  const cut = (value: string, [from, to]: Range, whole: Range): string =>
    from === whole[0] && to === whole[1]
      ? names.get(value)!
      : builder.op('Slice', [
          names.get(value)!,
          builder.ints(from - whole[0]),
          builder.ints(to - whole[0]),
          builder.ints(timeAxis),
        ])

  names.set(region.entry, region.entry)
  const entry = needs.get(region.entry)!
  names.set(region.entry, cut(region.entry, entry, [0, framesOf(region.entry)]))
  for (const node of region.nodes) {
    const output = node.outputs[0]!
    const reach = readRange(graph, node, needs.get(output)!, framesOf)
    const inputs = node.inputs.map(input => {
      const available = needs.get(input)
      return available === undefined ? input : cut(input, reach.range, available)
    })
    names.set(output, emitNode(builder, graph, node, inputs, reach))
  }
  return names.get(region.exit)!
}

/** For every value of the region, the frames some operator of this tile reads. */
function rangesNeeded(
  graph: Graph,
  region: Region,
  range: Range,
  framesOf: (value: string) => number,
): ReadonlyMap<string, Range> {
  const needs = new Map<string, Range>([[region.exit, range]])
  const variable = new Set([region.entry, ...region.nodes.flatMap(node => node.outputs)])
  for (const node of [...region.nodes].reverse()) {
    const { range: read } = readRange(graph, node, needs.get(node.outputs[0]!)!, framesOf)
    for (const input of node.inputs) {
      if (!variable.has(input)) continue
      const known = needs.get(input)
      needs.set(
        input,
        known === undefined ? read : [Math.min(known[0], read[0]), Math.max(known[1], read[1])],
      )
    }
  }
  return needs
}

/** What a node reads to give a range of its output: existing frames, and how many padded ones before and after. */
interface Reach {
  readonly range: Range
  readonly before: number
  readonly after: number
}

function readRange(graph: Graph, node: Node, output: Range, framesOf: (value: string) => number): Reach {
  const [start, end] = output
  if (node.op === 'MaxPool') return { range: [3 * start, 3 * end], before: 0, after: 0 }
  let wished: Range
  if (node.op === 'Conv') {
    const left = intsAttribute(node, 'pads', [0, 0, 0, 0])[1]!
    const kernel = graph.initializers.get(node.inputs[1]!)!.dims[timeAxis]!
    wished = [start - left, end - left + kernel - 1]
  } else if (node.op === 'Pad') {
    const left = intConstant(graph.initializers, node.inputs[1])![timeAxis]!
    wished = [start - left, end - left]
  } else {
    return { range: output, before: 0, after: 0 }
  }
  const frames = framesOf(node.inputs[0]!)
  const range: Range = [Math.max(wished[0], 0), Math.min(wished[1], frames)]
  return { range, before: range[0] - wished[0], after: wished[1] - range[1] }
}

function emitNode(
  builder: GraphBuilder,
  graph: Graph,
  node: Node,
  inputs: readonly string[],
  reach: Reach,
): string {
  if (node.op === 'Conv') {
    const [top, , bottom] = intsAttribute(node, 'pads', [0, 0, 0, 0])
    return builder.op('Conv', inputs, {
      ...node.attributes,
      pads: ints(top!, reach.before, bottom!, reach.after),
    })
  }
  if (node.op === 'Pad') {
    const pads = [...intConstant(graph.initializers, node.inputs[1])!]
    pads[timeAxis] = reach.before
    pads[timeAxis + 4] = reach.after
    if (pads.every(pad => pad === 0)) return inputs[0]!
    return builder.op('Pad', [inputs[0]!, builder.ints(...pads), ...inputs.slice(2)])
  }
  return builder.op(node.op, inputs, node.attributes)
}
