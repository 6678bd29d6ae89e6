import { expect } from 'chai'
import { openNpuSmi } from '../../lib/toolchain/npu-smi'
import { readNpuSmi } from '../../lib/toolchain/npu-smi-devices'
import { visibleDevices, visibleId } from '../../lib/toolchain/visible-devices'
import { errorCode, ToolError } from '../../lib/errors'
import { failureOf } from '../support/failure'
import { scratchFolder } from '../support/scratch-folder'
import {
  a2910B3,
  board310P3,
  board9392,
  duo310P3,
  guide310P3,
  map310P3,
  map910B3,
  mapWithPhyId,
  twoDiesRepeated,
  usages310P3,
} from './npu-smi-texts'
import { writeNpuSmi, writeProgram } from './stand-ins'

const answering = (answers: Readonly<Record<string, string>>) => (args: readonly string[]) => {
  const answer = answers[args.join(' ')]
  return answer === undefined
    ? Promise.reject(new ToolError('TOOL_FAILED', `no answer to ${args.join(' ')}`))
    : Promise.resolve(answer)
}

describe('toolchain: npu-smi as a whole', () => {
  it('joins the table with the map: NPU ids and device ids are two things', async () => {
    const { chips, warnings } = await readNpuSmi(answering({ info: a2910B3, 'info -m': map910B3 }))
    expect(chips.map(({ npuId, deviceId, socVersion }) => [npuId, deviceId, socVersion])).to.deep.equal([
      [0, 0, 'Ascend910B3'],
      [5, 1, 'Ascend910B3'],
    ])
    expect(warnings).to.deep.equal([])
  })

  it('knows no device id that neither tells, and says so', async () => {
    const { chips, warnings } = await readNpuSmi(answering({ info: a2910B3, 'info -m': a2910B3 }))
    expect(chips.map(({ deviceId }) => deviceId)).to.deep.equal([null, null])
    expect(warnings.join()).to.include('0, 5')
  })

  it('believes neither where they contradict each other', async () => {
    const swapped = map310P3.replace(
      '0                              Ascend',
      '1                              Ascend',
    )
    const { chips, warnings } = await readNpuSmi(answering({ info: guide310P3, 'info -m': swapped }))
    expect(chips.map(({ deviceId }) => deviceId)).to.deep.equal([null, 1])
    expect(warnings).to.have.length(1)
  })

  it('does with the table alone, and says what is missing', async () => {
    const { chips, warnings } = await readNpuSmi(answering({ info: duo310P3 }))
    expect(chips.map(({ npuId, chipId, deviceId }) => [npuId, chipId, deviceId])).to.deep.equal([
      [1, 0, 0],
      [1, 1, 1],
      [2, 0, 2],
    ])
    expect(warnings).to.have.length(1)
  })

  it('finds the whole name of a two-die chip on its board', async () => {
    const board = { 'info -t board -i 3 -c 0': board9392, 'info -t board -i 3 -c 1': board9392 }
    const { chips } = await readNpuSmi(
      answering({ info: twoDiesRepeated, 'info -m': mapWithPhyId, ...board }),
    )
    expect(chips.map(({ chipId, deviceId, socVersion }) => [chipId, deviceId, socVersion])).to.deep.equal([
      [0, 0, 'Ascend910_9392'],
      [1, 1, 'Ascend910_9392'],
    ])
  })

  it('asks chip by chip where the table has a layout nobody knows', async () => {
    const { chips, warnings } = await readNpuSmi(
      answering({
        info: 'NPUs of tomorrow: 2\n',
        'info -m': map310P3,
        'info -t board -i 0 -c 0': board310P3,
        'info -t usages -i 0 -c 0': usages310P3,
        'info -t power -i 0 -c 0': '\tPower Dissipation(W)   : 15.8\n',
        'info -t temp -i 0 -c 0': '\tTemperature (C)        : 42\n',
        'info -t health -i 0 -c 0': '\tHealth Status          : OK\n\tError Code             : NA\n',
        'info -t power -i 1 -c 0': '\tPower Dissipation(W)   : NA\n',
      }),
    )
    expect(chips).to.deep.equal([
      {
        ...{ npuId: 0, chipId: 0, deviceId: 0, name: '310P3', health: 'OK', powerW: 15.8, temperatureC: 42 },
        ...{ memoryUsedMb: null, memoryTotalMb: 21534, busId: null, socVersion: 'Ascend310P3' },
      },
      {
        ...{
          npuId: 1,
          chipId: 0,
          deviceId: 1,
          name: '310P3',
          health: null,
          powerW: null,
          temperatureC: null,
        },
        ...{ memoryUsedMb: null, memoryTotalMb: null, busId: null, socVersion: 'Ascend310P3' },
      },
    ])
    expect(warnings).to.not.deep.equal([])
  })

  it('fails when it answers nothing', async () => {
    expect(errorCode(await failureOf(readNpuSmi(answering({}))))).to.equal('TOOL_FAILED')
  })
})

