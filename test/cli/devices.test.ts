import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { requireAddon, requireSimulator } from '../support/native'
import { requireSimulatorBuild } from '../simulator/support'
import { a2910B3, duo310P3, guide310P3, map310P3, map910B3 } from '../toolchain/npu-smi-texts'
import { writeNpuSmi, writeProgram } from '../toolchain/stand-ins'
import { aasist, expectFailure, expectSuccess, scratchFolder, type Ended } from './support'

interface Listed {
  readonly npuId: number | null
  readonly deviceId: number | null
  readonly socVersion: string | null
}

/** In the order of the documented format. */
const keys = [
  ...['npuId', 'chipId', 'deviceId', 'name', 'socVersion', 'health'],
  ...['powerW', 'temperatureC', 'memoryUsedMb', 'memoryTotalMb', 'busId'],
]

describe('aasist devices', () => {
  const folder = scratchFolder()
  const tools = (): string => {
    const path = join(folder(), 'tools')
    mkdirSync(path, { recursive: true })
    return path
  }
  const devices = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
    aasist(['devices', ...args], {
      env: { PATH: `${tools()}:/usr/bin:/bin`, AASIST_ACL_LIBRARY: '/none', ...env },
    })
  const listed = (ended: Ended): readonly Listed[] => JSON.parse(ended.stdout) as readonly Listed[]

  it('prints what npu-smi shows as JSON with the documented keys', async () => {
    writeNpuSmi(tools(), { info: guide310P3, 'info -m': map310P3 })
    const ended = await devices(['--json'])
    expectSuccess(ended)
    expect(ended.stderr).to.equal('')
    const found = listed(ended)
    expect(Object.keys(found[0]!)).to.deep.equal(keys)
    expect(found).to.deep.equal([
      {
        ...{ npuId: 0, chipId: 0, deviceId: 0, name: '310P3', socVersion: 'Ascend310P3', health: 'OK' },
        ...{
          powerW: 15.8,
          temperatureC: 42,
          memoryUsedMb: 1074,
          memoryTotalMb: 21534,
          busId: '0000:82:00.0',
        },
      },
      {
        ...{ npuId: 1, chipId: 0, deviceId: 1, name: '310P3', socVersion: 'Ascend310P3', health: 'OK' },
        ...{
          powerW: 15.4,
          temperatureC: 43,
          memoryUsedMb: 1070,
          memoryTotalMb: 21534,
          busId: '0000:89:00.0',
        },
      },
    ])
  })

  it('prints a table for people', async () => {
    writeNpuSmi(tools(), { info: a2910B3, 'info -m': map910B3 })
    const { stdout } = await devices([])
    expect(stdout).to.match(/^device +NPU +chip/)
    expect(stdout).to.match(/^ +1 +5 +0 +910B3 +Ascend910B3 +OK +98\.1 +47 +60156 \/ 65536 +0000:41:00\.0$/m)
  })

  it('counts devices as ASCEND_RT_VISIBLE_DEVICES makes AscendCL count them, and says so', async () => {
    writeNpuSmi(tools(), { info: duo310P3 })
    const ended = await devices(['--json'], { ASCEND_RT_VISIBLE_DEVICES: '1,2' })
    expectSuccess(ended)
    expect(listed(ended).map(({ deviceId }) => deviceId)).to.deep.equal([null, 0, 1])
    expect(ended.stderr).to.include('ASCEND_RT_VISIBLE_DEVICES=1,2')
    const refused = await devices(['--json'], { ASCEND_RT_VISIBLE_DEVICES: '2,1' })
    expect(listed(refused).map(({ deviceId }) => deviceId)).to.deep.equal([null, null, null])
    expect(refused.stderr).to.include('2,1')
  })

  it('fails with the reason when npu-smi does not answer and nobody else knows', async () => {
    writeProgram(join(tools(), 'npu-smi'), ['echo "dcmi model initialized failed, ret is -8020"', 'exit 1'])
    expectFailure(await devices(['--json']), 1, 'TOOL_FAILED')
  })

  it('lists nothing on a machine without NPUs', async function () {
    const ended = await devices(['--json'])
    // Where there is a card there is a device, with or without its tools.
    if (ended.stdout !== '[]\n') this.skip()
    expectSuccess(ended)
    expect(ended.stderr).to.include('no NPU')
  })

  it("takes AscendCL's word where npu-smi is not there", async function () {
    requireAddon(this)
    const library = requireSimulator(this)
    const ended = await devices(['--json'], { AASIST_ACL_LIBRARY: library, ACL_SIM_DEVICES: '2' })
    expectSuccess(ended)
    expect(
      listed(ended).map(({ npuId, deviceId, socVersion }) => [npuId, deviceId, socVersion]),
    ).to.deep.equal([
      [null, 0, 'Ascend310P3'],
      [null, 1, 'Ascend310P3'],
    ])
  })

  it('gives no device id beyond those that AscendCL sees', async function () {
    requireSimulatorBuild(this)
    const library = requireSimulator(this)
    writeNpuSmi(tools(), { info: duo310P3 })
    const ended = await devices(['--json'], { AASIST_ACL_LIBRARY: library, ACL_SIM_DEVICES: '1' })
    expect(listed(ended).map(({ deviceId }) => deviceId)).to.deep.equal([0, null, null])
    expect(ended.stderr).to.include('1 of 3')
  })

  it('takes no arguments', async () => {
    expectFailure(await devices(['all']), 2, 'INVALID_ARGUMENT')
  })
})
