import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { expect } from 'chai'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { convertCheckpoint, convertOnnx, type ModelConfig } from '../../lib/model'
import { buildAasistGraph } from '../../lib/model/aasist-graph'
import { countNodes, type Graph, type Node } from '../../lib/model/graph'
import { optimizeForNpu } from '../../lib/model/npu-target'
import { ModelProtoSchema } from '../../lib/model/onnx/onnx_pb'
import { readOnnx } from '../../lib/model/onnx/read'
import { writeOnnx } from '../../lib/model/onnx/write'
import { clipSamples } from '../support/clips'
import { root } from '../support/environment'
import {
  clipPath,
  demoModel,
  generatedSignal,
  readJson,
  type GeneratedGolden,
  type GoldenOutputs,
} from '../support/golden'
import { largestDifference, runOnnx } from '../support/run-onnx'
import { PooledModel } from './pooled-model'
import { randomCheckpoint } from './random-checkpoint'
import { node, sizes, smallGraph } from './small-graphs'

const fixtures = join(root, 'test', 'fixtures')
const tolerance = 1e-4
const exportedDemo = readFileSync(join(fixtures, 'demo', 'aasist-l-demo-torch-opset11.onnx'))
const exportedTiny = readFileSync(join(fixtures, 'onnx', 'torch-tiny-degenerate-opset11.onnx'))
const exportedOpen = readFileSync(join(fixtures, 'onnx', 'torch-tiny-random-dynamic-opset17.onnx'))
const provenance = { producerName: 'test', metadata: {} }

const appliedIn = (passes: ReturnType<typeof convertOnnx>['passes']): Record<string, number> =>
  Object.fromEntries(passes.map(({ pass, applied }) => [pass, applied]))

function codeOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

async function demoClips(
  count: number,
): Promise<{ clips: Float32Array[]; golden: readonly GoldenOutputs[] }> {
  const all = readJson(fixtures, 'demo', 'golden.json') as readonly GoldenOutputs[]
  const golden = all.slice(0, count)
  const clips = await Promise.all(golden.map(({ utt }) => clipSamples(clipPath(demoModel.corpus, utt))))
  return { clips, golden }
}

describe('the npu target', () => {
  it("gives PyTorch's logits on demo clips at batch 1 and 4, from the checkpoint", async function () {
    this.timeout(180_000)
    const { clips, golden } = await demoClips(12)
    for (const batch of [1, 4]) {
      const onnx = convertCheckpoint(readFileSync(demoModel.checkpoint), readFileSync(demoModel.config), {
        batch,
        target: 'npu',
      })
      const model = await PooledModel.open(readOnnx(onnx))
      const scored = await model.score(clips)
      await model.release()
      for (const [clip, { logits }] of scored.entries()) {
        expect(largestDifference(logits, golden[clip]!.logits), golden[clip]!.utt).to.be.below(tolerance)
      }
    }
  })

  it("gives PyTorch's logits on demo clips for a model exported by PyTorch, its outputs named as before", async function () {
    this.timeout(180_000)
    const { clips, golden } = await demoClips(6)
    const { onnx, batch, passes } = convertOnnx(exportedDemo)
    expect(batch).to.equal(1)
    expect(appliedIn(passes)).to.deep.equal({
      'resolve-constants': 30,
      'fold-batch-norm': 0,
      'constant-attention': 0,
      'fold-softmax-transposes': 6,
      'gather-nodes': 6,
      'slice-first-block': 1,
      'conv1d-as-conv2d': 1,
    })
    const [before, after] = [readOnnx(exportedDemo), readOnnx(onnx)]
    expect(after.opset).to.equal(11)
    expect(after.inputs).to.deep.equal(before.inputs)
    expect(after.outputs).to.deep.equal(before.outputs)
    const model = await PooledModel.open(after)
    const scored = await model.score(clips)
    await model.release()
    for (const [clip, { logits }] of scored.entries()) {
      expect(largestDifference(logits, golden[clip]!.logits), golden[clip]!.utt).to.be.below(tolerance)
    }
  })

  it("gives PyTorch's outputs for exports of another style, opset and batch", async () => {
    for (const [bytes, name, batches] of [
      [exportedTiny, 'tiny-degenerate', [1]],
      [exportedOpen, 'tiny-random', [1, 3]],
    ] as const) {
      const golden = readJson(fixtures, 'checkpoints', `${name}.golden.json`) as GeneratedGolden
      const signals = golden.inputs.map(input => generatedSignal(input, golden.nbSamp))
      for (const batch of batches) {
        const { onnx } = convertOnnx(bytes, batch === 1 ? {} : { batch })
        const outputs = await runOnnx(onnx, signals)
        // By their order in the file: an object puts a name such as "900" first.
        const [hidden, logits] = readOnnx(onnx).outputs.map(output => outputs[output.name])
        const rows = (values: readonly (readonly number[])[]): number[] => values.slice(0, batch).flat()
        expect(largestDifference(hidden!.data, rows(golden.lastHidden))).to.be.below(tolerance)
        expect(largestDifference(logits!.data, rows(golden.logits))).to.be.below(tolerance)
      }
    }
  })

  const pairs = (last: number): ModelConfig['filts'] => [70, [1, 32], [32, 32], [32, last], [last, last]]
  const released: Readonly<Record<string, Omit<ModelConfig, 'nbSamp'>>> = {
    'AASIST-L': {
      architecture: 'AASIST',
      firstConv: 128,
      filts: pairs(24),
      gatDims: [24, 32],
      poolRatios: [0.4, 0.5, 0.7, 0.5],
      temperatures: [2, 2, 100, 100],
    },
    AASIST: {
      architecture: 'AASIST',
      firstConv: 128,
      filts: pairs(64),
      gatDims: [64, 32],
      poolRatios: [0.5, 0.7, 0.5, 0.5],
      temperatures: [2, 2, 100, 100],
    },
  }
  for (const [name, sizesOf] of Object.entries(released)) {
    for (const nbSamp of [16_000, 31_337, 48_001]) {
      it(`equals plain for ${name}'s sizes with random weights at ${nbSamp} samples`, async function () {
        this.timeout(60_000)
        const config = { ...sizesOf, nbSamp }
        const plain = buildAasistGraph(randomCheckpoint(config, nbSamp), config, 1)
        const { graph, passes } = optimizeForNpu(plain)
        expect(appliedIn(passes)).to.include({
          'fold-batch-norm': 6,
          'gather-nodes': 6,
          'slice-first-block': 1,
        })
        const clip = generatedSignal({ seed: nbSamp, hold: 3, gain: 0.3 }, nbSamp)
        const [before, after] = [await PooledModel.open(plain), await PooledModel.open(graph)]
        const [[expected], [found]] = [await before.score([clip]), await after.score([clip])]
        await before.release()
        await after.release()
        expect(found!.kept).to.deep.equal(expected!.kept)
        expect(largestDifference(found!.logits, expected!.logits)).to.be.below(tolerance)
      })
    }
  }

  it('applied again finds nothing more to do', () => {
    const { onnx } = convertOnnx(exportedDemo)
    const again = convertOnnx(onnx)
    expect(new Set(again.passes.map(({ applied }) => applied))).to.deep.equal(new Set([0]))
    expect(Buffer.from(again.onnx).equals(onnx)).to.equal(true)
  })

  it('gives equal bytes from a checkpoint in one step and in two', () => {
    const read = [readFileSync(demoModel.checkpoint), readFileSync(demoModel.config)] as const
    const plain = convertCheckpoint(...read, { batch: 2 })
    const npu = convertCheckpoint(...read, { batch: 2, target: 'npu' })
    expect(Buffer.from(convertOnnx(plain).onnx).equals(npu)).to.equal(true)
  })
})