describe('toolchain: npu-smi as a program', () => {
  const folder = scratchFolder()
  const environment = () => ({ PATH: `${folder()}:/usr/bin:/bin`, LD_LIBRARY_PATH: '/opt/own' })

  it('is asked in the C locale, with the driver behind the library path', async () => {
    writeProgram(`${folder()}/npu-smi`, ['echo "$LC_ALL $LD_LIBRARY_PATH $*"'])
    const query = await openNpuSmi({ environment: { ...environment(), LC_ALL: 'zh_CN.UTF-8' } })
    expect(await query(['info', '-m'])).to.equal(
      'C /opt/own:/usr/local/Ascend/driver/lib64/driver:/usr/local/Ascend/driver/lib64/common info -m\n',
    )
  })

  for (const [what, lines, says] of [
    ['an exit code', ['echo something is wrong', 'exit 3'], /exit code 3: something is wrong/],
    [
      'a driver that does not answer',
      ['echo "dcmi model initialized failed, because the device is used. ret is -8020"', 'exit 1'],
      /dcmi model initialized failed.*\/dev\/davinci_manager/,
    ],
    [
      'the same with exit code 0',
      ['echo "dcmi module initialize failed. ret is -8005"'],
      /dcmi module initialize failed.*container/,
    ],
    [
      'missing libraries',
      [
        'echo "npu-smi: error while loading shared libraries: libdrvdsmi_host.so: cannot open shared object file" >&2',
        'exit 127',
      ],
      /libdrvdsmi_host.*LD_LIBRARY_PATH/,
    ],
    ['a signal', ['kill -SEGV $$'], /SIGSEGV/],
  ] as const) {
    it(`explains ${what}`, async () => {
      writeProgram(`${folder()}/npu-smi`, lines)
      const query = await openNpuSmi({ environment: environment() })
      const error = await failureOf(query(['info']))
      expect(errorCode(error)).to.equal('TOOL_FAILED')
      expect(error.message).to.match(says)
    })
  }

  it('is ended when it hangs, with what it started', async () => {
    writeProgram(`${folder()}/npu-smi`, ['sleep 60 & sleep 60'])
    const query = await openNpuSmi({ environment: environment(), timeoutMs: 200 })
    const beganMs = Date.now()
    const error = await failureOf(query(['info']))
    expect(Date.now() - beganMs).to.be.below(5000)
    expect(error).to.have.nested.property('detail.timedOut', true)
    expect(error.message).to.include('0.2 s')
  })

  it('may print more than anybody wants', async () => {
    writeProgram(`${folder()}/npu-smi`, ['yes "| some text |" | head -c 20000000'])
    const query = await openNpuSmi({ environment: environment() })
    expect((await query(['info'])).length).to.be.within(1, 2 ** 21)
  })

  it('is TOOL_NOT_FOUND where there is none', async function () {
    const error = await failureOf(openNpuSmi({ environment: { PATH: folder() } }))
    expect(errorCode(error)).to.equal('TOOL_NOT_FOUND')
  })

  it('answers a whole list', async () => {
    writeNpuSmi(folder(), { info: guide310P3, 'info -m': map310P3 })
    const { chips } = await readNpuSmi(await openNpuSmi({ environment: environment() }))
    expect(chips.map(({ deviceId }) => deviceId)).to.deep.equal([0, 1])
  })
})

describe('toolchain: ASCEND_RT_VISIBLE_DEVICES', () => {
  const idsIn = (value: string | undefined) =>
    [0, 1, 2, 3].map(id => visibleId(visibleDevices({ ASCEND_RT_VISIBLE_DEVICES: value }), id))

  it('counts the devices it lists from 0 and hides the others', () => {
    expect(idsIn('2,3')).to.deep.equal([null, null, 0, 1])
    expect(idsIn('1')).to.deep.equal([null, 0, null, null])
    expect(idsIn(undefined)).to.deep.equal([0, 1, 2, 3])
  })
  for (const value of ['', '3,2', '1,1', 'a', '1,', '-1']) {
    it(`leaves no device when it is "${value}", which AscendCL refuses`, () => {
      expect(idsIn(value)).to.deep.equal([null, null, null, null])
    })
  }
})
