import { expect } from 'chai'
import { batchOf, chooseShapes, parseNamedDims, type ShapeChoice } from '../../lib/benchmark/shapes'
import { errorCode } from '../../lib/errors'
import type { TensorMetadata } from '../../lib/session'

const input = (name: string, shape: readonly (number | string)[]): TensorMetadata => ({
  name,
  isTensor: true,
  type: 'float32',
  shape,
})
const chosen = (inputs: readonly TensorMetadata[], choice: ShapeChoice): readonly (readonly number[])[] =>
  chooseShapes(inputs, choice).map(({ dims }) => dims)
const dims = (text: string): ShapeChoice => ({ kind: 'dims', dims: parseNamedDims(text) })
const codeOf = (act: () => unknown): string | undefined => {
  try {
    act()
  } catch (error) {
    return errorCode(error)
  }
  return 'nothing was thrown'
}

describe('benchmark: shapes of inputs', () => {
  const batched = [input('x', ['batch', 64_600]), input('mask', ['batch', 1])]

  it('are those of the model where it has one', () => {
    expect(chosen([input('x', [1, 3])], { kind: 'as the model says' })).to.deep.equal([[1, 3]])
  })

  it('take a batch, a height and width, or dimensions by name', () => {
    expect(chosen(batched, { kind: 'batch', batch: 4 })).to.deep.equal([
      [4, 64_600],
      [4, 1],
    ])
    const image = [input('image', [1, 3, 'height', 'width'])]
    expect(chosen(image, { kind: 'image', height: 4, width: 5 })).to.deep.equal([[1, 3, 4, 5]])
    const open = [input('a:0', ['', 3]), input('b', [2])]
    expect(chosen(open, dims('a:0:7,3'))).to.deep.equal([[7, 3], [2]])
  })

  it('count for the batch that was chosen, whichever input comes first', () => {
    const inputs = [input('table', [10, 3]), input('x', ['batch', 64_600])]
    const count = (choice: ShapeChoice): number => batchOf(chooseShapes(inputs, choice), choice)
    expect(count({ kind: 'batch', batch: 4 })).to.equal(4)
    expect(count(dims('x:4,64600;table:10,3'))).to.equal(4)
    expect(
      batchOf(chooseShapes([input('x', [8, 3])], { kind: 'as the model says' }), {
        kind: 'as the model says',
      }),
    ).to.equal(8)
  })

  for (const [what, act, code] of [
    [
      'an open model without a choice',
      () => chosen(batched, { kind: 'as the model says' }),
      'INVALID_ARGUMENT',
    ],
    [
      'a choice for a model with one shape',
      () => chosen([input('x', [1])], { kind: 'batch', batch: 2 }),
      'INVALID_ARGUMENT',
    ],
    ['an input that is not there', () => chosen(batched, dims('y:1,2')), 'INVALID_ARGUMENT'],
    ['an input left open', () => chosen(batched, dims('x:1,64600')), 'INVALID_ARGUMENT'],
    ['dimensions that do not fit', () => chosen(batched, dims('x:1,64601;mask:1,1')), 'INPUT_SHAPE'],
    [
      'a number of dimensions that does not fit',
      () => chosen(batched, dims('x:64600;mask:1,1')),
      'INPUT_SHAPE',
    ],
    ['text without shapes', () => parseNamedDims('x'), 'INVALID_ARGUMENT'],
    ['a size of 0', () => parseNamedDims('x:0,3'), 'INVALID_ARGUMENT'],
    ['a name twice', () => parseNamedDims('x:1;x:2'), 'INVALID_ARGUMENT'],
    ['nothing', () => parseNamedDims(''), 'INVALID_ARGUMENT'],
  ] as const) {
    it(`refuse ${what} (${code})`, () => {
      expect(codeOf(act)).to.equal(code)
    })
  }
})
