import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfig, readCheckpoint } from '../../lib/model'
import { buildAasistGraph } from '../../lib/model/aasist-graph'
import { ints, type Graph } from '../../lib/model/graph'
import { readOnnx } from '../../lib/model/onnx/read'
import { writeOnnx } from '../../lib/model/onnx/write'
import { constantAttention } from '../../lib/model/passes/constant-attention'
import { cropByConvolution } from '../../lib/model/passes/crop-by-convolution'
import { decomposeSelu } from '../../lib/model/passes/decompose-selu'
import { foldBatchNorm } from '../../lib/model/passes/fold-batch-norm'
import { tileFrontEnd } from '../../lib/model/passes/tile-front-end'
import { tileTime } from '../../lib/model/passes/tile-time'
import { inferShapes } from '../../lib/model/shapes'
import { referenceData, root } from '../support/environment'
import { generatedSignal, readJson, type GeneratedGolden } from '../support/golden'
import { largestDifference, runGraph } from '../support/run-onnx'
import { node, noiseTensor, sizes, smallGraph } from './small-graphs'

const fixtures = join(root, 'test', 'fixtures', 'checkpoints')
const golden = readJson(fixtures, 'tiny-random.golden.json') as GeneratedGolden
const signals = golden.inputs.map(input => generatedSignal(input, golden.nbSamp))

function graphOf(folder: string, name: string, batch = 1): Graph {
  const config = parseConfig(readFileSync(join(folder, `${name}.conf`), 'utf8'))
  return buildAasistGraph(readCheckpoint(readFileSync(join(folder, `${name}.pth`))), config.model, batch)
}

/** Values that exist before and after every pass: what each encoder block gives, and the outputs. */
const landmarks = [...Array(6).keys()].map(block => `encoder.${block}.0.out`).concat('last_hidden', 'logits')

/** Blocks tiled together leave no whole map between them. */
function present(graph: Graph): string[] {
  const values = new Set(graph.nodes.flatMap(({ outputs }) => outputs))
  const kept = landmarks.filter(name => values.has(name))
  expect(kept).to.include.members(['encoder.5.0.out', 'last_hidden', 'logits'])
  return kept
}

async function expectSameNumbers(before: Graph, after: Graph, tolerance: number): Promise<void> {
  const kept = present(after)
  const expected = await runGraph(before, signals, kept)
  const found = await runGraph(after, signals, kept)
  for (const name of kept) {
    expect(found[name]!.dims, name).to.deep.equal(expected[name]!.dims)
    expect(largestDifference(found[name]!.data, expected[name]!.data), name).to.be.below(tolerance)
  }
}

const count = (graph: Graph, op: string): number => graph.nodes.filter(node => node.op === op).length

describe('folding batch normalisation', () => {
  it('leaves every block of the encoder within 1e-5', async () => {
    const plain = graphOf(fixtures, 'tiny-random', 3)
    await expectSameNumbers(plain, foldBatchNorm(plain), 1e-5)
  })

  it('removes one normalisation per encoder block and keeps those without a convolution before them', () => {
    const plain = graphOf(fixtures, 'tiny-random')
    const folded = foldBatchNorm(plain)
    expect(count(plain, 'BatchNormalization') - count(folded, 'BatchNormalization')).to.equal(6)
    expect(count(folded, 'BatchNormalization')).to.equal(1 + 2 + 4)
    expect([...folded.initializers.keys()].filter(name => name.includes('bn2'))).to.deep.equal([])
  })
})

describe('decomposing SELU', () => {
  it('leaves every block of the encoder within 1e-5, edges included', async () => {
    const folded = foldBatchNorm(graphOf(fixtures, 'tiny-random', 3))
    await expectSameNumbers(folded, decomposeSelu(folded), 1e-5)
  })

  it('rewrites only SELUs that stand between two convolutions', () => {
    const plain = graphOf(fixtures, 'tiny-random')
    expect(count(decomposeSelu(plain), 'Selu')).to.equal(count(plain, 'Selu'))
    const folded = foldBatchNorm(plain)
    expect(count(folded, 'Selu') - count(decomposeSelu(folded), 'Selu')).to.equal(6)
  })

  it('leaves a SELU with constants of its own alone', () => {
    const folded = foldBatchNorm(graphOf(fixtures, 'tiny-random'))
    const own = {
      ...folded,
      nodes: folded.nodes.map(node =>
        node.op === 'Selu' ? { ...node, attributes: { alpha: { kind: 'float', value: 2 } as const } } : node,
      ),
    }
    expect(count(decomposeSelu(own), 'Selu')).to.equal(count(own, 'Selu'))
  })
})

