import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfig, readCheckpoint } from '../../lib/model'
import { buildAasistGraph } from '../../lib/model/aasist-graph'
import {
  countNodes,
  float32Tensor,
  int,
  int64Tensor,
  ints,
  type Graph,
  type Node,
  type Tensor,
} from '../../lib/model/graph'
import { readOnnx } from '../../lib/model/onnx/read'
import { constantAttention } from '../../lib/model/passes/constant-attention'
import { conv1dAsConv2d } from '../../lib/model/passes/conv1d-as-conv2d'
import { foldBatchNorm } from '../../lib/model/passes/fold-batch-norm'
import { foldSoftmaxTransposes } from '../../lib/model/passes/fold-softmax-transposes'
import { gatherNodes } from '../../lib/model/passes/gather-nodes'
import { resolveConstants } from '../../lib/model/passes/resolve-constants'
import { sliceFirstBlock } from '../../lib/model/passes/slice-first-block'
import { tileTime } from '../../lib/model/passes/tile-time'
import { inferShapes } from '../../lib/model/shapes'
import { root } from '../support/environment'
import { generatedSignal, readJson, type GeneratedGolden } from '../support/golden'
import { largestDifference, runGraph } from '../support/run-onnx'
import { node, noiseTensor, outputOf, sizes, smallGraph } from './small-graphs'

const fixtures = join(root, 'test', 'fixtures')
const golden = readJson(fixtures, 'checkpoints', 'tiny-random.golden.json') as GeneratedGolden
const tolerance = 1e-5

function tinyGraph(name: 'tiny-random' | 'tiny-degenerate', batch: number, nbSamp?: number): Graph {
  const file = join(fixtures, 'checkpoints', name)
  const { model } = parseConfig(readFileSync(`${file}.conf`, 'utf8'))
  const checkpoint = readCheckpoint(readFileSync(`${file}.pth`))
  return buildAasistGraph(checkpoint, { ...model, nbSamp: nbSamp ?? model.nbSamp }, batch)
}

const exported = (name: string): Graph => readOnnx(readFileSync(join(fixtures, 'onnx', `${name}.onnx`)))

/** The values that both graphs have and that a pass changed how to compute are within tolerance. */
async function expectSame(before: Graph, after: Graph, values: readonly string[]): Promise<void> {
  expect(values).to.not.be.empty
  const length = before.inputs[0]!.shape![1] as number
  const signals = golden.inputs.map(input => generatedSignal(input, length))
  const [expected, found] = await Promise.all([
    runGraph(before, signals, values),
    runGraph(after, signals, values),
  ])
  for (const name of values) {
    expect(found[name]!.dims, name).to.deep.equal(expected[name]!.dims)
    expect(largestDifference(found[name]!.data, expected[name]!.data), name).to.be.at.most(tolerance)
  }
}

async function expectSameOutput(before: Graph, after: Graph): Promise<void> {
  const [expected, found] = [await outputOf(before), await outputOf(after)]
  expect(found.dims).to.deep.equal(expected.dims)
  expect(largestDifference(found.data, expected.data)).to.be.at.most(tolerance)
}

const outputsOf = (graph: Graph, op: string): string[] =>
  graph.nodes.filter(each => each.op === op).map(each => each.outputs[0]!)

