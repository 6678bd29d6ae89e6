import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { convertCheckpoint, parseConfig, readCheckpoint } from '../../lib/model'
import { buildAasistGraph } from '../../lib/model/aasist-graph'
import { inferShapes } from '../../lib/model/shapes'
import { melSincBank } from '../../lib/model/sinc-bank'
import { referenceData, root } from '../support/environment'
import { generatedSignal, readJson, type GeneratedGolden } from '../support/golden'
import { largestDifference, runGraph } from '../support/run-onnx'
import { convert, expectDemoGolden, expectGolden, expectOfficialGolden, targets } from './golden-outputs'

const fixtures = join(root, 'test', 'fixtures', 'checkpoints')

describe('the AASIST graph', () => {
  for (const fixture of ['tiny-random', 'tiny-degenerate']) {
    for (const target of targets) {
      it(`gives PyTorch's outputs for ${fixture}, a configuration unlike any released one, target ${target}`, async () => {
        const golden = readJson(fixtures, `${fixture}.golden.json`) as GeneratedGolden
        const cases = golden.inputs.map((input, i) => ({
          samples: generatedSignal(input, golden.nbSamp),
          logits: golden.logits[i]!,
          lastHidden: golden.lastHidden[i]!,
        }))
        for (const batch of [1, 3, 8]) {
          const model = convert(
            join(fixtures, `${fixture}.pth`),
            join(fixtures, `${fixture}.conf`),
            batch,
            target,
          )
          await expectGolden(model, batch, cases)
        }
      })
    }
  }

  for (const target of targets) {
    it(`gives PyTorch's outputs for the demo weights on demo clips, target ${target}, batch 3`, () =>
      expectDemoGolden(target, 3))

    it(`gives the official outputs for the official AASIST-L, target ${target}, batch 1`, async function () {
      await expectOfficialGolden(referenceData(this), target, 1)
    })
  }

  it('has the shapes it says, at every value', async () => {
    const golden = readJson(fixtures, 'tiny-random.golden.json') as GeneratedGolden
    const config = parseConfig(readFileSync(join(fixtures, 'tiny-random.conf'), 'utf8'))
    const graph = buildAasistGraph(
      readCheckpoint(readFileSync(join(fixtures, 'tiny-random.pth'))),
      config.model,
      2,
    )
    const shapes = inferShapes(graph)
    // The indices that TopK gives are int64, which runGraph does not declare.
    const values = graph.nodes.flatMap(({ op, outputs }) => (op === 'TopK' || op === 'Expand' ? [] : outputs))
    const outputs = await runGraph(graph, [generatedSignal(golden.inputs[0]!, golden.nbSamp)], values)
    for (const value of values) expect(shapes.get(value), value).to.deep.equal(outputs[value]!.dims)
  })

  it('has the sinc filters that PyTorch and numpy compute, to one unit in the last place', () => {
    const golden = readJson(root, 'test', 'fixtures', 'sinc-bank.json') as {
      filters: number
      taps: number
      step: number
      values: number[]
    }
    const bank = melSincBank(golden.filters, golden.taps)
    const found = golden.values.map((_, i) => bank[i * golden.step]!)
    expect(largestDifference(found, golden.values)).to.be.below(6e-8)
  })
})

describe('a checkpoint that does not belong to its configuration', () => {
  const checkpoint = readCheckpoint(readFileSync(join(fixtures, 'tiny-random.pth')))
  const text = readFileSync(join(fixtures, 'tiny-random.conf'), 'utf8')
  const { model } = parseConfig(text)

  const build = (altered: typeof checkpoint, config = model): string | undefined => {
    try {
      buildAasistGraph(altered, config, 1)
      return undefined
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  it('is refused when a tensor is missing', () => {
    const altered = new Map(checkpoint)
    altered.delete('out_layer.bias')
    expect(build(altered)).to.equal('CHECKPOINT_INVALID')
  })

  it('is refused when a tensor has another shape', () => {
    expect(build(checkpoint, { ...model, gatDims: [model.gatDims[0], model.gatDims[1] + 1] })).to.equal(
      'CHECKPOINT_INVALID',
    )
  })

  it('is refused when it holds weights the network has no place for', () => {
    const altered = new Map(checkpoint).set('extra.weight', {
      dtype: 'float32',
      shape: [1],
      data: new Float32Array(1),
    })
    expect(build(altered)).to.equal('CHECKPOINT_INVALID')
  })

  it('is refused when a weight is not a number', () => {
    const altered = new Map(checkpoint).set('out_layer.bias', {
      dtype: 'float32',
      shape: [2],
      data: Float32Array.of(0, NaN),
    })
    expect(build(altered)).to.equal('CHECKPOINT_INVALID')
  })

  it('is refused when a variance is negative', () => {
    const altered = new Map(checkpoint).set('first_bn.running_var', {
      dtype: 'float32',
      shape: [1],
      data: Float32Array.of(-1),
    })
    expect(build(altered)).to.equal('CHECKPOINT_INVALID')
  })

  it('is refused when the window is too short for the poolings', () => {
    expect(build(checkpoint, { ...model, nbSamp: 1500 })).to.equal('CONFIG_INVALID')
  })

  it('takes the configuration as text, bytes or parsed', () => {
    const bytes = readFileSync(join(fixtures, 'tiny-random.pth'))
    const expected = convertCheckpoint(bytes, text)
    expect(convertCheckpoint(bytes, Buffer.from(text))).to.deep.equal(expected)
    expect(convertCheckpoint(bytes, parseConfig(text))).to.deep.equal(expected)
  })

  it('takes no batch of zero and no unknown target', () => {
    const bytes = readFileSync(join(fixtures, 'tiny-random.pth'))
    expect(() => convertCheckpoint(bytes, text, { batch: 0 }))
      .to.throw(RangeError)
      .with.property('code', 'INVALID_ARGUMENT')
    expect(() => convertCheckpoint(bytes, text, { target: 'gpu' as 'cpu' }))
      .to.throw(RangeError)
      .with.property('code', 'INVALID_ARGUMENT')
  })
})
