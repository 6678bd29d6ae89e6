import { expect } from 'chai'
import { inheritedFlags, withoutInspector } from '../../lib/session/worker-file'

describe('flags of a child process', () => {
  it('are those by which modules are found', () => {
    const flags = [
      '--import',
      'tsx',
      '-r',
      './.pnp.cjs',
      '--require=./a.cjs',
      '-C',
      'dev',
      '--loader',
      './l.mjs',
    ]
    expect(inheritedFlags(flags)).to.deep.equal(flags)
  })
  it('are none that would run code, open a port, or watch', () => {
    const flags = [
      '--inspect-brk=9229',
      '-e',
      'require("x")',
      '--watch',
      '--cpu-prof',
      '--test',
      '--input-type=module',
    ]
    expect(inheritedFlags(flags)).to.deep.equal([])
  })
  it('survive a flag without its value', () => {
    expect(inheritedFlags(['--require'])).to.deep.equal([])
  })
})

describe('NODE_OPTIONS of a child process', () => {
  const cases: readonly [string, string][] = [
    ['--inspect', ''],
    ['--inspect-brk=127.0.0.1:9229 --require ./pnp.cjs', '--require ./pnp.cjs'],
    ['--require "./with  blanks.cjs" --inspect=0', '--require "./with  blanks.cjs"'],
    ['--inspect-port 9230 --max-old-space-size=100', '--max-old-space-size=100'],
    ['--debug-port=9230', ''],
    ['--import tsx', '--import tsx'],
  ]
  for (const [given, expected] of cases) {
    it(`turn "${given}" into "${expected}"`, () => {
      expect(withoutInspector(given)).to.equal(expected)
    })
  }
})