describe('an exported model written in another way', () => {
  const read = readOnnx(exportedTiny)
  const golden = readJson(fixtures, 'checkpoints', 'tiny-degenerate.golden.json') as GeneratedGolden
  const signal = generatedSignal(golden.inputs[0]!, golden.nbSamp)

  /** Every name another one, in the order of appearance. */
  function renamed(graph: Graph): Graph {
    const names = new Map<string, string>([['input', 'input']])
    const rename = (name: string): string => {
      if (name === '') return name
      if (!names.has(name)) names.set(name, `v${names.size}`)
      return names.get(name)!
    }
    return {
      ...graph,
      nodes: graph.nodes.map(each => ({
        ...each,
        name: '',
        inputs: each.inputs.map(rename),
        outputs: each.outputs.map(rename),
      })),
      initializers: new Map([...graph.initializers].map(([name, tensor]) => [rename(name), tensor])),
      outputs: graph.outputs.map(output => ({ ...output, name: rename(output.name) })),
    }
  }

  /** Every value handed on by an Identity. */
  function handedOn(graph: Graph): Graph {
    const outputs = new Set(graph.outputs.map(({ name }) => name))
    const nodes = graph.nodes.flatMap(each => {
      const inner = each.outputs.map(name => (name === '' || outputs.has(name) ? name : `${name}.raw`))
      const identities = each.outputs
        .filter((name, index) => name !== inner[index])
        .map(name => node('Identity', [`${name}.raw`], name))
      return [{ ...each, outputs: inner }, ...identities]
    })
    return { ...graph, nodes }
  }

  function constantNodes(graph: Graph): Graph {
    const constants = [...graph.initializers].map(([name, value]): Node => ({
      ...node('Constant', [], name),
      attributes: { value: { kind: 'tensor', value } },
    }))
    return { ...graph, nodes: [...constants, ...graph.nodes], initializers: new Map() }
  }

  const softmax = read.nodes.find(({ op }) => op === 'Softmax')!.outputs[0]!
  const variants: Readonly<Record<string, Graph>> = {
    'all names others, nodes unnamed': renamed(read),
    'an Identity behind every node': handedOn(read),
    'constants as nodes': constantNodes(read),
    'outputs in another order': { ...read, outputs: [...read.outputs].reverse() },
    'the logits only': { ...read, outputs: read.outputs.slice(1) },
    'outputs without shapes': { ...read, outputs: read.outputs.map(output => ({ ...output, shape: null })) },
    'a soft-max as a third output': {
      ...read,
      outputs: [...read.outputs, { name: softmax, dtype: 'float32', shape: null }],
    },
  }
  for (const [name, graph] of Object.entries(variants)) {
    it(`keeps its outputs, in their order: ${name}`, async () => {
      const bytes = writeOnnx(graph, provenance)
      const { onnx, passes } = convertOnnx(bytes)
      const isOpen = name.includes('soft-max')
      expect(appliedIn(passes)).to.include({
        'constant-attention': 8,
        'fold-softmax-transposes': isOpen ? 1 : 2,
        'gather-nodes': 6,
        'conv1d-as-conv2d': 1,
      })
      const [expected, found] = [await runOnnx(bytes, [signal]), await runOnnx(onnx, [signal])]
      expect(readOnnx(onnx).outputs.map(output => output.name)).to.deep.equal(
        graph.outputs.map(output => output.name),
      )
      for (const output of Object.keys(expected)) {
        expect(found[output]!.dims).to.deep.equal(expected[output]!.dims)
        expect(largestDifference(found[output]!.data, expected[output]!.data)).to.be.below(tolerance)
      }
    })
  }
})

