import { expect } from 'chai'
import fc from 'fast-check'
import { parseNpuSmiTable, type TableChip } from '../../lib/toolchain/npu-smi-table'
import {
  a2910B3,
  duo310P3,
  guide310P3,
  largeId310P3,
  old310,
  twoDies,
  twoDiesRepeated,
} from './npu-smi-texts'

type Cell = number | string | null

function chip(
  ids: readonly [npuId: number, chipId: number, deviceId: number | null],
  words: readonly [name: string, health: string, busId: string],
  figures: readonly [powerW: Cell, temperatureC: Cell, memoryUsedMb: Cell, memoryTotalMb: Cell],
): Readonly<Record<keyof TableChip, Cell>> {
  const [npuId, chipId, deviceId] = ids
  const [name, health, busId] = words
  const [powerW, temperatureC, memoryUsedMb, memoryTotalMb] = figures
  return { npuId, chipId, deviceId, name, health, powerW, temperatureC, memoryUsedMb, memoryTotalMb, busId }
}

const expected = {
  guide310P3: [
    chip([0, 0, 0], ['310P3', 'OK', '0000:82:00.0'], [15.8, 42, 1074, 21534]),
    chip([1, 0, 1], ['310P3', 'OK', '0000:89:00.0'], [15.4, 43, 1070, 21534]),
  ],
  old310: [
    chip([1, 0, 0], ['310', 'OK', '0000:01:00.0'], [12.8, 49, 2621, 8192]),
    chip([1, 1, 1], ['310', 'Warning', '0000:02:00.0'], [12.8, 51, 2621, 8192]),
  ],
  duo310P3: [
    chip([1, 0, 0], ['310P3', 'OK', '0000:01:00.0'], [null, 44, 1589, 44278]),
    chip([1, 1, 1], ['310P3', 'OK', '0000:01:00.0'], [null, 45, 1343, 43693]),
    chip([2, 0, 2], ['310P3', 'Alarm', '0000:02:00.0'], [null, 47, 1601, 44278]),
  ],
  largeId310P3: [chip([32896, 0, 0], ['310P3', 'OK', '0000:00:00.0'], [null, 54, 1904, 44213])],
  a2910B3: [
    chip([0, 0, null], ['910B3', 'OK', '0000:C1:00.0'], [102.8, 45, 3445, 65536]),
    chip([5, 0, null], ['910B3', 'OK', '0000:41:00.0'], [98.1, 47, 60156, 65536]),
  ],
  twoDies: [
    chip([0, 0, null], ['Ascend910', 'OK', '0000:9D:00.0'], [170.1, 36, 3145, 65536]),
    chip([0, 1, null], ['Ascend910', 'OK', '0000:9F:00.0'], [null, null, 2891, 65536]),
  ],
  twoDiesRepeated: [
    chip([3, 0, null], ['Ascend910', 'OK', '0000:9D:00.0'], [168.9, 37, 3145, 65536]),
    chip([3, 1, null], ['Ascend910', 'OK', '0000:9F:00.0'], [null, 36, 2891, 65536]),
  ],
}
const texts = { guide310P3, old310, duo310P3, largeId310P3, a2910B3, twoDies, twoDiesRepeated }
const names = Object.keys(texts) as (keyof typeof texts)[]

