import { expect } from 'chai'
import { ModelError } from '../../lib/errors'
import type { Session, TensorMetadata, TensorType } from '../../lib/session'
import { findScoreInterface } from '../../lib/scoring/score-interface'

type Shape = readonly (number | string)[]

const tensor = (name: string, shape: Shape, type: TensorType = 'float32'): TensorMetadata => ({
  name,
  isTensor: true,
  type,
  shape,
})

function found(inputs: readonly TensorMetadata[], outputs: readonly TensorMetadata[]) {
  const inputNames = inputs.map(({ name }) => name)
  return findScoreInterface({
    inputNames,
    inputMetadata: inputs,
    outputMetadata: outputs,
  } as unknown as Session)
}

const input = tensor('input', [1, 64_600])
const hidden = tensor('last_hidden', [1, 160])
const logits = tensor('logits', [1, 2])

describe('findScoreInterface', () => {
  it('finds the logits by their name, wherever they stand', () => {
    const expected = { input: 'input', output: 'logits', batch: 1, batches: [1], windowSamples: 64_600 }
    expect(found([input], [hidden, logits])).to.deep.equal(expected)
    expect(found([input], [logits, hidden])).to.deep.equal(expected)
  })

  it('takes the second output where none is called logits, as in the original export, and an only one', () => {
    expect(found([input], [tensor('output', [1, 160]), tensor('900', [1, 2])]).output).to.equal('900')
    expect(found([input], [tensor('y', [1, 2])]).output).to.equal('y')
  })

  it('knows that a symbolic batch is any batch', () => {
    expect(found([tensor('x', ['batch', 64_600])], [tensor('y', ['batch', 2])]).batch).to.equal(null)
  })

  const refused: readonly [
    what: string,
    inputs: TensorMetadata[],
    outputs: TensorMetadata[],
    reason: RegExp,
  ][] = [
    ['no input', [], [logits], /0 inputs/],
    ['two inputs', [input, tensor('mask', [1, 64_600])], [logits], /2 inputs/],
    ['integers', [tensor('input', [1, 64_600], 'int16')], [logits], /int16 \[1,64600\]/],
    ['spectrograms', [tensor('input', [1, 80, 400])], [logits], /\[1,80,400\]/],
    ['windows of any length', [tensor('input', [1, 'samples'])], [logits], /samples/],
    ['a window of a year', [tensor('input', [1, 5e11])], [logits], /at most 1024 windows of 960000/],
    ['no samples', [tensor('input', [1, 0])], [logits], /at most/],
    ['a billion clips at once', [tensor('input', [1e9, 64_600])], [logits], /at most/],
    ['no output', [input], [], /nothing/],
    ['one logit', [input], [tensor('logits', [1, 1])], /\[1,1\], expected float32 \[batch, 2\]/],
    ['logits of another type', [input], [tensor('logits', [1, 2], 'float64')], /float64/],
    ['only a hidden vector', [input], [hidden], /\[1,160\]/],
  ]
  for (const [what, inputs, outputs, reason] of refused) {
    it(`refuses a model with ${what} with MODEL_INVALID and the shape it found`, () => {
      expect(() => found(inputs, outputs))
        .to.throw(ModelError, reason)
        .with.property('code', 'MODEL_INVALID')
    })
  }
})