describe('resolving constants', () => {
  it('leaves no size to be computed in an export of open batch, and changes no output', async () => {
    const read = exported('torch-tiny-random-dynamic-opset17')
    for (const batch of [1, 3]) {
      const open = { ...read, inputs: read.inputs.map(input => ({ ...input, shape: [batch, 24_000] })) }
      const resolved = resolveConstants(open)
      for (const op of [
        'Shape',
        'ConstantOfShape',
        'Equal',
        'Where',
        'Range',
        'Cast',
        'Identity',
        'Constant',
      ]) {
        expect(countNodes(resolved, op), op).to.equal(0)
      }
      const shapes = inferShapes(resolved)
      expect(resolved.outputs.map(({ name }) => shapes.get(name))).to.deep.equal([
        [batch, 35],
        [batch, 2],
      ])
      const signals = golden.inputs.map(input => generatedSignal(input, golden.nbSamp))
      const found = await runGraph(resolved, signals, ['y'])
      const expected = Array.from({ length: batch }, (_, row) => golden.logits[row]!).flat()
      expect(largestDifference(found['y']!.data, expected)).to.be.below(1e-4)
    }
  })

  it('computes what onnxruntime computes, operator by operator', async () => {
    const at = int64Tensor([2, 2], [1, -1, 0, 2])
    const cases: Readonly<Record<string, readonly Node[]>> = {
      'Gather along an inner axis, negative indices': [node('Gather', ['c', 'at'], 'k', { axis: int(1) })],
      'Slice backwards with steps': [node('Slice', ['c', 'from', 'to', 'axes', 'steps'], 'k')],
      'Transpose of three axes': [node('Transpose', ['c'], 'k', { perm: ints(2, 0, 1) })],
      'Concat of inner axes': [node('Concat', ['c', 'c'], 'k', { axis: int(-2) })],
      'Expand of inner axes': [
        node('Slice', ['c', 'zero', 'one', 'one'], 's'),
        node('Expand', ['s', 'dims'], 'k'),
      ],
      'Reshape with 0 and -1': [node('Reshape', ['c', 'keep'], 'k')],
      'Div and Sub with broadcasting': [node('Sub', ['c', 'row'], 'd'), node('Div', ['d', 'row'], 'k')],
      'Where of a comparison': [node('Equal', ['row', 'row'], 'e'), node('Where', ['e', 'c', 'row'], 'k')],
      'Cast to whole numbers and back': [
        node('Mul', ['c', 'ten'], 't'),
        node('Cast', ['t'], 'i', { to: int(7) }),
        node('Cast', ['i'], 'k', { to: int(1) }),
      ],
    }
    const constants = {
      c: noiseTensor([2, 3, 4], 5),
      row: noiseTensor([4], 6),
      ten: noiseTensor([], 7),
      at,
      from: sizes(-1, 9),
      to: sizes(-100, 0),
      axes: sizes(2, 1),
      steps: sizes(-2, -1),
      zero: sizes(0),
      one: sizes(1),
      dims: sizes(2, 3, 4),
      keep: sizes(0, -1),
      flat: sizes(1, -1),
    }
    for (const [name, nodes] of Object.entries(cases)) {
      const tail = [
        node('Reshape', ['k', 'flat'], 'line'),
        node('ReduceMean', ['input'], 'mean', { axes: ints(1) }),
        node('Mul', ['line', 'mean'], 'output'),
      ]
      const graph = smallGraph(13, [1, 8], [...nodes, ...tail], constants)
      const resolved = resolveConstants(graph)
      expect(
        resolved.nodes.map(({ op }) => op),
        name,
      ).to.deep.equal(['ReduceMean', 'Mul'])
      await expectSameOutput(graph, resolved)
    }
  })

  it('keeps what an output hands out, and makes no constant of megabytes from a few bytes', () => {
    const graph = smallGraph(
      13,
      [1, 8],
      [node('Identity', ['input'], 'output'), node('ConstantOfShape', ['huge'], 'zeros')],
      { huge: sizes(100_000, 100_000) },
    )
    const twice = { ...graph, outputs: [...graph.outputs, { name: 'zeros', dtype: 'float32', shape: null }] }
    expect(resolveConstants(twice).nodes).to.deep.equal(twice.nodes)
    const inner = { ...graph, nodes: [...graph.nodes, node('Abs', ['zeros'], 'more')] }
    expect(resolveConstants(inner).nodes.map(({ op }) => op)).to.deep.equal([
      'Identity',
      'ConstantOfShape',
      'Abs',
    ])
  })
})

describe('folding batch normalisation of other exports', () => {
  const convolved = [
    node('Reshape', ['input', 'image'], 'x'),
    node('Conv', ['x', 'w'], 'conv', { kernel_shape: ints(1, 3) }),
    node('BatchNormalization', ['conv', 'g', 'b', 'm', 'v'], 'output'),
  ]
  const constants = {
    image: sizes(2, 1, 4, 9),
    w: noiseTensor([3, 1, 1, 3], 1),
    g: noiseTensor([3], 2),
    b: noiseTensor([3], 3),
    m: noiseTensor([3], 4),
    v: float32Tensor([3], [0.5, 2, 1]),
  }
  const graph = smallGraph(13, [2, 36], convolved, constants)

  it('folds into a convolution that has no bias', async () => {
    const folded = foldBatchNorm(graph)
    expect(countNodes(folded, 'BatchNormalization')).to.equal(0)
    await expectSameOutput(graph, folded)
  })

  it('leaves it where the convolution is read elsewhere, weights are computed, or it is in training', () => {
    const twice = { ...graph, nodes: [...convolved, node('Abs', ['conv'], 'also')] }
    const computed = smallGraph(
      13,
      [2, 36],
      [node('Abs', ['w0'], 'w'), ...convolved],
      Object.fromEntries(
        Object.entries(constants).map(([name, value]) => [name === 'w' ? 'w0' : name, value]),
      ),
    )
    const [x, conv, normalization] = convolved as [Node, Node, Node]
    const training = {
      ...graph,
      nodes: [x, conv, { ...normalization, attributes: { training_mode: int(1) } }],
    }
    for (const left of [twice, computed, training]) expect(foldBatchNorm(left)).to.equal(left)
  })
})