describe('a model that the npu target cannot take', () => {
  const small = smallGraph(13, [2, 6], [node('Abs', ['input'], 'output')])
  const bytesOf = (graph: Graph): Uint8Array => writeOnnx(graph, provenance)
  const ofDomain = (domain: string): Uint8Array => {
    const model = fromBinary(ModelProtoSchema, bytesOf(small))
    model.graph!.node[0]!.domain = domain
    return toBinary(ModelProtoSchema, model)
  }
  const twice = [node('Abs', ['input'], 'output'), node('Neg', ['input'], 'output')]
  const cases: Readonly<Record<string, () => unknown>> = {
    'operator set 10': () => convertOnnx(bytesOf({ ...small, opset: 10 })),
    'operator set 21': () => convertOnnx(bytesOf({ ...small, opset: 21 })),
    'an operator of another domain': () => convertOnnx(ofDomain('com.microsoft')),
    'an open length': () =>
      convertOnnx(
        bytesOf({ ...small, inputs: [{ name: 'input', dtype: 'float32', shape: [1, 'samples'] }] }),
      ),
    'no input': () => convertOnnx(bytesOf({ ...small, inputs: [], nodes: [], outputs: [] })),
    'a value that nothing gives': () =>
      convertOnnx(bytesOf({ ...small, nodes: [node('Abs', ['x'], 'output')] })),
    'a value given twice': () => convertOnnx(bytesOf({ ...small, nodes: twice })),
    'an output that nothing gives': () => convertOnnx(bytesOf({ ...small, nodes: [] })),
    'sizes that contradict each other': () =>
      convertOnnx(
        bytesOf(smallGraph(13, [2, 6], [node('Reshape', ['input', 's'], 'output')], { s: sizes(5, 5) })),
      ),
    'a checkpoint': () => convertOnnx(readFileSync(demoModel.checkpoint)),
  }
  for (const [name, convert] of Object.entries(cases)) {
    it(`is refused with a typed error: ${name}`, () => expect(codeOf(convert)).to.equal('MODEL_INVALID'))
  }

  it('is refused when it was made for another batch than the one asked for', () => {
    expect(codeOf(() => convertOnnx(exportedDemo, { batch: 4 }))).to.equal('INVALID_ARGUMENT')
    expect(codeOf(() => convertOnnx(exportedDemo, { batch: 0 }))).to.equal('INVALID_ARGUMENT')
    expect(codeOf(() => convertOnnx(exportedDemo, { bach: 1 } as object))).to.equal('UNKNOWN_OPTION')
    expect(convertOnnx(exportedDemo, { batch: 1 }).batch).to.equal(1)
  })

  it('that is no AASIST comes out as it went in', () => {
    const { onnx, passes } = convertOnnx(bytesOf(small))
    expect(passes.every(({ applied }) => applied === 0)).to.equal(true)
    expect(readOnnx(onnx).nodes).to.deep.equal(small.nodes)
  })

  it('through damaged bytes gives a model or a typed error, never another one', function () {
    this.timeout(60_000)
    const structure = Buffer.from(
      writeOnnx({ ...readOnnx(exportedTiny), initializers: new Map() }, provenance),
    )
    const whole = Buffer.from(exportedTiny)
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.boolean(), damage, (isWhole, changes) => {
        const bytes = Buffer.from(isWhole ? whole : structure)
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        expect([undefined, 'MODEL_INVALID']).to.include(codeOf(() => convertOnnx(bytes)))
      }),
      { numRuns: 150, seed: 7 },
    )
  })
})

describe('the nodes of the npu target', () => {
  it('are what NPUs run well: no Conv1d, no soft-max between transposes, no gathering by element at batch 1', () => {
    const graph = readOnnx(convertOnnx(exportedDemo).onnx)
    expect(countNodes(graph, 'GatherElements')).to.equal(0)
    for (const { op, inputs } of graph.nodes) {
      if (op === 'Conv') expect(graph.initializers.get(inputs[1]!)!.dims).to.have.length(4)
    }
  })
})
