import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../support/environment'
import { readJson } from '../support/golden'
import { requireSimulator, simulatorSettings } from '../support/native'
import { aasist, expectSuccess, installWithoutOnnxruntime, scratchFolder } from './support'

interface Diagnosis {
  readonly ok: boolean
  readonly checks: readonly {
    readonly name: string
    readonly state: string
    readonly found: string
    fix?: string
  }[]
  readonly npu: Record<string, unknown> | null
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
    const { ok, checks, npu } = JSON.parse(ended.stdout) as Diagnosis
    expect(ok).to.equal(true)
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
    const diagnose = async (env: NodeJS.ProcessEnv) => {
      const settings = { ...simulatorSettings(), AASIST_ACL_LIBRARY: library, ...env }
      const ended = await aasist(['doctor', '--json'], { cwd: folder(), env: settings })
      const diagnosis = JSON.parse(ended.stdout) as Diagnosis
      const check = diagnosis.checks.find(({ name }) => name === 'NPU back end')!
      return { status: ended.status, npu: diagnosis.npu, check }
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

    it('and fails when AscendCL does not start, with its own words', async () => {
      const { status, check } = await diagnose({ ACL_SIM_FAULTS: 'aclInit:500000' })
      expect(status).to.equal(1)
      expect(check.state).to.equal('failed')
      expect(check.found).to.match(/aclInit failed with 500000/)
      expect(check.fix).to.match(/npu-smi info/)
    })
  })

  it('without onnxruntime-node says that it is missing, with the command that mends it, and exits with 1', async () => {
    const program = installWithoutOnnxruntime(folder())
    const [plain, json] = await Promise.all([
      aasist(['doctor'], { program, cwd: folder() }),
      aasist(['doctor', '--json'], { program, cwd: folder() }),
    ])
    expect([plain.status, plain.stderr]).to.deep.equal([1, ''])
    expect(plain.stdout).to.match(/^CPU back end +missing +onnxruntime-node is not installed$/m)
    const fix = 'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node'
    expect(plain.stdout).to.include(`\nto mend "CPU back end":\n  ${fix}\n`)
    expect(json.status).to.equal(1)
    const { ok, checks } = JSON.parse(json.stdout) as Diagnosis
    expect(ok).to.equal(false)
    expect(checks.find(({ name }) => name === 'CPU back end')).to.include({ state: 'missing', fix })
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
