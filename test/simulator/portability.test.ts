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
    ['atc', 'bin', 'atc'],
  ] as const)
    for (const [family, floor] of floors)
      it(`${what} asks for nothing newer than ${family} ${floor.join('.')}`, function () {
        requireTool(this, 'objdump')
        const { folder } = requireSimulatorBuild(this)
        const symbols = execFileSync('objdump', ['-T', join(folder, ...path)], { encoding: 'utf8' })
        const found = newest(symbols, family)
        expect(compare(found, floor), `found ${family} ${found.join('.')}`).to.be.at.most(0)
      })

  it('exports the functions of AscendCL and nothing else', function () {
    requireTool(this, 'nm')
    const { folder } = requireSimulatorBuild(this)
    const library = join(folder, 'lib', 'libascendcl.so')
    const lines = execFileSync('nm', ['-D', '--defined-only', library], { encoding: 'utf8' })
      .trimEnd()
      .split('\n')
    expect(lines).to.have.length.above(100)
    for (const line of lines) expect(line).to.match(/ T acl/)
  })
})