describe('toolchain: the table of npu-smi info', () => {
  for (const name of names) {
    it(`is read in the shape ${name}, without a warning`, () => {
      const { chips, warnings } = parseNpuSmiTable(texts[name])
      expect(chips).to.deep.equal(expected[name])
      expect(warnings).to.deep.equal([])
    })
  }

  const disguises: Readonly<Record<string, (text: string) => string>> = {
    'Windows line ends': text => text.replaceAll('\n', '\r\n'),
    'tabs for spaces': text => text.replaceAll(/ {3,}/g, '\t'),
    'a single space everywhere': text => text.replaceAll(/ {2,}/g, ' '),
    'wider columns': text => text.replaceAll('  ', '      '),
    'no outer borders': text =>
      text
        .split('\n')
        .map(line => line.replace(/^\|/, '').replace(/\|\s*$/, ''))
        .join('\n'),
    'no lines between': text =>
      text
        .split('\n')
        .filter(line => !line.startsWith('+'))
        .join('\n'),
    'drawn borders': text =>
      text.replaceAll('|', '│').replaceAll('-', '-').replaceAll('=', '═').replaceAll('+', '╪'),
    'an indentation': text => text.replaceAll(/^/gm, '    '),
    'a byte order mark and a prompt in front': text => `\uFEFF# npu-smi info\n${text}`,
    colours: text => text.replaceAll('OK', '\u001b[32mOK\u001b[0m'),
    'slashes that stick': text => text.replaceAll(/ +\/ +(?=\d)/g, '/'),
    'no end of its last line': text => text.trimEnd(),
  }
  for (const [what, disguise] of Object.entries(disguises)) {
    it(`is read with ${what}`, () => {
      for (const name of names) {
        expect(parseNpuSmiTable(disguise(texts[name])).chips, name).to.deep.equal(expected[name])
      }
    })
  }

  it('tells its version', () => {
    expect(parseNpuSmiTable(largeId310P3).version).to.equal('25.5.2')
    expect(parseNpuSmiTable(guide310P3).version).to.equal(null)
  })

  it('may have columns that nobody has heard of', () => {
    const more = guide310P3
      .replace('Hugepages-Usage(page) |', 'Hugepages-Usage(page)  Voltage(V) | Owner |')
      .replace('Memory-Usage(MB)                        |', 'Memory-Usage(MB)  Cache-Usage(KB) | Slot |')
      .replaceAll('0    / 0              |', '0    / 0   0.8 | root |')
      .replaceAll('/ 21534                            |', '/ 21534   3 / 99 | 12 |')
    expect(parseNpuSmiTable(more).chips).to.deep.equal(expected.guide310P3)
  })

  it('may break a cell that is too long for its column', () => {
    const wrapped = guide310P3
      .replace(
        '| 0       310P3     | OK              | 15.8         42                0    / 0              |',
        '| 0       Ascend    | OK              | 15.8         42                0    /                |\n' +
          '|         310P3     |                 |                                0                     |',
      )
      .replace(
        '| 0       0         | 0000:82:00.0    | 0            1074 / 21534                            |',
        '| 0       0         | 0000:82:        | 0            1074 /                                  |\n' +
          '|                   | 00.0            |              21534                                   |',
      )
    expect(parseNpuSmiTable(wrapped).chips).to.deep.equal(expected.guide310P3)
  })

  it('leaves out a cell that does not fit its header, with a warning, and reads the others', () => {
    const odd = guide310P3.replace('0            1074 / 21534', '0    107 4 / 21534')
    const { chips, warnings } = parseNpuSmiTable(odd)
    expect(chips).to.deep.equal([
      { ...expected.guide310P3[0], memoryUsedMb: null, memoryTotalMb: null },
      expected.guide310P3[1],
    ])
    expect(warnings).to.have.length(1)
    expect(warnings[0]).to.include('107 4 / 21534')
  })

  it('leaves out memory of which more is used than there is', () => {
    const { chips, warnings } = parseNpuSmiTable(guide310P3.replace('1074 / 21534', '91074 / 21534'))
    expect(chips[0]).to.include({ memoryUsedMb: null, memoryTotalMb: null, powerW: 15.8 })
    expect(warnings).to.have.length(1)
  })

  it('takes memory in gigabytes by its unit, and none whose unit is unknown', () => {
    const gigabytes = guide310P3
      .replace('Memory-Usage(MB)', 'Memory-Usage(GB)')
      .replace('1074 / 21534', '1 / 21')
    expect(parseNpuSmiTable(gigabytes).chips[0]).to.include({ memoryUsedMb: 1024, memoryTotalMb: 21504 })
    const unknown = guide310P3.replace('Memory-Usage(MB)', 'Memory-Usage(pages)')
    expect(parseNpuSmiTable(unknown).chips[0]).to.include({ memoryUsedMb: null, memoryTotalMb: null })
  })

  it('takes NA and - in any cell for not known', () => {
    const nothing = guide310P3
      .replace('| OK              | 15.8         42                0    / 0 ', '| NA | NA -   NA / NA ')
      .replace('| 0000:82:00.0    | 0            1074 / 21534', '| NA | - NA')
    expect(parseNpuSmiTable(nothing).chips[0]).to.deep.equal({
      ...expected.guide310P3[0],
      ...{
        health: null,
        powerW: null,
        temperatureC: null,
        memoryUsedMb: null,
        memoryTotalMb: null,
        busId: null,
      },
    })
  })

  it('takes no number whose unit is another one or not told, and says so', () => {
    const first = (...changes: readonly (readonly [string, string])[]) => {
      const text = changes.reduce((changed, [from, to]) => changed.replace(from, to), guide310P3)
      const { chips, warnings } = parseNpuSmiTable(text)
      return { chip: chips[0], warnings }
    }
    const others = first(['Power(W)', 'Power(mW)'], ['Temp(C)', 'Temp(F)'], ['Usage(MB)', 'Usage(KB)'])
    const none = first(['Power(W)', 'Power'], ['Temp(C)', 'Temp'], ['(page)', ''], ['Usage(MB)', 'Usage'])
    const [known] = expected.guide310P3
    const without = { powerW: null, temperatureC: null, memoryUsedMb: null, memoryTotalMb: null }
    for (const { chip: found, warnings } of [others, none]) {
      expect(found).to.deep.equal({ ...known, ...without })
      expect(warnings.join()).to.match(/no unit that is known/)
    }
  })

  it('counts once when it was captured twice', () => {
    const { chips, warnings } = parseNpuSmiTable(guide310P3 + guide310P3)
    expect(chips).to.deep.equal(expected.guide310P3)
    expect(warnings.join()).to.include('twice')
  })

  it('gives no chip to another card, and no card a chip it does not show', () => {
    const lines = guide310P3.split('\n')
    const withoutCard = parseNpuSmiTable(lines.filter((_, index) => index !== 7).join('\n'))
    expect(withoutCard.chips).to.deep.equal([expected.guide310P3[0]])
    expect(withoutCard.warnings).to.have.length(1)
    const withoutChip = parseNpuSmiTable(lines.filter((_, index) => index !== 5).join('\n'))
    expect(withoutChip.chips).to.deep.equal([expected.guide310P3[1]])
    expect(withoutChip.warnings).to.have.length(1)
  })

  for (const [what, text] of [
    ['nothing', ''],
    ['an error message', 'dcmi model initialized failed, because the device is used. ret is -8020\n'],
    ['a table of something else', '| a | b |\n+===+===+\n| 0 | 1 |\n'],
    ['rows without a header', guide310P3.split('\n').slice(4).join('\n')],
    ['a header without rows', guide310P3.split('\n').slice(0, 4).join('\n')],
  ] as const) {
    it(`is not seen in ${what}, and that is said`, () => {
      const { chips, warnings } = parseNpuSmiTable(text)
      expect(chips).to.deep.equal([])
      expect(warnings).to.have.length(1)
    })
  }

  it('never gives a number that is not in the text, whatever is cut out of it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(4000), fc.nat(200), (name, start, length) => {
        const text = texts[name]
        const cut = text.slice(0, start % text.length) + text.slice((start % text.length) + length)
        for (const found of parseNpuSmiTable(cut).chips) {
          for (const value of Object.values(found)) {
            if (typeof value === 'number') expect(cut).to.include(String(value))
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
