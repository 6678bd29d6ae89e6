/** The simulator's npu-smi against the layouts that cards of each generation print. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'chai'
import { requireSimulatorBuild, type Answer } from './support'
import { neutralEnvironment } from '../support/environment'

/** Rows of a table as lists of the words in its cells. */
function rowsOf(table: string): string[][][] {
  return table
    .split('\n')
    .filter(line => line.startsWith('|'))
    .map(line =>
      line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim().split(/\s+/)),
    )
}

/** `key : value` lines, split at the first colon as programs do. */
function valuesOf(text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(' : ')
    if (colon >= 0) values.set(line.slice(0, colon).trim(), line.slice(colon + 3).trim())
  }
  return values
}

describe('npu-smi of the simulator', () => {
  let program = ''
  before(function () {
    program = join(requireSimulatorBuild(this).folder, 'bin', 'npu-smi')
  })

  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Answer =>
    spawnSync(program, args, { env: { ...neutralEnvironment(), ...env }, encoding: 'utf8' })
  const answer = (args: readonly string[], env: NodeJS.ProcessEnv = {}): string => {
    const { status, stdout, stderr } = run(args, env)
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
    return stdout
  }

  describe('info', () => {
    it('prints the table of two 310P3 as the guide shows it, in lines of one width', () => {
      const table = answer(['info'], { ACL_SIM_DEVICES: '2', ACL_SIM_MEMORY_MB: '21534' })
      const rows = rowsOf(table)
      expect(rows[0]![0]!.slice(0, 1)).to.deep.equal(['npu-smi'])
      expect(rows.slice(1, 3)).to.deep.equal([
        [['NPU', 'Name'], ['Health'], ['Power(W)', 'Temp(C)', 'Hugepages-Usage(page)']],
        [['Chip', 'Device'], ['Bus-Id'], ['AICore(%)', 'Memory-Usage(MB)']],
      ])
      expect(rows.slice(3, 7)).to.deep.equal([
        [['0', '310P3'], ['OK'], ['15.8', '42', '0', '/', '0']],
        [['0', '0'], ['0000:82:00.0'], ['0', '1076', '/', '21534']],
        [['1', '310P3'], ['OK'], ['15.8', '43', '0', '/', '0']],
        [['0', '1'], ['0000:89:00.0'], ['0', '1076', '/', '21534']],
      ])
      expect(
        new Set(
          table
            .trimEnd()
            .split('\n')
            .map(line => line.length),
        ).size,
      ).to.equal(1)
      expect(table).to.include('| No running processes found in NPU 1 ')
    })

    it('repeats the row of the NPU for every chip of a card, and shows ids that are large and far apart', () => {
      const ids = { ACL_SIM_DEVICES: '3', ACL_SIM_NPU_IDS: '1,1,32896' }
      const rows = rowsOf(answer(['info'], ids))
      const firstCells = rows.slice(3, 9).map(row => row[0]!.join(' '))
      expect(firstCells).to.deep.equal(['1 310P3', '0 0', '1 310P3', '1 1', '32896 310P3', '0 2'])
    })

    it('prints memory of a 910B3 as HBM, and no device', () => {
      const soc = { ACL_SIM_SOC: 'Ascend910B3', ACL_SIM_MEMORY_MB: '65536' }
      const rows = rowsOf(answer(['info'], soc))
      expect(rows[2]).to.deep.equal([
        ['Chip'],
        ['Bus-Id'],
        ['AICore(%)', 'Memory-Usage(MB)', 'HBM-Usage(MB)'],
      ])
      expect(rows.slice(3, 5)).to.deep.equal([
        [['0', '910B3'], ['OK'], ['102.8', '42', '0', '/', '0']],
        [['0'], ['0000:82:00.0'], ['0', '0', '/', '0', '3276', '/', '65536']],
      ])
    })

    it('prints chips of two dies in both ways drivers have', () => {
      const dies = { ACL_SIM_SOC: 'Ascend910_9392', ACL_SIM_DEVICES: '2' }
      const repeated = rowsOf(answer(['info'], dies)).slice(2, 7)
      expect(repeated.map(row => row[0]!.join(' '))).to.deep.equal([
        'Chip Phy-ID',
        '0 Ascend910',
        '0 0',
        '0 Ascend910',
        '1 1',
      ])
      expect(repeated[3]![2]![0]).to.equal('-')
      const merged = rowsOf(answer(['info'], { ...dies, ACL_SIM_NPU_SMI: '910C-merged' })).slice(3, 6)
      expect(merged.map(row => row[0]!.join(' '))).to.deep.equal(['0 Ascend910', '0', '1'])
    })

    it('prints the old table for a 310, without processes', () => {
      const table = answer(['info'], { ACL_SIM_SOC: 'Ascend310', ACL_SIM_MEMORY_MB: '8192' })
      expect(rowsOf(table).slice(1)).to.deep.equal([
        [['NPU', 'Name'], ['Health'], ['Power(W)', 'Temp(C)']],
        [['Chip', 'Device'], ['Bus-Id'], ['AICore(%)', 'Memory-Usage(MB)']],
        [['0', '310'], ['OK'], ['12.8', '42']],
        [['0', '0'], ['0000:82:00.0'], ['0', '409', '/', '8192']],
      ])
    })

    it('tells the driver of the release in ACL_SIM_CANN', () => {
      expect(answer(['info'], { ACL_SIM_CANN: '6.0' })).to.include('Version: 22.0.3')
      expect(answer(['-v'])).to.match(/^npu-smi version: \d+\.\d+\.\d+\n$/)
    })
  })

  it('maps NPU and chip to the device with -m, in columns with two blanks or more between', () => {
    const lines = answer(['info', '-m'], { ACL_SIM_DEVICES: '2', ACL_SIM_NPU_IDS: '4,5' })
      .trimEnd()
      .split('\n')
      .map(line => line.trim().split(/\s{2,}/))
    expect(lines).to.deep.equal([
      ['NPU ID', 'Chip ID', 'Chip Logic ID', 'Chip Name'],
      ['4', '0', '0', 'Ascend 310P3'],
      ['4', '1', '-', 'Mcu'],
      ['5', '0', '1', 'Ascend 310P3'],
      ['5', '1', '-', 'Mcu'],
    ])
  })

  it('lists the cards with -l', () => {
    const text = answer(['info', '-l'], { ACL_SIM_DEVICES: '3', ACL_SIM_NPU_IDS: '1,1,32896' })
    const plain = text.split('\n').map(line => line.trim().replace(/\s+/g, ' '))
    expect(plain).to.deep.equal([
      'Total Count : 2',
      '',
      'NPU ID : 1',
      'Chip Count : 2',
      '',
      'NPU ID : 32896',
      'Chip Count : 1',
      '',
    ])
  })

  describe('info -t', () => {
    const detail = (type: string, env: NodeJS.ProcessEnv = {}, ...rest: string[]): Map<string, string> =>
      valuesOf(answer(['info', '-t', type, '-i', '0', ...rest], env))

    it('board tells the parts of a SoC name: chip type and name, or chip and NPU name', () => {
      const card = detail('board')
      expect(card.get('PCIe Bus Info')).to.equal('0000:82:00.0')
      expect(card.get('Chip Count')).to.equal('1')
      const chip = detail('board', {}, '-c', '0')
      expect(`${chip.get('Chip Type')}${chip.get('Chip Name')}`).to.equal('Ascend310P3')
      const die = detail('board', { ACL_SIM_SOC: 'Ascend910_9392' }, '-c', '0')
      expect(`${die.get('Chip Name')}_${die.get('NPU Name')}`).to.equal('Ascend910_9392')
    })

    it('usages tells memory as DDR or HBM, by generation', () => {
      expect(detail('usages').get('DDR Capacity(MB)')).to.equal('21525')
      expect(detail('usages').get('Aicore Usage Rate(%)')).to.equal('0')
      const large = detail('usages', { ACL_SIM_SOC: 'Ascend910B3', ACL_SIM_MEMORY_MB: '65536' })
      expect(large.get('DDR Capacity(MB)')).to.equal('0')
      expect(large.get('HBM Capacity(MB)')).to.equal('65536')
    })

    it('power, temp, memory, health and ecc have their keys, padded to a column', () => {
      expect(detail('power').get('Power Dissipation(W)')).to.equal('15.8')
      expect(detail('power', { ACL_SIM_SOC: 'Ascend910B3' }).get('NPU Real-time Power(W)')).to.equal('102.8')
      expect(detail('temp').get('NPU Temperature (C)')).to.equal('42')
      expect(detail('memory').get('DDR Capacity(MB)')).to.equal('21525')
      expect(detail('health', {}, '-c', '0')).to.deep.equal(
        new Map([
          ['Health Status', 'OK'],
          ['Error Code', 'NA'],
          ['Error Information', 'NA'],
        ]),
      )
      expect(detail('ecc').get('HBM Double Bit Error Count')).to.equal('0')
      expect(answer(['info', '-t', 'temp', '-i', '0'])).to.include(`\tNPU ID${' '.repeat(25)}: 0\n`)
    })

    it('tells of every chip of a card, or of one', () => {
      const twoChips = { ACL_SIM_DEVICES: '2', ACL_SIM_NPU_IDS: '0,0' }
      const all = answer(['info', '-t', 'temp', '-i', '0'], twoChips)
      expect(all.match(/Chip ID {24}: \d/g)).to.have.length(2)
      expect(detail('temp', twoChips, '-c', '1').get('NPU Temperature (C)')).to.equal('43')
    })
  })

  const failures: readonly (readonly [string, readonly string[], NodeJS.ProcessEnv, number, string])[] = [
    ['no device', ['info'], { ACL_SIM_DEVICES: '0' }, 172, 'dcmi model initialized failed'],
    ['no command', [], {}, 215, 'Usage: npu-smi'],
    ['an unknown command', ['inof'], {}, 211, 'Command or option is not found.'],
    ['an unknown option', ['info', '-x'], {}, 215, 'Command or option is not found.'],
    ['an unknown type', ['info', '-t', 'weather', '-i', '0'], {}, 215, 'Error parameter of -t.'],
    ['a type without a card', ['info', '-t', 'board'], {}, 215, 'Must input parameter of card id.'],
    ['an option without its value', ['info', '-t'], {}, 215, 'Must input parameter of -t.'],
    ['an id that is no number', ['info', '-t', 'temp', '-i', 'x'], {}, 215, 'Error parameter of -i.'],
    ['a card that is not there', ['info', '-t', 'temp', '-i', '7'], {}, 209, 'This device does not exist'],
    ['a chip that is not there', ['info', '-t', 'temp', '-i', '0', '-c', '3'], {}, 209, 'Chip ID 3'],
  ]
  for (const [what, args, env, status, text] of failures)
    it(`ends with ${status} and says why for ${what}`, () => {
      const result = run(args, env)
      expect(result.status).to.equal(status)
      expect(result.stdout).to.include(text)
    })

  it('says on stderr which setting makes no sense', () => {
    for (const env of [
      { ACL_SIM_NPU_IDS: '1,2' },
      { ACL_SIM_NPU_IDS: 'a' },
      { ACL_SIM_NPU_SMI: '410' },
      { ACL_SIM_DEVICES: 'many' },
    ]) {
      const { status, stderr } = run(['info'], env)
      expect(status).to.equal(215)
      expect(stderr).to.include(Object.keys(env)[0])
    }
  })
})