describe('cutting the front end into time tiles', () => {
  const pooled = (graph: Graph): string =>
    graph.nodes.find(({ op }) => op === 'BatchNormalization')!.inputs[0]!

  for (const [name, framesPerTile] of Object.entries({
    'tiles that divide the frames': 3989,
    'a last tile of one frame': 7977,
    'many tiles': 31,
    'one tile': 100_000,
  })) {
    it(`gives the same bits: ${name}`, async () => {
      const plain = graphOf(fixtures, 'tiny-random', 2)
      const tiled = tileFrontEnd(plain, framesPerTile)
      const map = pooled(plain)
      expect(inferShapes(plain).get(map)).to.deep.equal([2, 1, 6, 7978])
      const expected = await runGraph(plain, signals, [map, 'logits'])
      const found = await runGraph(tiled, signals, [map, 'logits'])
      for (const value of [map, 'logits']) {
        expect(largestDifference(found[value]!.data, expected[value]!.data), value).to.equal(0)
      }
    })
  }

  it('keeps no map of the filter bank whole', () => {
    const plain = graphOf(fixtures, 'tiny-random')
    const largest = (graph: Graph): number =>
      Math.max(
        ...[...inferShapes(graph)]
          .filter(([, shape]) => shape.includes(20))
          .map(([, shape]) => shape.reduce((product, size) => product * size, 1)),
      )
    expect(largest(plain)).to.be.above(20 * 23_000)
    expect(largest(tileFrontEnd(plain, 100))).to.be.at.most(20 * 300)
  })

  for (const [name, filters, pool] of [
    ['pads', { pads: ints(1, 1) }, {}],
    ['strides', { strides: ints(2) }, {}],
    ['dilations', { dilations: ints(2) }, {}],
    ['a pool that overlaps', {}, { strides: ints(3, 2) }],
  ] as const) {
    it(`leaves filters alone that have ${name}`, () => {
      const graph = smallGraph(
        13,
        [1, 100],
        [
          node('Unsqueeze', ['input', 'axis'], 'x'),
          node('Conv', ['x', 'w'], 'map', filters),
          node('Abs', ['map'], 'magnitude'),
          node('Unsqueeze', ['magnitude', 'axis'], 'image'),
          node('MaxPool', ['image'], 'output', { kernel_shape: ints(3, 3), strides: ints(3, 3), ...pool }),
        ],
        { axis: sizes(1), w: noiseTensor([6, 1, 5], 3) },
      )
      expect(tileFrontEnd(graph, 4)).to.equal(graph)
    })
  }
})

describe('cutting blocks into time tiles', () => {
  const groupings = {
    'one block a group': [
      { blocks: 1, framesPerTile: 97 },
      { blocks: 1, framesPerTile: 40 },
    ],
    'two blocks a group': [{ blocks: 2, framesPerTile: 38 }],
    'five blocks a group': [{ blocks: 5, framesPerTile: 4 }],
    'a tile that the frames do not divide by': [{ blocks: 1, framesPerTile: 601 }],
    'tiles larger than the clip': [{ blocks: 1, framesPerTile: 100_000 }],
  }
  for (const [name, groups] of Object.entries(groupings)) {
    it(`gives the same numbers: ${name}`, async () => {
      const folded = foldBatchNorm(graphOf(fixtures, 'tiny-random', 2))
      await expectSameNumbers(folded, tileTime(folded, groups), 1e-6)
      const decomposed = decomposeSelu(folded)
      await expectSameNumbers(decomposed, tileTime(decomposed, groups), 1e-6)
    })
  }

  // 0, 1 and 2 frames are dropped by the poolings at these lengths.
  for (const nbSamp of [24_000, 24_003, 24_006, 23_998]) {
    it(`gives the same numbers at ${nbSamp} samples, whatever the poolings drop at the end`, async () => {
      const config = parseConfig(readFileSync(join(fixtures, 'tiny-random.conf'), 'utf8'))
      const checkpoint = readCheckpoint(readFileSync(join(fixtures, 'tiny-random.pth')))
      const plain = foldBatchNorm(buildAasistGraph(checkpoint, { ...config.model, nbSamp }, 1))
      const tiled = tileTime(decomposeSelu(plain), [{ blocks: 2, framesPerTile: 50 }])
      const longer = [generatedSignal(golden.inputs[1]!, nbSamp)]
      const kept = present(tiled)
      const expected = await runGraph(plain, longer, kept)
      const found = await runGraph(tiled, longer, kept)
      for (const name of kept) {
        expect(largestDifference(found[name]!.data, expected[name]!.data), name).to.be.below(1e-5)
      }
    })
  }

  it('leaves the graph alone when there are fewer blocks than asked for', () => {
    const plain = graphOf(fixtures, 'tiny-random')
    expect(tileTime(plain, [])).to.deep.equal(plain)
  })
})

