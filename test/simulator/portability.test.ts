/** What the simulator asks of a system: Kylin V10 and openEuler 20.03 have glibc 2.28 and GLIBCXX 3.4.24. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'chai'
import { requireTool } from '../support/environment'
import { requireSimulatorBuild } from './support'

const floors: readonly (readonly [string, readonly number[]])[] = [
  ['GLIBC', [2, 28]],
  ['GLIBCXX', [3, 4, 24]],
]

function newest(symbols: string, family: string): readonly number[] {
  const versions = [...symbols.matchAll(new RegExp(`\\b${family}_([0-9.]+)`, 'g'))].map(match =>
    match[1]!.split('.').map(Number),
  )
  return versions.reduce((best, each) => (compare(each, best) > 0 ? each : best), [0])
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((part, i) => part !== (b[i] ?? 0))
  return at === -1 ? a.length - b.length : a[at]! - (b[at] ?? 0)
}

describe('the built simulator', () => {
  for (const [what, ...path] of [
    ['libascendcl.so', 'lib', 'libascendcl.so'],
    ['libacl_op_compiler.so', 'lib', 'libacl_op_compiler.so'],
    ['libfmk_onnx_parser.so', 'lib', 'libfmk_onnx_parser.so'],
    ['libacl_dvpp.so', 'lib', 'libacl_dvpp.so'],
    ['libacl_cblas.so', 'lib', 'libacl_cblas.so'],
    ['libacl_sim_spawn.so', 'lib', 'libacl_sim_spawn.so'],
    ['atc', 'bin', 'atc'],
    ['npu-smi', 'bin', 'npu-smi'],
  ] as const)
    for (const [family, floor] of floors)
      it(`${what} asks for nothing newer than ${family} ${floor.join('.')}`, function () {
        requireTool(this, 'objdump')
        const { folder } = requireSimulatorBuild(this)
        const symbols = execFileSync('objdump', ['-T', join(folder, ...path)], { encoding: 'utf8' })
        const found = newest(symbols, family)
        expect(compare(found, floor), `found ${family} ${found.join('.')}`).to.be.at.most(0)
      })

  const exported = (test: Mocha.Context, library: string): readonly string[] => {
    requireTool(test, 'nm')
    const { folder } = requireSimulatorBuild(test)
    const lines = execFileSync('nm', ['-DC', '--defined-only', join(folder, 'lib', library)], {
      encoding: 'utf8',
    })
    return lines
      .trimEnd()
      .split('\n')
      .map(line => / T (.+)$/.exec(line)?.[1] ?? line)
  }
  const withoutParameters = (name: string): string => name.replace(/\(.*/, '')

  it('libascendcl.so exports the functions of AscendCL, what the libraries beside it need, and nothing else', function () {
    const names = exported(this, 'libascendcl.so')
    const others = names.filter(name => !/^acl[A-Za-z0-9]*$/.test(name))
    expect(names.length - others.length).to.be.above(100)
    expect([...new Set(others.map(withoutParameters))].sort()).to.deep.equal([
      'sim::allocateBlock',
      'sim::enter',
      'sim::fail',
      'sim::freeBlock',
      'sim::leave',
      'sim::logging',
      'sim::nullArgument',
      'sim::openOrtSession',
      'sim::requireContext',
      'sim::settings',
    ])
  })

  it('libacl_op_compiler.so exports single operators and nothing else', function () {
    expect(exported(this, 'libacl_op_compiler.so')).to.deep.equal(['aclopCompileAndExecute'])
  })

  it('libfmk_onnx_parser.so exports the graph interface and nothing else', function () {
    const names = exported(this, 'libfmk_onnx_parser.so').map(withoutParameters)
    expect([...new Set(names)].sort()).to.deep.equal([
      'ge::AscendString::AscendString',
      'ge::AscendString::GetLength',
      'ge::AscendString::GetString',
      'ge::AscendString::operator!=',
      'ge::AscendString::operator<',
      'ge::AscendString::operator<=',
      'ge::AscendString::operator==',
      'ge::AscendString::operator>',
      'ge::AscendString::operator>=',
      'ge::Graph::Graph',
      'ge::aclgrphBuildFinalize',
      'ge::aclgrphBuildInitialize',
      'ge::aclgrphBuildModel',
      'ge::aclgrphParseONNX',
      'ge::aclgrphParseONNXFromMem',
      'ge::aclgrphSaveModel',
    ])
  })
})
