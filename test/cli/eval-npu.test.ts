/** The whole evaluation on the simulator, whose scores must be onnxruntime's to the last bit. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { AclSession, OrtSession } from '../../lib/session'
import type { Feeds } from '../../lib/session'
import { demoModel, readJson } from '../support/golden'
import { referenceData } from '../support/environment'
import { OfflineModels, requireSimulator, simulatorSettings } from '../support/native'
import { aasist, expectFailure, expectSuccess } from './support'

describe('aasist on an NPU', () => {
  let library: string
  let models: OfflineModels
  let folder: string
  before(function () {
    library = requireSimulator(this)
    models = new OfflineModels()
    folder = mkdtempSync(join(tmpdir(), 'aasist-npu-'))
  })
  after(() => {
    if (folder) rmSync(folder, { recursive: true, force: true })
  })
  after(() => models.remove())
  const run = (...args: string[]) =>
    aasist(args, {
      env: { ...simulatorSettings(), AASIST_ACL_LIBRARY: library, ACL_SIM_DEVICES: '2' },
      timeoutSeconds: 280,
    })

  async function convert(checkpoint: string, config: string): Promise<{ onnx: string; om: string }> {
    const onnx = join(folder, `${checkpoint.replaceAll(/\W+/g, '-')}.onnx`)
    expectSuccess(
      await run('convert', '--checkpoint', checkpoint, '--config', config, '--target', 'cpu', '--out', onnx),
    )
    return { onnx, om: models.compile(onnx) }
  }

  async function evaluate(model: string, data: string, out: string, ...more: string[]): Promise<string> {
    expectSuccess(await run('eval', '--model', model, '--data', data, '--out', join(folder, out), ...more))
    return readFileSync(join(folder, out, 'eval_scores.txt'), 'utf8')
  }

  it('scores the demo clips as onnxruntime does, to the last bit, on every NPU there is', async function () {
    this.timeout(120_000)
    const { onnx, om } = await convert(demoModel.checkpoint, demoModel.config)
    const [npu, cpu] = await Promise.all([
      evaluate(om, demoModel.corpus, 'demo-npu', '--device', 'npu'),
      evaluate(onnx, demoModel.corpus, 'demo-cpu', '--device', 'cpu', '--sessions', '1'),
    ])
    expect(npu.trim().split('\n')).to.have.length(37)
    expect(npu).to.equal(cpu)
    const { provenance } = readJson(folder, 'demo-npu', 'metrics.json') as {
      provenance: { device: string; model: { format: string } }
    }
    expect(provenance.device).to.equal('npu 0 (Ascend310P3)')
    expect(provenance.model.format).to.equal('om')
  })

  it('gives both outputs of the model as onnxruntime does, to the last bit', async function () {
    this.timeout(60_000)
    const { onnx, om } = await convert(demoModel.checkpoint, demoModel.config)
    for (const [name, value] of Object.entries(simulatorSettings())) process.env[name] ??= value
    await using npu = await AclSession.create(om, { libraryPath: library })
    await using cpu = await OrtSession.create(onnx, { threads: 1 })
    expect(npu.outputNames).to.deep.equal(cpu.outputNames)
    const data = Float32Array.from({ length: 64_600 }, (_, index) => Math.sin(index * index * 1e-5) / 3)
    const feeds: Feeds = { [npu.inputNames[0]!]: { type: 'float32', dims: [1, 64_600], data } }
    expect(await npu.run(feeds)).to.deep.equal(await cpu.run(feeds))
  })

  it('scores the real clips as onnxruntime does, to the last bit', async function () {
    const data = referenceData(this)
    this.timeout(300_000)
    const checkpoint = join(data, 'checkpoints', 'AASIST-L.pth')
    const { onnx, om } = await convert(checkpoint, checkpoint.replace(/pth$/, 'conf'))
    const [npu, cpu] = await Promise.all([
      evaluate(om, join(data, 'LA'), 'real-npu', '--device', 'npu'),
      evaluate(onnx, join(data, 'LA'), 'real-cpu', '--device', 'cpu', '--sessions', '1'),
    ])
    expect(npu.trim().split('\n')).to.have.length(186)
    expect(npu).to.equal(cpu)
  })

  it('takes device ids, and says when one is not there', async () => {
    const { om } = await convert(demoModel.checkpoint, demoModel.config)
    const clip = join(demoModel.corpus, 'ASVspoof2019_LA_eval', 'flac', 'DEMO_E_0001000.flac')
    const score = await run('score', '--json', '--model', om, '--device', '1', clip)
    expectSuccess(score)
    expect(JSON.parse(score.stdout)).to.have.deep.property('device', {
      kind: 'npu',
      id: 1,
      socName: 'Ascend310P3',
    })
    expectFailure(await run('score', '--model', om, '--device', '0,7', clip), 1, 'ACL_NO_DEVICE')
    expectFailure(await run('score', '--model', om, '--device', 'cpu', clip), 2, 'INVALID_ARGUMENT')
  })
})
