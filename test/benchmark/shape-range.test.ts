import { expect } from 'chai'
import { parseShapeRange } from '../../lib'
import { ArgumentTypeError } from '../../lib/errors'

describe('benchmark: ranges of shapes', () => {
  for (const [text, expected] of [
    ['a:1,3,224', ['a:1,3,224']],
    ['a:1,3,224~226', ['a:1,3,224', 'a:1,3,225', 'a:1,3,226']],
    ['a:1,3,200~224~8', ['a:1,3,200', 'a:1,3,208', 'a:1,3,216', 'a:1,3,224']],
    ['a:1~2,3,224-300', ['a:1,3,224', 'a:1,3,300', 'a:2,3,224', 'a:2,3,300']],
    ['a:1-2,3;b:4,5~6', ['a:1,3;b:4,5', 'a:1,3;b:4,6', 'a:2,3;b:4,5', 'a:2,3;b:4,6']],
    ['scope/x:0:1,2', ['scope/x:0:1,2']],
    ['a:1\n\n a:2 \n', ['a:1', 'a:2']],
    ['a:1\na:1~2', ['a:1', 'a:2']],
  ] as const) {
    it(`reads ${JSON.stringify(text)}`, () => {
      expect(parseShapeRange(text)).to.deep.equal(expected)
    })
  }

  for (const [what, text] of [
    ['nothing', ''],
    ['no name', '1,3'],
    ['a range downwards', 'a:5~2'],
    ['a step of nothing', 'a:1~5~0'],
    ['a size of nothing', 'a:0,3'],
    ['words', 'a:one'],
    ['more shapes than anyone waits for', 'a:1~10000,1~2'],
    ['more than memory holds', 'a:1~999999999'],
    ['more than memory holds, by several ranges', 'a:1~1000,1~1000,1~1000,1~1000'],
    ['more than memory holds, line by line', 'a:1~9999\n'.repeat(20_000)],
    ['more sizes than a line holds', `a:${'1,'.repeat(400_000)}1`],
    ['a name that goes on and on', `${'a'.repeat(900_000)}:1~10000`],
    ['a name twice', 'a:1;a:2'],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => parseShapeRange(text)).to.throw(ArgumentTypeError)
    })
  }
})
