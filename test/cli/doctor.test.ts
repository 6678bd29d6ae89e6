import { join } from 'node:path'
import { expect } from 'chai'
import { findSimulator } from '../../lib/toolchain'
import { root } from '../support/environment'
import { readJson } from '../support/golden'
import { requireSimulator, simulatorSettings } from '../support/native'
import { aasist, expectFailure, expectSuccess, installWithoutOnnxruntime, scratchFolder } from './support'

interface Diagnosis {
  readonly ok: boolean
  readonly checks: readonly {
    readonly name: string
    readonly state: string
    readonly found: string
    fix?: string
  }[]
  readonly npu: Record<string, unknown> | null
  readonly host: Record<string, unknown>
}

/** As far as the environment says where it is. */
const withoutCann = {
  LD_LIBRARY_PATH: '',
  AASIST_ACL_LIBRARY: '',
  ASCEND_TOOLKIT_HOME: '',
  ASCEND_HOME_PATH: '',
}

describe('aasist doctor', () => {
  const folder = scratchFolder()
  const versionOf = (...path: string[]): string =>
    (readJson(root, ...path, 'package.json') as { version: string }).version

  it('shows versions, back ends and a self-test in a table, and exits with 0', async () => {
    const ended = await aasist(['doctor'], { cwd: folder(), env: withoutCann })
    expectSuccess(ended)
    expect(ended.stderr).to.equal('')
    const onnxruntime = versionOf('node_modules', 'onnxruntime-node')
    for (const row of [
      /^check +state +found$/m,
      new RegExp(`^aasist-ascend +${versionOf()}$`, 'm'),
      new RegExp(`^node +${process.versions.node}$`, 'm'),
      new RegExp(`^CPU back end +ok +onnxruntime-node ${onnxruntime}$`, 'm'),
      /^NPU back end +(the add-on is there; no CANN \(ACL_LIBRARY_NOT_FOUND\)|no add-on \(ADDON_NOT_FOUND\))/m,
      /^to use "NPU back end":\n {2}\S/m,
      /^device auto +ok +the CPU, not an NPU: NPU back end: /m,
      /^self-test +ok +a demo clip scores 1\.777\d, PyTorch says 1\.7777$/m,
    ]) {
      expect(ended.stdout).to.match(row)
    }
    const columns = ended.stdout.split('\n').map(line => line.indexOf('onnxruntime-node'))
    expect(Math.max(...columns)).to.equal(ended.stdout.split('\n')[0]!.indexOf('found'))
  })

  it('--json says the same to programs', async () => {
    const ended = await aasist(['doctor', '--json'], { cwd: folder(), env: withoutCann })
    expectSuccess(ended)
    const { ok, checks, npu, host } = JSON.parse(ended.stdout) as Diagnosis
    expect(ok).to.equal(true)
    expect(host).to.have.keys(
      ...['container', 'cann', 'driver', 'nodes', 'libraryPath', 'operators', 'npuSmi', 'atc', 'python'],
      ...['missingMounts', 'visible'],
    )
    expect(checks.map(({ name }) => name)).to.include.members([
      'node',
      'CPU back end',
      'NPU back end',
      'self-test',
    ])
    for (const { name, ...check } of checks) {
      // A machine without an NPU is in order; what it would take is said all the same.
      const fix = name === 'NPU back end' ? ['fix'] : []
      expect(check).to.have.all.keys('state', 'found', ...fix)
    }
    expect(npu).to.equal(null)
  })

  describe('asks AscendCL', () => {
    let library: string
    before(function () {
      library = requireSimulator(this)
    })
    const diagnose = async (env: NodeJS.ProcessEnv, ...args: readonly string[]) => {
      const settings = { ...simulatorSettings(), AASIST_ACL_LIBRARY: library, ...env }
      const ended = await aasist(['doctor', '--json', ...args], { cwd: folder(), env: settings })
      const diagnosis = JSON.parse(ended.stdout) as Diagnosis
      const checkOf = (name: string) => diagnosis.checks.find(check => check.name === name)!
      expect(diagnosis.ok).to.equal(ended.status === 0)
      return { status: ended.status, npu: diagnosis.npu, check: checkOf('NPU back end'), checkOf }
    }

    it('which library there is, of which release, how many NPUs and of what kind', async () => {
      const { status, npu, check } = await diagnose({ ACL_SIM_DEVICES: '3', ACL_SIM_CANN: '8.1' })
      expect(status).to.equal(0)
      const { aclVersion, ...facts } = npu!
      expect(aclVersion).to.match(/^1\.\d+\.\d+$/)
      expect(facts).to.deep.equal({
        library,
        simulator: true,
        cannVersion: '8.1',
        devices: 3,
        socName: 'Ascend310P3',
      })
      expect(check).to.have.all.keys('name', 'state', 'found')
      expect(check.state).to.equal('ok')
      for (const fact of ['simulator', '8.1', '3 NPUs', 'Ascend310P3', library]) {
        expect(check.found).to.include(fact)
      }
    })

    it('and says what to do when there is no NPU', async () => {
      const { status, npu, check } = await diagnose({ ACL_SIM_DEVICES: '0' })
      expect(status).to.equal(0)
      expect(npu).to.include({ library, devices: 0, socName: null })
      expect(check.state).to.equal('info')
      expect(check.fix).to.match(/npu-smi info/)
    })

    it('and fails when the library that was named is none', async () => {
      const { status, npu, check } = await diagnose({ AASIST_ACL_LIBRARY: join(folder(), 'none.so') })
      expect([status, npu]).to.deep.equal([1, null])
      expect(check.state).to.equal('failed')
      expect(check.found).to.include('none.so').and.include('ACL_LIBRARY_NOT_FOUND')
      expect(check.fix).to.match(/AASIST_ACL_LIBRARY/)
    })

    it('and says for the device that was asked for whether it can work', async () => {
      const broken = { ACL_SIM_FAULTS: 'aclInit:500000' }
      const [npu, none, cpu, auto] = await Promise.all([
        diagnose({}, '--device', 'npu'),
        diagnose({ ACL_SIM_DEVICES: '0' }, '--device', 'npu'),
        diagnose(broken, '--device', 'cpu'),
        diagnose(broken, '--device', 'auto'),
      ])
      expect([npu.status, none.status, cpu.status, auto.status]).to.deep.equal([0, 1, 0, 0])
      expect(npu.checkOf('device npu')).to.include({ state: 'ok', found: 'an NPU' })
      expect(none.checkOf('device npu')).to.include({ state: 'failed' })
      expect(none.checkOf('device npu').fix).to.match(/npu-smi info/)
      expect(cpu.checkOf('device cpu')).to.include({ state: 'ok', found: 'the CPU' })
      expect(auto.checkOf('device auto').found).to.match(/^the CPU, not an NPU: .*aclInit failed with 500000/)
    })

    it('and compares a model with the NPU that is there', async () => {
      const { programFolder } = findSimulator()
      const env = { PATH: `${programFolder}:${process.env['PATH'] ?? ''}` }
      const onnx = join(root, 'test', 'fixtures', 'onnx', 'add.onnx')
      const compile = ['compile', '--model', onnx, '--soc', 'Ascend310P3', '--out', 'add.om']
      expectSuccess(await aasist(compile, { cwd: folder(), env: { ...simulatorSettings(), ...env } }))
      const model = ['--device', 'npu', '--model', join(folder(), 'add.om')]
      const [fits, other, described] = await Promise.all([
        diagnose(env, ...model),
        diagnose({ ...env, ACL_SIM_SOC: 'Ascend910B3' }, ...model),
        diagnose({ ACL_SIM_SOC: 'Ascend310P1' }, ...model),
      ])
      expect(fits.checkOf('model').state).to.equal('ok')
      expect(fits.checkOf('model').found).to.match(/is for Ascend310P3, by atc .* \(atc --mode=6\)$/)
      expect(fits.checkOf('atc').found).to.equal(`${join(programFolder, 'atc')} (the simulator)`)
      expect(fits.status).to.equal(0)
      expect([other.status, other.checkOf('model').state]).to.deep.equal([1, 'failed'])
      expect(other.checkOf('model').fix).to.equal(
        `aasist compile --model ${onnx} --soc Ascend910B3 --out ${join(folder(), 'add.om')}`,
      )
      expect(other.checkOf('device npu').found).to.match(/^no NPU: model: .*Ascend910B3, which refuses it$/)
      expect(described.checkOf('model').found).to.match(/\(description\); the NPU is Ascend310P1/)
    })

    it('and finds no device for an offline model where only the CPU works', async () => {
      const om = ['--model', join(root, 'test', 'cli', 'none.om')]
      const [cpu, auto] = await Promise.all([
        diagnose({}, '--device', 'cpu', ...om),
        diagnose({ ACL_SIM_DEVICES: '0' }, '--device', 'auto', ...om),
      ])
      expect([cpu.status, auto.status]).to.deep.equal([1, 1])
      expect(cpu.checkOf('device cpu')).to.include({ state: 'failed' })
      expect(auto.checkOf('device auto').found).to.match(/^none: .*CPUs run no offline models, not an NPU: /)
    })

    it('and says of a model that is no offline one, or not there, what to do', async () => {
      const [missing, checkpoint] = await Promise.all([
        diagnose({}, '--model', 'model.onnx'),
        diagnose({}, '--model', join(root, 'models', 'demo', 'aasist-l-demo.pth')),
      ])
      expect([missing.status, missing.checkOf('model').state]).to.deep.equal([1, 'failed'])
      expect([checkpoint.status, checkpoint.checkOf('model').state]).to.deep.equal([0, 'info'])
      expect(checkpoint.checkOf('model').fix).to.match(
        /^aasist convert --checkpoint \S+ --target npu --out model\.onnx && aasist compile .* --soc Ascend310P3$/,
      )
    })

    it('and fails when AscendCL does not start, with its own words', async () => {
      const { status, check } = await diagnose({ ACL_SIM_FAULTS: 'aclInit:500000' })
      expect(status).to.equal(1)
      expect(check.state).to.equal('failed')
      expect(check.found).to.match(/aclInit failed with 500000/)
      expect(check.fix).to.match(/npu-smi info/)
    })

    it('and fails for npu when AscendCL starts and no device can be opened', async () => {
      const { status, checkOf } = await diagnose(
        { ACL_SIM_FAULTS: 'aclrtSetDevice:507033' },
        ...['--device', 'npu'],
      )
      expect([status, checkOf('device npu').state]).to.deep.equal([1, 'failed'])
    })

    for (const fault of [
      'aclrtSetDevice:507018',
      'aclrtCreateContext:507018',
      'aclrtCreateStream:507018',
      'aclrtSetDevice:207001',
      'aclrtSetDevice:500000',
    ]) {
      it(`and fails for auto where it would fail, and not turn to the CPU: ${fault}`, async () => {
        const [call = '', code = ''] = fault.split(':')
        const faulty = { ACL_SIM_FAULTS: fault }
        const { status, check, checkOf } = await diagnose(faulty, '--device', 'auto')
        const verdict = checkOf('device auto')
        expect([status, check.state, verdict.state]).to.deep.equal([1, 'failed', 'failed'])
        expect(verdict.found)
          .to.match(/^none: .*NPU back end: /)
          .and.include(`${call} failed with ${code}`)
        expect(verdict.fix).to.match(/^npu-smi info .*--device cpu$/)
      })
    }

    it('and is content for auto where that turns to the CPU: no device can be opened', async () => {
      const faulty = { ACL_SIM_FAULTS: 'aclrtSetDevice:507033' }
      const { status, checkOf } = await diagnose(faulty, '--device', 'auto')
      expect(status).to.equal(0)
      expect(checkOf('device auto').found).to.match(/^the CPU, not an NPU: /)
    })

    it('and does not take the refusal of its stand-in for a model for a fault of the device', async () => {
      const faulty = { ACL_SIM_FAULTS: 'aclmdlLoadFromMem:500000' }
      const { status, checkOf } = await diagnose(faulty, '--device', 'npu')
      expect([status, checkOf('device npu').found]).to.deep.equal([0, 'an NPU'])
    })
  })

  it('without onnxruntime-node says that it is missing, with the command that mends it, and exits with 1', async () => {
    const program = installWithoutOnnxruntime(folder())
    const [plain, json] = await Promise.all([
      aasist(['doctor'], { program, cwd: folder() }),
      aasist(['doctor', '--json', '--device', 'cpu'], { program, cwd: folder() }),
    ])
    expect([plain.status, plain.stderr]).to.deep.equal([1, ''])
    expect(plain.stdout).to.match(/^CPU back end +missing +onnxruntime-node is not installed$/m)
    const fix = 'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node'
    expect(plain.stdout).to.include(`\nto mend "CPU back end":\n  ${fix}\n`)
    expect(json.status).to.equal(1)
    const { ok, checks } = JSON.parse(json.stdout) as Diagnosis
    expect(ok).to.equal(false)
    for (const [name, state] of [
      ['CPU back end', 'missing'],
      ['device cpu', 'failed'],
    ]) {
      expect(checks.find(check => check.name === name)).to.include({ state, fix })
    }
  })

  it('--device npu exits with 1 on a machine without CANN, and says what to do', async () => {
    const ended = await aasist(['doctor', '--device', 'npu'], { cwd: folder(), env: withoutCann })
    expect(ended.status, ended.stderr).to.equal(1)
    expect(ended.stdout).to.match(/^device npu +failed +no NPU: NPU back end: /m)
    expect(ended.stdout).to.match(/^to mend "device npu":\n {2}\S/m)
  })

  it('refuses a device it does not know', async () => {
    expectFailure(await aasist(['doctor', '--device', 'gpu']), 2, 'INVALID_ARGUMENT')
  })

  it('leaves the rest of the command usable without onnxruntime-node: conversion and help', async () => {
    const program = installWithoutOnnxruntime(folder())
    const demo = join(root, 'models', 'demo', 'aasist-l-demo.pth')
    expectSuccess(await aasist(['--help'], { program }))
    expectSuccess(
      await aasist(['convert', '--checkpoint', demo, '--out', 'demo.onnx'], { program, cwd: folder() }),
    )
  })
})
