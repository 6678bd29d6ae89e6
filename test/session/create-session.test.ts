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
    [
      '{ om, onnx } on the CPU, whatever the offline model',
      { om: 'model.om', onnx: bytes },
      { device: 'cpu' },
    ],
  ]
  for (const [what, model, options] of sources) {
    it(`takes ${what}`, async () => {
      await using session = await createSession(model, options)
      expect((await session.run(addFeeds))['sum']!.data).to.deep.equal(Float32Array.from(addResult))
      expect(session.device.kind).to.equal('cpu')
    })
  }

  const refused: readonly [string, unknown, unknown, string][] = [
    ['an offline model that is not there', 'none.om', {}, 'MODEL_NOT_FOUND'],
    ['one whatever the case of its name', 'NONE.OM', {}, 'MODEL_NOT_FOUND'],
    [
      'one that is not there on an NPU, though the ONNX is',
      { om: 'none.om', onnx: bytes },
      { device: 0 },
      'MODEL_NOT_FOUND',
    ],
    ['an ONNX model on an NPU', modelPath('add'), { device: 'npu' }, 'INVALID_ARGUMENT'],
    ['several devices', { om: 'none.om' }, { device: [0, 1] }, 'INVALID_ARGUMENT'],
    ['no devices', { om: 'none.om' }, { device: [] }, 'INVALID_ARGUMENT'],
    ['an empty libraryPath', { om: 'none.om' }, { libraryPath: '' }, 'INVALID_ARGUMENT'],
    ['output sizes that are none', { om: 'none.om' }, { outputBytes: { y: 0 } }, 'INVALID_ARGUMENT'],
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
