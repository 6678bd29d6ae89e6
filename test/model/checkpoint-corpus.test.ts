import { expect } from 'chai'
import { ModelError } from '../../lib/errors'
import { convertCheckpoint } from '../../lib/model/convert'
import { badModelFiles, goodCheckpoint, goodConfig } from './bad-model-files'
import { readCheckpoint } from '../../lib/model/checkpoint/checkpoint'
import { stateDictFile } from './checkpoint-files'

describe('convertCheckpoint', () => {
  for (const { name, bytes, config = goodConfig, code } of badModelFiles) {
    it(`gives ${code} for ${name}`, () => {
      expect(() => convertCheckpoint(bytes(), config))
        .to.throw(ModelError)
        .with.property('code', code)
    })
  }

  it('converts what the bad files were made from, so each fails for its own reason', () => {
    const rewritten = stateDictFile(readCheckpoint(goodCheckpoint()))
    const onnx = convertCheckpoint(goodCheckpoint(), goodConfig)
    expect(onnx.length).to.be.above(10_000)
    expect(convertCheckpoint(rewritten, goodConfig)).to.deep.equal(onnx)
  })
})
