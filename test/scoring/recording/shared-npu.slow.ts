import { writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { convertCheckpoint, encoderStrideSamples } from '../../../lib/model'
import { Detector, type CompilationEvent } from '../../../lib/scoring'
import { AclSession } from '../../../lib/session'
import { integerSignal } from '../../audio/signals'
import { integerData, wavFile } from '../../audio/wav-files'
import { atc, simulatedNpu } from '../../support/native'
import { scratchFolder } from '../../support/scratch-folder'
import { cacheIn, collect, tinyModel } from '../support'

const speech = integerSignal('speech-like', 130_000, 16)

describe('windows that share the encoder on an NPU', function () {
  this.timeout(60_000)
  const npu = simulatedNpu()
  const folder = scratchFolder()
  cacheIn(folder)
  let libraryBefore: string | undefined
  before(() => {
    libraryBefore = process.env['AASIST_ACL_LIBRARY']
    process.env['AASIST_ACL_LIBRARY'] = npu.libraryPath
  })
  after(() => {
    if (libraryBefore === undefined) delete process.env['AASIST_ACL_LIBRARY']
    else process.env['AASIST_ACL_LIBRARY'] = libraryBefore
  })

  it('are one offline model, with the logits of separate ones', async () => {
    const checkpoint = readFileSync(tinyModel.checkpoint)
    const config = readFileSync(tinyModel.config, 'utf8')
    const windows = { count: 6, hopSamples: encoderStrideSamples }
    const onnx = join(folder(), 'shared.onnx')
    writeFileSync(onnx, convertCheckpoint(checkpoint, config, { windows, target: 'npu' }))
    const single = join(folder(), 'single.onnx')
    writeFileSync(single, convertCheckpoint(checkpoint, config, { target: 'npu' }))
    await using shared = await AclSession.create(npu.models.compile(onnx), { libraryPath: npu.libraryPath })
    await using separate = await AclSession.create(npu.models.compile(single), {
      libraryPath: npu.libraryPath,
    })
    const length = 5 * windows.hopSamples + tinyModel.windowSamples
    const samples = Float32Array.from(speech.slice(0, length), sample => sample / 32_768)
    const { logits } = await shared.run({ input: { type: 'float32', dims: [1, length], data: samples } })
    for (let row = 0; row < windows.count; row++) {
      const from = row * windows.hopSamples
      const data = samples.slice(from, from + tinyModel.windowSamples)
      const alone = await separate.run({ input: { type: 'float32', dims: [1, data.length], data } })
      const [found, expected] = [logits, alone['logits']].map(output => output!.data as Float32Array)
      expect(found![2 * row + 1]).to.be.closeTo(expected![1]!, 1e-4)
    }
  })

  it('are compiled when a recording first wants them, and score as on the CPU', async () => {
    const options = {
      model: tinyModel.checkpoint,
      compile: { atc, soc: 'Ascend310P3', precisionModeV2: 'origin' },
    } as const
    const recording = wavFile({ data: integerData([speech], 2) })
    const events: CompilationEvent['kind'][] = []
    await using onNpu = await Detector.load({
      ...options,
      device: 'npu',
      onCompile: ({ kind }) => events.push(kind),
    })
    await using onCpu = await Detector.load({ model: tinyModel.checkpoint, device: 'cpu', sessions: 1 })
    const before = events.filter(kind => kind === 'ready').length
    const found = await collect(onNpu.scoreRecording(recording))
    expect(events.filter(kind => kind === 'ready').length - before).to.equal(1)
    const expected = await collect(onCpu.scoreRecording(recording))
    expect(found.map(({ startSeconds }) => startSeconds)).to.deep.equal(
      expected.map(({ startSeconds }) => startSeconds),
    )
    for (const [at, window] of found.entries()) {
      expect(window.score).to.be.closeTo(expected[at]!.score!, 1e-4)
      expect(window).to.have.nested.property('device.kind', 'npu')
    }
  })
})
