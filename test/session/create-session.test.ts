import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { createSession } from '../../lib/session'
import type { ModelSource, SessionOptions } from '../../lib/session'
import { addFeeds, addResult, modelPath, rejection } from './support'

describe('createSession', () => {
  const bytes = readFileSync(modelPath('add'))
  const sources: readonly [string, ModelSource, SessionOptions][] = [
    ['the path of an ONNX model', modelPath('add'), {}],
    ['its bytes', bytes, { device: 'cpu' }],
    ['{ onnx } as a path', { onnx: modelPath('add') }, { device: 'cpu', threads: 1 }],
    ['{ om, onnx }, on the CPU without an NPU', { om: 'model.om', onnx: bytes }, { device: 'auto' }],
  ]
  for (const [what, model, options] of sources) {
    it(`takes ${what}`, async () => {
      await using session = await createSession(model, options)
      expect((await session.run(addFeeds))['sum']!.data).to.deep.equal(Float32Array.from(addResult))
      expect(session.device.kind).to.equal('cpu')
    })
  }

  const offlineModel = Buffer.from('IMOD\0\0\0\0')
  const refused: readonly [string, unknown, unknown, string][] = [
    ['an offline model', 'model.om', {}, 'ADDON_NOT_FOUND'],
    ['an offline model whatever the case of its name', 'MODEL.OM', {}, 'ADDON_NOT_FOUND'],
    ['the bytes of an offline model', offlineModel, {}, 'ADDON_NOT_FOUND'],
    ['an NPU', modelPath('add'), { device: 'npu' }, 'ADDON_NOT_FOUND'],
    ['an NPU by its id', { om: 'model.om', onnx: bytes }, { device: 0 }, 'ADDON_NOT_FOUND'],
    ['an offline model on the CPU', { om: 'model.om' }, { device: 'cpu' }, 'INVALID_ARGUMENT'],
    ['a negative device', modelPath('add'), { device: -1 }, 'INVALID_ARGUMENT'],
    ['an unknown device', modelPath('add'), { device: 'gpu' }, 'INVALID_ARGUMENT'],
    ['no model', undefined, {}, 'INVALID_ARGUMENT'],
    ['an empty choice of models', {}, {}, 'INVALID_ARGUMENT'],
    ['a model form that does not exist', { pth: 'model.pth' }, {}, 'UNKNOWN_OPTION'],
    ['an empty path', '', {}, 'MODEL_INVALID'],
    ['an ArrayBuffer', bytes.buffer, {}, 'INVALID_ARGUMENT'],
    ['an unknown option', modelPath('add'), { thread: 1 }, 'UNKNOWN_OPTION'],
    ['a path where nothing is', 'none.onnx', {}, 'MODEL_NOT_FOUND'],
  ]
  for (const [what, model, options, code] of refused) {
    it(`refuses ${what} with ${code}`, () =>
      rejection(createSession(model as ModelSource, options as SessionOptions), code))
  }
})
