/** The demo network on the simulator against onnxruntime-node on the same file. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import * as ort from 'onnxruntime-node'
import { requireTool, root } from '../support/environment'
import { syntheticSignal } from '../support/golden'
import { Client } from './clients'
import { requireSimulatorBuild } from './support'

const model = join(root, 'test', 'fixtures', 'demo', 'aasist-l-demo-torch-opset11.onnx')

describe('the demo network on the simulator', function () {
  this.timeout(120_000)
  let folder = ''
  let expected: readonly Float32Array[]
  let compileAndRun: (...options: string[]) => readonly Float32Array[]

  before(async function () {
    requireTool(this, 'g++')
    const { folder: simulator, atc, environment } = requireSimulatorBuild(this)
    folder = mkdtempSync(join(tmpdir(), 'aasist-demo-'))
    const client = new Client('run', simulator, folder, environment)
    const signal = syntheticSignal()
    writeFileSync(join(folder, 'input.bin'), signal)
    const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 })
    const outputs = await session.run({ input: new ort.Tensor('float32', signal, [1, signal.length]) })
    expected = session.outputNames.map(name => Float32Array.from(outputs[name]!.data as Float32Array))
    await session.release()
    compileAndRun = (...options) => {
      const om = join(folder, 'demo')
      const fixed = [`--model=${model}`, '--framework=5', '--soc_version=Ascend310P3', `--output=${om}`]
      execFileSync(atc, [...fixed, ...options], {
        cwd: folder,
        env: { ...process.env, ...environment },
        stdio: 'pipe',
      })
      const { status, stderr } = client.start([`${om}.om`, folder, join(folder, 'input.bin')])
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
      return expected.map((_, i) => {
        const bytes = readFileSync(join(folder, `${i}.bin`))
        return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
      })
    }
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  it('gives the same bits when compiled with original precision', () => {
    expect(compileAndRun('--precision_mode=must_keep_origin_dtype')).to.deep.equal(expected)
  })

  it('is close but not equal with weights of half precision', () => {
    const [, logits] = compileAndRun()
    expect(logits).not.to.deep.equal(expected[1])
    logits!.forEach((value, i) => expect(value).to.be.closeTo(expected[1]![i]!, 0.05))
  })
})