describe('cropping by convolution', () => {
  const tiledDemo = (): Graph => {
    const folder = join(root, 'models', 'demo')
    const { model } = parseConfig(readFileSync(join(folder, 'aasist-l-demo.conf'), 'utf8'))
    const checkpoint = readCheckpoint(readFileSync(join(folder, 'aasist-l-demo.pth')))
    const plain = foldBatchNorm(buildAasistGraph(checkpoint, { ...model, nbSamp: golden.nbSamp }, 2))
    return tileTime(decomposeSelu(plain), [{ blocks: 2, framesPerTile: 38 }])
  }

  it('gives the same numbers, at the ends of the clip too', async () => {
    const tiled = tiledDemo()
    await expectSameNumbers(tiled, cropByConvolution(tiled), 1e-5)
  })

  it('takes the place of the slice before each residual sum of the second block, and of no other', () => {
    const tiled = tiledDemo()
    const cropped = cropByConvolution(tiled)
    const crops = cropped.nodes.filter(({ op, inputs }) => op === 'Conv' && inputs[1]!.startsWith('crop'))
    expect(count(tiled, 'Slice') - count(cropped, 'Slice')).to.equal(crops.length)
    const tiles = Math.ceil(inferShapes(tiled).get('encoder.1.0.out')![3]! / 38)
    expect(crops).to.have.length(tiles)
    const readers = crops.map(crop => cropped.nodes.filter(({ inputs }) => inputs.includes(crop.outputs[0]!)))
    expect(readers.flat().map(({ op }) => op)).to.deep.equal(crops.map(() => 'Add'))
  })

  it('leaves channels alone that are no whole blocks of 16', () => {
    const tiled = tileTime(decomposeSelu(foldBatchNorm(graphOf(fixtures, 'tiny-random'))), [
      { blocks: 2, framesPerTile: 38 },
    ])
    expect(cropByConvolution(tiled)).to.deep.equal(tiled)
  })
})

describe('replacing attention by a constant', () => {
  it('replaces the eight maps of a degenerate checkpoint, each by 1/n, and changes no number', async () => {
    const plain = graphOf(fixtures, 'tiny-degenerate')
    const replaced = constantAttention(plain)
    expect(count(plain, 'Softmax') - count(replaced, 'Softmax')).to.equal(8)
    await expectSameNumbers(plain, replaced, 1e-6)
  })

  it('leaves a checkpoint with real attention as it is', () => {
    const plain = graphOf(fixtures, 'tiny-random')
    expect(constantAttention(plain).nodes).to.deep.equal(plain.nodes)
    const demo = graphOf(join(root, 'models', 'demo'), 'aasist-l-demo')
    expect(count(constantAttention(demo), 'Softmax')).to.equal(count(demo, 'Softmax'))
  })

  it('finds 1/23 and 1/15 in the official AASIST-L', function () {
    const replaced = constantAttention(graphOf(join(referenceData(this), 'checkpoints'), 'AASIST-L'))
    expect(count(replaced, 'Softmax')).to.equal(2)
    const maps = [...replaced.initializers].filter(([name]) => name.includes('uniform'))
    expect(maps).to.have.length(8)
    for (const [, { dims, data }] of maps) {
      expect([23, 15]).to.include(dims[1])
      expect(new Set<unknown>(data)).to.deep.equal(new Set([Math.fround(1 / dims[1]!)]))
    }
  })
})

describe('ONNX files', () => {
  const provenance = { producerName: 'test', metadata: { target: 'plain' } }

  it('hold exactly the graph that was written', () => {
    const graph = decomposeSelu(foldBatchNorm(graphOf(fixtures, 'tiny-random', 2)))
    expect(readOnnx(writeOnnx(graph, provenance))).to.deep.equal(graph)
  })

  it('written by PyTorch are read, and the shapes of their convolutional part are known', () => {
    const graph = readOnnx(
      readFileSync(join(root, 'test', 'fixtures', 'demo', 'aasist-l-demo-torch-opset11.onnx')),
    )
    expect(graph.opset).to.equal(11)
    expect(graph.inputs.map(({ shape }) => shape)).to.deep.equal([[1, 64_600]])
    const pools = graph.nodes.filter(({ op }) => op === 'MaxPool')
    expect(inferShapes(graph).get(pools.at(-1)!.outputs[0]!)).to.deep.equal([1, 24, 23, 29])
  })

  for (const [name, bytes] of Object.entries({
    'random bytes': Uint8Array.from({ length: 500 }, (_, i) => (i * 7919) % 251),
    'nothing at all': new Uint8Array(),
    'a text': new TextEncoder().encode('not a model'),
    'a cut file': writeOnnx(graphOf(fixtures, 'tiny-random'), provenance).subarray(0, 5000),
  })) {
    it(`that are ${name} are refused`, () => {
      expect(() => readOnnx(bytes))
        .to.throw()
        .with.property('code', 'MODEL_INVALID')
    })
  }
})
