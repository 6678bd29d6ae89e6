import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { findSimulator, simulatorEnvironment } from '../../lib/toolchain'
import { requireSimulatorBuild } from '../simulator/support'
import { root } from '../support/environment'
import { board9392, guide310P3, map310P3, mapWithPhyId, twoDiesRepeated } from '../toolchain/npu-smi-texts'
import { isAlive, until, writeNpuSmi, writeProgram } from '../toolchain/stand-ins'
import { aasist, expectFailure, expectSuccess, scratchFolder, startAasist, type Ended } from './support'

const fixture = (name: string): string => join(root, 'test', 'fixtures', 'onnx', `${name}.onnx`)

describe('aasist compile', () => {
  const folder = scratchFolder()
  let env: NodeJS.ProcessEnv = {}
  before(function () {
    requireSimulatorBuild(this)
    env = simulatorEnvironment(findSimulator())
  })
  const compile = (...args: readonly string[]): Promise<Ended> =>
    aasist(['compile', ...args], { cwd: folder(), env })
  const model = ['--model', fixture('add'), '--soc', 'Ascend310P3']

  it('writes an offline model and its description, with what atc says on stderr', async () => {
    const ended = await compile(...model, '--out', 'add.om')
    expectSuccess(ended)
    expect(ended.stdout).to.equal('')
    expect(ended.stderr).to.include('atc: ATC run success')
    const bytes = statSync(join(folder(), 'add.om')).size
    expect(ended.stderr).to.match(new RegExp(`add\\.om: ${bytes} bytes for Ascend310P3, in \\d+ s\\n$`))
    expect(readdirSync(folder()).sort()).to.deep.equal(['add.om', 'add.om.json'])
  })

  it('--json tells where it is, what for, and how it is done again', async () => {
    const ended = await compile(...model, '--out', 'add', '--json')
    const told = JSON.parse(ended.stdout) as Record<string, unknown>
    expect(told).to.include({ out: join(folder(), 'add.om'), soc: 'Ascend310P3', socSource: 'given' })
    expect(told['command']).to.include('--input_shape=a:2,3;b:2,3')
    expect(readFileSync(join(folder(), 'add.om.json'), 'utf8')).to.include(told['sha256'])
  })

  it('finds the NPU out where none is named', async () => {
    const ended = await compile('--model', fixture('add'), '--out', 'add', '--json')
    expectSuccess(ended)
    expect(JSON.parse(ended.stdout)).to.include({ soc: 'Ascend310P3' })
  })

  for (const [source, answers, soc] of [
    ['npu-smi info -m', { info: guide310P3, 'info -m': map310P3 }, 'Ascend310P3'],
    ['npu-smi info', { info: guide310P3 }, 'Ascend310P3'],
    [
      'npu-smi info -t board',
      {
        ...{ info: twoDiesRepeated, 'info -m': mapWithPhyId },
        ...{ 'info -t board -i 3 -c 0': board9392, 'info -t board -i 3 -c 1': board9392 },
      },
      'Ascend910_9392',
    ],
  ] as const) {
    it(`finds the NPU out from ${source} where AscendCL is not there`, async () => {
      const tools = join(folder(), 'tools')
      mkdirSync(tools)
      writeNpuSmi(tools, answers)
      writeProgram(join(tools, 'atc'), [
        'for a; do case "$a" in --output=*) echo om > "${a#*=}.om" ;; esac; done',
      ])
      const ended = await aasist(['compile', '--model', fixture('add'), '--out', 'x', '--json'], {
        cwd: folder(),
        env: { PATH: `${tools}:/usr/bin:/bin`, AASIST_ACL_LIBRARY: '/none' },
      })
      expectSuccess(ended)
      expect(JSON.parse(ended.stdout)).to.include({ soc, socSource: source })
    })
  }

  it('does not guess: without AscendCL and npu-smi the error lists what was tried', async () => {
    const tools = join(folder(), 'tools')
    mkdirSync(tools)
    writeProgram(join(tools, 'atc'), ['exit 0'])
    const ended = await aasist(['compile', '--model', fixture('add'), '--out', 'x'], {
      cwd: folder(),
      env: { PATH: tools, AASIST_ACL_LIBRARY: '/none' },
    })
    expectFailure(ended, 1, 'SOC_UNKNOWN')
    expect(ended.stderr).to.match(/aclrtGetSocName.*npu-smi info -m.*npu-smi info.*--soc/s)
    expect(readdirSync(folder())).to.deep.equal(['tools'])
  })

  it('makes gears, and hands options behind -- to atc', async () => {
    const ended = await compile(
      ...['--model', fixture('dynamic-batch'), '--soc', 'Ascend310P3', '--out', 'gears', '--json'],
      ...['--batch', '1,2,4', '--precision-mode-v2', 'origin', '--', '--deterministic=1', '-oo_level=O1'],
    )
    expectSuccess(ended)
    expect((JSON.parse(ended.stdout) as { command: string[] }).command).to.include.members([
      ...['--dynamic_batch_size=1,2,4', '--input_shape=left:-1,3;right:-1,3', '--precision_mode_v2=origin'],
      ...['--deterministic=1', '--oo_level=O1'],
    ])
  })

  const mistakes: readonly [what: string, args: readonly string[], code: string, says: RegExp][] = [
    ['no model', [], 'INVALID_ARGUMENT', /--model <file>/],
    ['a word behind --', [...model, '--', 'fast'], 'INVALID_ARGUMENT', /--name=value/],
    ['an option behind -- that has one here', [...model, '--', '--log=info'], 'INVALID_ARGUMENT', /--log/],
    ['an option behind -- twice', [...model, '--', '--a=1', '--a=2'], 'INVALID_ARGUMENT', /twice/],
    ['a batch in words', [...model, '--batch', 'all'], 'INVALID_ARGUMENT', /1,4,8/],
    ['an unknown precision', [...model, '--precision-mode', 'fp16'], 'INVALID_ARGUMENT', /force_fp16/],
    [
      'two precisions',
      [...model, '--precision-mode', 'force_fp16', '--precision-mode-v2', 'fp16'],
      'INVALID_ARGUMENT',
      /--precision-mode-v2/,
    ],
    [
      'a SoC without Ascend',
      ['--model', fixture('add'), '--soc', '310P3', '--out', 'x'],
      'INVALID_ARGUMENT',
      /Ascend310P3/,
    ],
    ['no time at all', [...model, '--out', 'x', '--timeout', '0'], 'INVALID_ARGUMENT', /timeoutMs/],
  ]
  for (const [what, args, code, says] of mistakes) {
    it(`answers ${what} with exit code 2`, async () => {
      const ended = await compile(...args)
      expectFailure(ended, 2, code)
      expect(ended.stderr).to.match(says)
      expect(readdirSync(folder())).to.deep.equal([])
    })
  }

  it("ends with 1 and atc's code when atc fails", async () => {
    const ended = await compile(...model, '--out', 'x', '--input-shape', 'a:9,9;b:2,3')
    expectFailure(ended, 1, 'ATC_FAILED')
    expect(ended.stderr).to.match(/aasist: atc ended with exit code 255: E\d+: /)
    expect(readdirSync(folder())).to.deep.equal([])
  })

  it('says how to get atc where there is none', async () => {
    const ended = await aasist(['compile', ...model, '--out', 'x'], { cwd: folder(), env: { PATH: '/none' } })
    expectFailure(ended, 1, 'TOOL_NOT_FOUND')
    expect(ended.stderr).to.include('set_env.sh').and.to.include('aasist simulator env')
  })

  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`${signal} ends atc and what it started, and leaves no half model`, async () => {
      const pids = join(folder(), 'pids')
      const atc = writeProgram(join(folder(), 'atc'), [
        'touch half.om; sleep 300 &',
        `echo "$$ $!" > '${pids}.new'; mv '${pids}.new' '${pids}'`,
        'wait',
      ])
      const running = startAasist(['compile', ...model, '--out', 'x', '--atc', atc], { cwd: folder() })
      await until(() => existsSync(pids))
      running.kill(signal)
      const ended = await running.ended
      expect(ended.status, ended.stderr).to.equal(status)
      const started = readFileSync(pids, 'utf8').trim().split(' ').map(Number)
      await until(() => started.every(pid => !isAlive(pid)))
      expect(readdirSync(folder()).sort()).to.deep.equal(['atc', 'pids'])
    })
  }
})

describe('aasist compile, devices and cache', () => {
  for (const command of [['compile'], ['devices'], ['cache'], ['cache', 'ls'], ['cache', 'rm']]) {
    it(`${command.join(' ')} --help shows its options and an example`, async () => {
      const ended = await aasist([...command, '--help'])
      expectSuccess(ended)
      expect(ended.stderr).to.equal('')
      expect(ended.stdout).to.match(new RegExp(`^Usage: aasist ${command.join(' ')} `))
      expect(ended.stdout).to.include(`\nExample:\n  aasist ${command.join(' ')} `.trimEnd())
    })
  }
})
