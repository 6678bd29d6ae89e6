/** The whole evaluation on the simulator, whose scores must be onnxruntime's to the last bit. */
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { AclSession, OrtSession } from '../../lib/session'
import type { Feeds } from '../../lib/session'
import { tinyModel } from '../scoring/support'
import { demoModel, readJson } from '../support/golden'
import { atc, simulatorSettings } from '../support/native'
import { npuBench } from './npu-bench'
import { aasist, expectFailure, expectSuccess, quoted, shell } from './support'

interface Metrics {
  readonly warnings: readonly string[]
  readonly provenance: {
    readonly device: string
    readonly devices: readonly { readonly id?: number; readonly scored: number }[]
    readonly model: { readonly format: string }
    readonly versions: { readonly cann: string | null }
    readonly npu: object | null
  }
}

const clip = join(demoModel.corpus, 'ASVspoof2019_LA_eval', 'flac', 'DEMO_E_0001000.flac')

describe('aasist on an NPU', () => {
  const bench = npuBench()
  const { environment, run, convert, evaluate } = bench
  const metricsOf = (out: string): Metrics => readJson(bench.folder(), out, 'metrics.json') as Metrics

  it('scores the demo clips as onnxruntime does, to the last bit, on every NPU there is', async function () {
    this.timeout(120_000)
    const { onnx, om } = await convert(demoModel.checkpoint, demoModel.config)
    const [npu, cpu] = await Promise.all([
      evaluate(om, demoModel.corpus, 'demo-npu', '--device', 'npu'),
      evaluate(onnx, demoModel.corpus, 'demo-cpu', '--device', 'cpu', '--sessions', '1'),
    ])
    expect(npu.trim().split('\n')).to.have.length(37)
    expect(npu).to.equal(cpu)
    const { provenance, warnings } = metricsOf('demo-npu')
    expect(provenance.device).to.equal('npu 0, 1 (Ascend310P3)')
    expect(provenance.devices.map(({ id }) => id)).to.deep.equal([0, 1])
    expect(provenance.devices.reduce((sum, { scored }) => sum + scored, 0)).to.equal(37)
    expect(provenance.model.format).to.equal('om')
    expect(provenance.versions.cann).to.equal('8.5')
    expect(provenance.npu).to.deep.equal({ library: bench.library(), aclVersion: '1.16.0', simulator: true })
    expect(warnings.filter(text => text.includes('simulator'))).to.have.length(1)
    const { provenance: ofCpu, warnings: onCpu } = metricsOf('demo-cpu')
    expect(ofCpu.versions.cann).to.equal(null)
    expect(ofCpu.npu).to.equal(null)
    expect(ofCpu.devices).to.deep.equal([{ kind: 'cpu', threads: 1, scored: 37 }])
    expect(onCpu.filter(text => text.includes('simulator'))).to.deep.equal([])
  })

  it('writes equal bytes and equal manifests whichever NPUs compute', async function () {
    this.timeout(60_000)
    const { om } = await convert(tinyModel.checkpoint, tinyModel.config)
    const [one, two] = await Promise.all([
      evaluate(om, demoModel.corpus, 'one', '--device', '1'),
      evaluate(om, demoModel.corpus, 'two', '--device', '0,1'),
    ])
    expect(two).to.equal(one)
    expect(readJson(bench.folder(), 'two', 'manifest.json')).to.deep.equal(
      readJson(bench.folder(), 'one', 'manifest.json'),
    )
    const manifest = readJson(bench.folder(), 'one', 'manifest.json') as { runtime: string; cpu: string }
    expect(manifest.runtime).to.match(/^simulator \(CANN 8\.5, AscendCL 1\.16\.0, Ascend310P3\)$/)
    // The simulator computes on it.
    expect(manifest.cpu).to.be.a('string')
    expect(metricsOf('one').provenance.device).to.equal('npu 1 (Ascend310P3)')
  })

  it('names with every score the NPU that computed it, and says once that there was none', async function () {
    this.timeout(60_000)
    const { om } = await convert(tinyModel.checkpoint, tinyModel.config)
    const clips = join(demoModel.corpus, 'ASVspoof2019_LA_eval', 'flac')
    const [json, plain] = await Promise.all([
      run('score', '--json', '--model', om, '--device', '0,1', clips),
      run('score', '--model', om, '--device', 'npu', clips),
    ])
    expectSuccess(json)
    const results = json.stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { device: { id: number }; warnings: { code: string }[] })
    expect(results).to.have.length(37)
    expect([...new Set(results.map(({ device }) => device.id))].sort()).to.deep.equal([0, 1])
    for (const { warnings } of results) {
      expect(warnings.map(({ code }) => code)).to.include('NPU_SIMULATED')
    }
    expectSuccess(plain)
    expect(plain.stderr.match(/no NPU was used/g)).to.have.length(1)
  })

  it('says in latency mode that the scores are placeholders', async () => {
    const { om } = await convert(tinyModel.checkpoint, tinyModel.config)
    const ended = await aasist(['score', '--model', om, clip], {
      env: { ...environment(), ACL_SIM_EXEC_US: '100' },
    })
    expectSuccess(ended)
    expect(ended.stderr).to.match(/latency mode.*placeholders/)
  })

  it('ends a run that hangs after --timeout on the only NPU, goes on with the others, and takes it up again', async function () {
    this.timeout(60_000)
    const { om } = await convert(tinyModel.checkpoint, tinyModel.config)
    const out = join(bench.folder(), 'hanging')
    const args = ['eval', '--model', om, '--data', demoModel.corpus, '--out', out, '--timeout', '2']
    const ended = await aasist([...args, '--device', '1'], {
      env: { ...environment(), ACL_SIM_FAULTS: 'task:hang@5' },
      timeoutSeconds: 100,
    })
    expectFailure(ended, 1, 'RUN_TIMEOUT')
    expect(readFileSync(join(out, 'eval_scores.txt'), 'utf8').trim().split('\n')).to.have.length(36)
    const log = readFileSync(join(out, 'run.jsonl'), 'utf8')
    expect(log).to.match(/"event":"failed".*"code":"RUN_TIMEOUT"/)
    expect(log).to.match(/"event":"failover"/)
    expectSuccess(await run(...args, '--device', '0'))
    expect(metricsOf('hanging').provenance).to.include({ scoredEarlier: 36, device: 'npu 0 (Ascend310P3)' })
  })

  it('says without atc how a checkpoint gets onto an NPU, in commands that work as they stand, the card included', async function () {
    this.timeout(120_000)
    const place = join(bench.folder(), 'steps')
    mkdirSync(place)
    const options = { cwd: place, env: environment() }
    const args = ['score', clip, '--device', 'npu', '--model']
    const refused = await aasist([...args, demoModel.checkpoint], options)
    expectFailure(refused, 2, 'INVALID_ARGUMENT')
    const steps = refused.stderr.split('\n').filter(line => line.startsWith('  '))
    expect(steps).to.have.length(2)
    const line = steps.join(' && ').replace('aasist convert', '$AASIST convert')
    expectSuccess(await shell(`PATH=${quoted(dirname(atc))}:$PATH; ${line}`, options))
    const [, name = ''] = /^and name (\S+) as the model/m.exec(refused.stderr)!
    const ended = await aasist([...args, name], options)
    expectSuccess(ended)
    expect(ended.stdout).to.match(/ bonafide /)
    expect(ended.stderr)
      .to.match(/bona fide from 1\.107 up/)
      .and.match(/demo weights/)
  })

  it('gives both outputs of the model as onnxruntime does, to the last bit', async function () {
    this.timeout(60_000)
    const { onnx, om } = await convert(demoModel.checkpoint, demoModel.config)
    for (const [name, value] of Object.entries(simulatorSettings())) process.env[name] ??= value
    await using npu = await AclSession.create(om, { libraryPath: bench.library() })
    await using cpu = await OrtSession.create(onnx, { threads: 1 })
    expect(npu.outputNames).to.deep.equal(cpu.outputNames)
    const data = Float32Array.from({ length: 64_600 }, (_, index) => Math.sin(index * index * 1e-5) / 3)
    const feeds: Feeds = { [npu.inputNames[0]!]: { type: 'float32', dims: [1, 64_600], data } }
    expect(await npu.run(feeds)).to.deep.equal(await cpu.run(feeds))
  })

  it('takes device ids, and says when one is not there', async () => {
    const { om } = await convert(demoModel.checkpoint, demoModel.config)
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
