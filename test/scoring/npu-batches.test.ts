/** Offline models of every batch on the simulator: the same scores, and the runs they take. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { float32Tensor } from '../../lib/model/graph'
import { provenanceOf, writeOnnx } from '../../lib/model/onnx/write'
import { Detector } from '../../lib/scoring'
import { node } from '../model/small-graphs'
import { OfflineModels, requireSimulator } from '../support/native'
import { scratchFolder } from '../support/scratch-folder'
import { collect, speechWav } from './support'

/** Scores by the first samples, and leaves its batch open, as no conversion of this package does. */
function openBatch(): Uint8Array {
  const weights = float32Tensor([4, 2], [0, 1, 0, 0.5, 0, -2, 0, 3])
  const graph = {
    name: 'open',
    opset: 13,
    inputs: [{ name: 'input', dtype: 'float32' as const, shape: ['batch', 4] }],
    outputs: [{ name: 'logits', dtype: 'float32' as const, shape: ['batch', 2] }],
    nodes: [node('MatMul', ['input', 'weights'], 'logits')],
    initializers: new Map([['weights', weights]]),
  }
  return writeOnnx(graph, provenanceOf('test'))
}

describe('an offline model', () => {
  const folder = scratchFolder()
  let models: OfflineModels
  let libraryBefore: string | undefined
  before(function () {
    libraryBefore = process.env['AASIST_ACL_LIBRARY']
    process.env['AASIST_ACL_LIBRARY'] = requireSimulator(this)
    models = new OfflineModels()
  })
  after(() => {
    if (libraryBefore === undefined) delete process.env['AASIST_ACL_LIBRARY']
    else process.env['AASIST_ACL_LIBRARY'] = libraryBefore
  })
  after(() => models.remove())

  const onnxFile = (name: string, bytes: Uint8Array): string => {
    mkdirSync(folder(), { recursive: true })
    writeFileSync(join(folder(), name), bytes)
    return join(folder(), name)
  }
  const clips = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => {
      const path = join(folder(), `${index}.wav`)
      mkdirSync(folder(), { recursive: true })
      writeFileSync(path, speechWav({ seconds: 0.1, seed: index + 1 }))
      return path
    })
  const scoresOf = async (model: string | Uint8Array, paths: readonly string[], device: 'cpu' | 'npu') => {
    // Longer than decoding takes on any machine: how full runs are is not to depend on its speed.
    await using detector = await Detector.load({ model, device, sessions: 1, batchWaitMs: 1000 })
    const results = await collect(detector.scoreFiles(paths))
    for (const { error } of results) expect(error).to.equal(undefined)
    const scores = results.map(result => (result as { score: number }).score)
    return { scores, runs: detector.stats().done, batches: detector.batches }
  }

  it('with gears takes runs of the largest for a list, and of those that fit for the rest', async function () {
    this.timeout(60_000)
    const onnx = openBatch()
    const om = models.compile(onnxFile('open.onnx', onnx), [
      '--input_shape=input:-1,4',
      '--dynamic_batch_size=1,4,8',
    ])
    const paths = clips(19)
    const expected = await scoresOf(onnx, paths, 'cpu')
    const found = await scoresOf(om, paths, 'npu')
    expect(found.batches).to.deep.equal([1, 4, 8])
    // A session that would idle takes a run that is not full yet.
    expect(found.runs).to.be.within(2 + 3, 8)
    expect(found.scores).to.deep.equal(expected.scores)
    expect((await scoresOf(om, paths.slice(0, 12), 'npu')).runs).to.be.within(1 + 1, 5)
  })

  it('with gears without 1 scores single clips too', async function () {
    this.timeout(60_000)
    const om = models.compile(onnxFile('gears.onnx', openBatch()), [
      '--input_format=ND',
      '--input_shape=input:-1,4',
      '--dynamic_dims=4;8',
    ])
    await using detector = await Detector.load({ model: om })
    expect([detector.batch, detector.batches]).to.deep.equal([8, [4, 8]])
    const samples = Float32Array.of(0.5, 0.25, -0.5, 0.125)
    const { score } = await detector.score({ samples, sampleRateHz: 16_000 })
    expect(score).to.equal(0.5 + 0.125 + 1 + 0.375)
  })
})