describe('constant attention of other exports', () => {
  for (const [opset, axis, together] of [
    [11, undefined, 12],
    [12, 2, 4],
    [13, undefined, 4],
    [13, 1, 3],
  ] as const) {
    it(`is one ${together}th at operator set ${opset}, axis ${axis ?? 'left out'}, shape 2,3,4`, async () => {
      const graph = smallGraph(
        opset,
        [2, 12],
        [
          node('Tanh', ['input'], 't'),
          node('Mul', ['t', 'tiny'], 'm'),
          node('Reshape', ['m', 'shape'], 'r'),
          node('Softmax', ['r'], 's', axis === undefined ? {} : { axis: int(axis) }),
          node('Abs', ['s'], 'output'),
        ],
        { tiny: float32Tensor([], [1e-12]), shape: sizes(2, 3, 4) },
      )
      const replaced = constantAttention(graph)
      expect(countNodes(replaced, 'Softmax')).to.equal(0)
      expect((await outputOf(replaced)).data[0]).to.equal(Math.fround(1 / together))
      await expectSameOutput(graph, replaced)
    })
  }

  it('stays computed where weights are small but the map is not uniform in float32, or cannot be bounded', () => {
    for (const [weight, op] of [
      [1e-6, 'Tanh'],
      [1e-30, 'Exp'],
      [NaN, 'Tanh'],
    ] as const) {
      const graph = smallGraph(
        13,
        [2, 12],
        [
          node(op, ['input'], 't'),
          node('Mul', ['t', 'w'], 'm'),
          node('Softmax', ['m'], 's'),
          node('Abs', ['s'], 'output'),
        ],
        { w: float32Tensor([], [weight]) },
      )
      expect(constantAttention(graph)).to.equal(graph)
    }
  })

  it('finds the eight maps of an export that fills them block by block, and changes no output', async () => {
    const before = resolveConstants(exported('torch-tiny-degenerate-opset11'))
    const after = constantAttention(before)
    expect(countNodes(before, 'Softmax') - countNodes(after, 'Softmax')).to.equal(8)
    await expectSame(
      before,
      after,
      before.outputs.map(({ name }) => name),
    )
  })
})

