import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../support/environment'
import { readJson } from '../support/golden'
import { aasist, expectSuccess, installWithoutOnnxruntime, scratchFolder } from './support'

interface Diagnosis {
  readonly ok: boolean
  readonly checks: readonly {
    readonly name: string
    readonly state: string
    readonly found: string
    fix?: string
  }[]
}

describe('aasist doctor', () => {
  const folder = scratchFolder()
  const versionOf = (...path: string[]): string =>
    (readJson(root, ...path, 'package.json') as { version: string }).version

  it('shows versions, back ends and a self-test in a table, and exits with 0', async () => {
    const ended = await aasist(['doctor'], { cwd: folder() })
    expectSuccess(ended)
    expect(ended.stderr).to.equal('')
    const onnxruntime = versionOf('node_modules', 'onnxruntime-node')
    for (const row of [
      /^check +state +found$/m,
      new RegExp(`^aasist-ascend +${versionOf()}$`, 'm'),
      new RegExp(`^node +${process.versions.node}$`, 'm'),
      new RegExp(`^CPU back end +ok +onnxruntime-node ${onnxruntime}$`, 'm'),
      /^NPU back end +(the add-on is there|no add-on \(ADDON_NOT_FOUND\))/m,
      /^self-test +ok +a demo clip scores 1\.777\d, PyTorch says 1\.7777$/m,
    ]) {
      expect(ended.stdout).to.match(row)
    }
    const columns = ended.stdout.split('\n').map(line => line.indexOf('onnxruntime-node'))
    expect(Math.max(...columns)).to.equal(ended.stdout.split('\n')[0]!.indexOf('found'))
  })

  it('--json says the same to programs', async () => {
    const ended = await aasist(['doctor', '--json'], { cwd: folder() })
    expectSuccess(ended)
    const { ok, checks } = JSON.parse(ended.stdout) as Diagnosis
    expect(ok).to.equal(true)
    expect(checks.map(({ name }) => name)).to.include.members([
      'node',
      'CPU back end',
      'NPU back end',
      'self-test',
    ])
    for (const check of checks) expect(check).to.have.all.keys('name', 'state', 'found')
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
