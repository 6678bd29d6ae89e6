import { expect } from 'chai'
import { ToolError } from '../../lib/errors'
import { checkSoc, detectSoc, socVersionOf, socVersionOfBoard, type SocSource } from '../../lib/toolchain/soc'

const knows = (name: string, ...socs: string[]): SocSource => ({ name, find: () => Promise.resolve(socs) })
const fails = (name: string, reason: string): SocSource => ({
  name,
  find: () => Promise.reject(new Error(reason)),
})

describe('toolchain: the SoC', () => {
  for (const [name, soc] of [
    ['310P3', 'Ascend310P3'],
    ['Ascend 310P3', 'Ascend310P3'],
    ['Ascend310P3', 'Ascend310P3'],
    ['310', 'Ascend310'],
    ['310B4', 'Ascend310B4'],
    ['910B3', 'Ascend910B3'],
    ['910B4-1', 'Ascend910B4-1'],
    ['910ProB', 'Ascend910ProB'],
    ['910_9392', 'Ascend910_9392'],
  ] as const) {
    it(`of ${name} is ${soc}`, () => expect(socVersionOf(name)).to.equal(soc))
  }
  for (const name of ['310P', '310B', '710', '910', '910C', 'Mcu', '', null]) {
    it(`of ${String(name)} is not known from the name alone`, () => expect(socVersionOf(name)).to.equal(null))
  }

  it('of a two-die chip is the chip name and the NPU name of its board', () => {
    const board = (chip: string, npu: string) =>
      new Map([
        ['chip name', chip],
        ['npu name', npu],
      ])
    expect(socVersionOfBoard(board('Ascend910', '9392'))).to.equal('Ascend910_9392')
    expect(socVersionOfBoard(board('Ascend950PR', '9599'))).to.equal('Ascend950PR_9599')
    expect(socVersionOfBoard(board('Ascend910', 'NA'))).to.equal(null)
    expect(socVersionOfBoard(new Map([['chip name', '310P3']]))).to.equal('Ascend310P3')
    expect(socVersionOfBoard(new Map())).to.equal(null)
  })

  it('is refused without Ascend in front', () => {
    for (const soc of ['310P3', 'ascend310P3', '', 'Ascend310P3; rm -rf', 'Ascend']) {
      expect(() => checkSoc(soc), soc)
        .to.throw()
        .with.property('code', 'INVALID_ARGUMENT')
    }
    expect(checkSoc('Ascend310P3')).to.equal('Ascend310P3')
  })

  it('is what the first source says that knows', async () => {
    const sources = [
      fails('a', 'no driver'),
      knows('b'),
      knows('c', 'Ascend310P3', 'Ascend310P3'),
      fails('d', 'x'),
    ]
    expect(await detectSoc(sources, undefined)).to.deep.equal({ soc: 'Ascend310P3', source: 'c' })
  })

  for (const [what, sources] of [
    ['nobody knows', [fails('one', 'no driver'), knows('two')]],
    ['there are several kinds', [knows('one', 'Ascend310P3', 'Ascend910B3'), knows('two', 'Ascend310P3')]],
  ] as const) {
    it(`is never guessed: when ${what} the error lists what was tried`, async () => {
      const error = await detectSoc(sources, undefined).catch((caught: unknown) => caught)
      expect(error).to.be.instanceOf(ToolError).with.property('code', 'SOC_UNKNOWN')
      expect((error as ToolError).message)
        .to.include('one')
        .and.to.include('--soc')
      expect((error as ToolError).detail['tried']).to.have.length.of.at.least(1)
    })
  }
})
