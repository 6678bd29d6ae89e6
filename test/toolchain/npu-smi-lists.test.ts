import { expect } from 'chai'
import { parseKeyValues, parseNpuSmiList, parseNpuSmiMap } from '../../lib/toolchain/npu-smi-lists'
import { board9392, guide310P3, map310P3, map910B3, mapWithPhyId } from './npu-smi-texts'

describe('toolchain: npu-smi info -m', () => {
  const chip = (npuId: number, chipId: number, logicId: number, name: string) => ({
    npuId,
    chipId,
    logicId,
    name,
  })

  it('gives the chips to compute on, without the controllers', () => {
    expect(parseNpuSmiMap(map310P3)).to.deep.equal([chip(0, 0, 0, '310P3'), chip(1, 0, 1, '310P3')])
  })
  it('may be aligned with tabs, with NPU ids that are not the logic ids', () => {
    expect(parseNpuSmiMap(map910B3)).to.deep.equal([chip(0, 0, 0, '910B3'), chip(5, 0, 1, '910B3')])
  })
  it('may have a column more', () => {
    expect(parseNpuSmiMap(mapWithPhyId)).to.deep.equal([chip(3, 0, 0, '910C'), chip(3, 1, 1, '910C')])
  })
  it('may have its columns in another order, with borders and Windows line ends', () => {
    const text = '| Chip Name | NPU ID | Chip ID | Chip Logic ID |\r\n| Ascend 310P3 | 4 | 0 | 2 |\r\n'
    expect(parseNpuSmiMap(text)).to.deep.equal([chip(4, 0, 2, '310P3')])
  })
  for (const [what, text] of [
    ['another table', guide310P3],
    ['nothing', ''],
    ['numbers without a header', '0 0 0 Ascend 310P3'],
    ['a header alone', 'NPU ID  Chip ID  Chip Logic ID  Chip Name'],
    ['rows that are too short', 'NPU ID  Chip ID  Chip Logic ID  Chip Name\n0 0\n'],
  ] as const) {
    it(`finds no chip in ${what}`, () => expect(parseNpuSmiMap(text)).to.deep.equal([]))
  }
})

describe('toolchain: npu-smi info -l and -t', () => {
  it('lists cards with the chips on each', () => {
    const text =
      'Total Count : 2\n\n NPU ID   : 1\n Product Name : x\n Chip Count : 2\n\n NPU ID : 32896\n Chip Count : 1\n'
    expect(parseNpuSmiList(text)).to.deep.equal([
      { npuId: 1, chips: 2 },
      { npuId: 32896, chips: 1 },
    ])
  })
  it('gives values by name, split at the first colon', () => {
    const values = parseKeyValues(`${board9392}\tPCIe Bus Info : 0000:82:00.0\r\n`)
    expect(values.get('npu name')).to.equal('9392')
    expect(values.get('pcie bus info')).to.equal('0000:82:00.0')
  })
  it('leaves out what is said twice and differently', () => {
    expect([
      ...parseKeyValues('Temperature (C) : 40\nChip ID : 0\nTemperature (C) : 50\nChip ID : 0\n'),
    ]).to.deep.equal([['chip id', '0']])
  })
  it('sees nothing in a table', () => {
    expect(parseKeyValues(guide310P3).size).to.equal(0)
  })
})
