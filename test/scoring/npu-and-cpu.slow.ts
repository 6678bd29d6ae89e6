/** A checkpoint on NPUs and the CPU at once: order, devices by name, and an end that no slow session holds up. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Detector, evaluate } from '../../lib/scoring'
import { atc, requireSimulator } from '../support/native'
import { scratchFolder } from '../support/scratch-folder'
import { collect, demoClips, demoLines, sharedDetector, tinyModel, writeCorpus } from './support'

describe("device 'npu+cpu'", function () {
  this.timeout(120_000)
  const folder = scratchFolder()
  let libraryBefore: string | undefined
  before(function () {
    libraryBefore = process.env['AASIST_ACL_LIBRARY']
    process.env['AASIST_ACL_LIBRARY'] = requireSimulator(this)
  })
  after(() => {
    if (libraryBefore === undefined) delete process.env['AASIST_ACL_LIBRARY']
    else process.env['AASIST_ACL_LIBRARY'] = libraryBefore
  })
  const cpu = sharedDetector(() => ({ model: tinyModel.checkpoint, device: 'cpu', sessions: 1 }))
  const options = () => ({
    model: tinyModel.checkpoint,
    device: 'npu+cpu' as const,
    sessions: 1,
    compile: {
      atc,
      soc: 'Ascend310P3',
      precisionModeV2: 'origin',
      cacheFolder: join(folder(), 'cache'),
    } as const,
  })

  it('scores a list in order on both, and each score names what computed it', async () => {
    await using detector = await Detector.load(options())
    expect(detector.device.kind).to.equal('npu')
    expect(detector.devices.at(-1)).to.deep.equal({ kind: 'cpu', threads: 1 })
    const paths = Array.from({ length: 5 }, () => demoClips).flat()
    const results = await collect(detector.scoreFiles(paths))
    expect(results.map(({ file }) => file)).to.deep.equal(paths)
    const kinds = new Set(
      results.map(result => (result.error === undefined ? result.device.kind : result.error.code)),
    )
    expect([...kinds].sort()).to.deep.equal(['cpu', 'npu'])
    const alone = await collect(cpu().scoreFiles(demoClips))
    for (const [index, result] of results.entries()) {
      const expected = alone[index % alone.length] as { score: number }
      expect((result as { score: number }).score).to.be.closeTo(expected.score, 1e-5)
    }
  })

  it('is in the manifest of an evaluation, and its devices are counted', async () => {
    const [data, out] = [writeCorpus(join(folder(), 'LA'), demoLines(30)), join(folder(), 'out')]
    const { metrics } = await evaluate({ ...options(), data, out })
    // The CPU's share was asked for: nothing failed.
    expect(metrics.warnings.join()).not.to.include('failed')
    const { devices } = metrics.provenance
    expect(devices.reduce((sum, { scored }) => sum + scored, 0)).to.equal(30)
    expect(devices.map(({ kind }) => kind)).to.include('npu')
    const manifest = readFileSync(join(out, 'manifest.json'), 'utf8')
    expect(manifest).to.match(/simulator .*, and onnxruntime \d/)
  })
})