describe('folding the transposes around a soft-max', () => {
  it('gives the same maps for an export of operator set 11', async () => {
    const before = resolveConstants(
      readOnnx(readFileSync(join(fixtures, 'demo', 'aasist-l-demo-torch-opset11.onnx'))),
    )
    const after = foldSoftmaxTransposes(before)
    expect(countNodes(before, 'Transpose') - countNodes(after, 'Transpose')).to.equal(2 * 6)
    const maps = outputsOf(after, 'Softmax').filter(name => !outputsOf(before, 'Softmax').includes(name))
    expect(maps).to.have.length(6)
    await expectSame(before, after, maps)
  })

  const permutations = [
    [0, 2, 1],
    [1, 0, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]
  for (const opset of [11, 13]) {
    for (const shape of [
      [2, 3, 4],
      [2, 3, 1],
      [2, 1, 5],
    ]) {
      it(`gives the same numbers for every axis and order, operator set ${opset}, shape ${shape.join()}`, async () => {
        let folded = 0
        for (const perm of permutations) {
          for (const axis of [0, 1, 2]) {
            const back = perm.map((_, to) => perm.indexOf(to))
            const count = shape.reduce((product, size) => product * size, 1)
            const graph = smallGraph(
              opset,
              [2, count / 2],
              [
                node('Reshape', ['input', 'shape'], 'x'),
                node('Transpose', ['x'], 't', { perm: ints(...perm) }),
                node('Softmax', ['t'], 's', { axis: int(axis) }),
                node('Transpose', ['s'], 'output', { perm: ints(...back) }),
              ],
              { shape: sizes(...shape) },
            )
            const after = foldSoftmaxTransposes(graph)
            if (after === graph) continue
            folded++
            expect(countNodes(after, 'Transpose')).to.equal(0)
            await expectSameOutput(graph, after)
          }
        }
        if (opset === 13) expect(folded).to.equal(permutations.length * 3)
        else expect(folded).to.be.above(0)
      })
    }
  }

  it('leaves transposes that do not undo each other, and a map that is read before it is turned back', () => {
    const nodes = (second: readonly number[]): Node[] => [
      node('Reshape', ['input', 'shape'], 'x'),
      node('Transpose', ['x'], 't', { perm: ints(1, 2, 0) }),
      node('Softmax', ['t'], 's'),
      node('Transpose', ['s'], 'output', { perm: ints(...second) }),
    ]
    const shape = sizes(2, 3, 4)
    const other = smallGraph(13, [2, 12], nodes([1, 2, 0]), { shape })
    const read = smallGraph(13, [2, 12], [...nodes([2, 0, 1]), node('Abs', ['s'], 'also')], { shape })
    for (const graph of [other, read]) expect(foldSoftmaxTransposes(graph)).to.equal(graph)
  })
})

describe('gathering pooled nodes', () => {
  it('gives the same nodes at batch 1, one index a node', async () => {
    const before = tinyGraph('tiny-random', 1)
    const after = gatherNodes(before)
    expect([
      countNodes(after, 'GatherElements'),
      countNodes(after, 'Gather'),
      countNodes(after, 'Expand'),
    ]).to.deep.equal([0, 6, 0])
    await expectSame(before, after, outputsOf(after, 'Gather'))
  })

  it('leaves other batches, where every clip keeps nodes of its own', () => {
    const graph = tinyGraph('tiny-random', 2)
    expect(gatherNodes(graph)).to.equal(graph)
  })

  it('leaves indices that differ from feature to feature, or cut another axis', () => {
    const gathered = (index: Tensor): Graph =>
      smallGraph(
        13,
        [1, 12],
        [
          node('Reshape', ['input', 'shape'], 'x'),
          node('GatherElements', ['x', 'i'], 'output', { axis: int(1) }),
        ],
        { shape: sizes(1, 3, 4), i: index },
      )
    const differing = gathered(int64Tensor([1, 2, 4], [0, 1, 2, 0, 2, 2, 1, 1]))
    const cutting = gathered(int64Tensor([1, 2, 1], [0, 1]))
    for (const graph of [differing, cutting]) expect(gatherNodes(graph)).to.equal(graph)
  })
})

describe('the sinc convolution in two dimensions', () => {
  for (const nbSamp of [24_000, 20_003, 12_346]) {
    it(`gives the same pooled map at ${nbSamp} samples`, async () => {
      const before = tinyGraph('tiny-random', 3, nbSamp)
      const after = conv1dAsConv2d(before)
      const pooled = outputsOf(before, 'MaxPool')[0]!
      expect(countNodes(after, 'MaxPool')).to.equal(countNodes(before, 'MaxPool') + 1)
      const sinc = after.nodes.find(({ op }) => op === 'Conv')!
      expect(after.initializers.get(sinc.inputs[1]!)!.dims).to.deep.equal([20, 1, 1, 65])
      await expectSame(before, after, [pooled])
    })
  }

  for (const [name, attributes] of Object.entries({
    'pads, stride and dilation': { pads: ints(2, 5), strides: ints(2), dilations: ints(3) },
    groups: { group: int(2) },
  })) {
    it(`keeps a convolution's ${name}, with no pool behind it`, async () => {
      const groups = name === 'groups' ? 2 : 1
      const graph = smallGraph(
        13,
        [2, 60],
        [node('Reshape', ['input', 'shape'], 'x'), node('Conv', ['x', 'w', 'b'], 'output', attributes)],
        { shape: sizes(2, 2, 30), w: noiseTensor([4, 2 / groups, 5], 3), b: noiseTensor([4], 4) },
      )
      const after = conv1dAsConv2d(graph)
      expect(after.nodes.map(({ op }) => op)).to.deep.equal(['Reshape', 'Reshape', 'Conv', 'Reshape'])
      await expectSameOutput(graph, after)
    })
  }

  for (const [name, attributes] of Object.entries({
    'kernels unlike strides': { kernel_shape: ints(2, 4), strides: ints(1, 3) },
    'pads, kept in one piece': { kernel_shape: ints(3, 3), strides: ints(3, 3), pads: ints(1, 1, 1, 1) },
    'sizes rounded up, kept in one piece': {
      kernel_shape: ints(3, 3),
      strides: ints(3, 3),
      ceil_mode: int(1),
    },
  })) {
    it(`gives the same maximum for a pool with ${name}`, async () => {
      const graph = smallGraph(
        13,
        [2, 31],
        [
          node('Reshape', ['input', 'shape'], 'x'),
          node('Conv', ['x', 'w'], 'c'),
          node('Reshape', ['c', 'image'], 'i'),
          node('Abs', ['i'], 'a'),
          node('MaxPool', ['a'], 'output', attributes),
        ],
        { shape: sizes(2, 1, 31), image: sizes(2, 1, 7, 29), w: noiseTensor([7, 1, 3], 3) },
      )
      const after = conv1dAsConv2d(graph)
      expect(countNodes(after, 'MaxPool')).to.equal(name.includes('one piece') ? 1 : 2)
      await expectSameOutput(graph, after)
    })
  }
})

describe('the first block in slices', () => {
  const first = 'encoder.0.0.out'

  // 0, 1 and 2 frames are dropped by the poolings at these lengths.
  for (const nbSamp of [24_000, 24_003, 24_006, 12_347]) {
    it(`gives the same numbers at ${nbSamp} samples, however many slices there are`, async () => {
      const before = foldBatchNorm(tinyGraph('tiny-random', 2, nbSamp))
      const map = inferShapes(before).get('encoder.0.0.conv1.out') ?? [1, 4, 7, Math.floor((nbSamp - 64) / 3)]
      const values = map.slice(1).reduce((product, size) => product * size, 1)
      for (const slices of [2, 5, 7]) {
        const after = sliceFirstBlock(before, { valuesPerSlice: Math.ceil(values / slices) })
        expect(countNodes(after, 'MaxPool') - countNodes(before, 'MaxPool')).to.equal(slices - 1)
        await expectSame(before, after, [first])
      }
    })
  }

  it('makes the five slices of the guide for the released window, and more for a longer one', () => {
    const demo = join(root, 'models', 'demo', 'aasist-l-demo')
    const { model } = parseConfig(readFileSync(`${demo}.conf`, 'utf8'))
    const checkpoint = readCheckpoint(readFileSync(`${demo}.pth`))
    const slices = (nbSamp: number): number => {
      const whole = buildAasistGraph(checkpoint, { ...model, nbSamp }, 1)
      return countNodes(sliceFirstBlock(whole), 'MaxPool') - countNodes(whole, 'MaxPool') + 1
    }
    expect([slices(64_600), slices(129_200), slices(16_000)]).to.deep.equal([5, 10, 2])
  })

  it('leaves a small block, a block that is sliced already, and a graph without one', () => {
    const small = tinyGraph('tiny-random', 1)
    expect(sliceFirstBlock(small)).to.equal(small)
    const sliced = sliceFirstBlock(small, { valuesPerSlice: 50_000 })
    expect(sliceFirstBlock(sliced, { valuesPerSlice: 50_000 })).to.equal(sliced)
    const none = smallGraph(13, [1, 8], [node('Abs', ['input'], 'output')])
    expect(sliceFirstBlock(none, { valuesPerSlice: 2 })).to.equal(none)
  })

  for (const [name, operand] of [
    ['a constant that differs from frame to frame', noiseTensor([60], 3)],
    ['a value of one frame for all', undefined],
  ] as const) {
    it(`gives the same numbers where the block adds ${name}`, async () => {
      const nodes = [
        node('Reshape', ['input', 'image'], 'x'),
        ...(operand === undefined ? [node('ReduceMean', ['x'], 'o', { axes: ints(3) })] : []),
        node('Conv', ['x', 'w'], 'c', { pads: ints(0, 1, 0, 1) }),
        node('Add', ['c', 'o'], 'sum'),
        node('Conv', ['sum', 'w'], 'd', { pads: ints(0, 1, 0, 1) }),
        node('MaxPool', ['d'], 'output', { kernel_shape: ints(1, 3), strides: ints(1, 3) }),
      ]
      const constants = { image: sizes(2, 1, 4, 60), w: noiseTensor([1, 1, 1, 3], 5) }
      const graph = smallGraph(
        13,
        [2, 240],
        nodes,
        operand === undefined ? constants : { ...constants, o: operand },
      )
      await expectSameOutput(graph, sliceFirstBlock(graph, { valuesPerSlice: 60 }))
      await expectSameOutput(graph, tileTime(graph, [{ blocks: 1, framesPerTile: 5 }]))
    })
  }
})
