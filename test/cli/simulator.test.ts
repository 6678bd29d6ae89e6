import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { simulatorSettings } from '../../lib/toolchain'
import { requireTool } from '../support/environment'
import { requireSimulatorBuild } from '../simulator/support'
import { program } from './support'

const simulatorEnv = (): string =>
  execFileSync(process.execPath, [program, 'simulator', 'env'], { encoding: 'utf8', cwd: tmpdir() })

describe('aasist simulator', () => {
  it('explains every setting', () => {
    const { stdout, status } = spawnSync(process.execPath, [program, 'simulator', '--help'], {
      encoding: 'utf8',
    })
    expect(status).to.equal(0)
    for (const { name } of simulatorSettings) expect(stdout).to.include(name)
  })

  it('is a usage error without a command', () => {
    expect(spawnSync(process.execPath, [program, 'simulator'], { encoding: 'utf8' }).status).to.equal(2)
  })
})

describe('aasist simulator env', () => {
  let folder = ''
  before(function () {
    requireSimulatorBuild(this)
    folder = mkdtempSync(join(tmpdir(), "aasist it's here "))
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  it("prints nothing but export NAME='value' lines with absolute paths", () => {
    const lines = simulatorEnv().trimEnd().split('\n')
    expect(lines).to.have.length.of.at.least(2)
    for (const line of lines) expect(line).to.match(/^export [A-Z_]+='\/.*'("\$\{[A-Z_]+:\+:\$[A-Z_]+\}")?$/)
  })

  for (const shell of ['dash', 'bash'] as const) {
    const sourced = (script: string, env: NodeJS.ProcessEnv): string =>
      execFileSync(shell, ['-eu', '-c', `eval "$ENV_LINES"; ${script}`], {
        encoding: 'utf8',
        // With a socket as its standard input bash believes it runs under rshd and reads its start-up files.
        stdio: ['ignore', 'pipe', 'pipe'],
        cwd: folder,
        env: { ...env, ENV_LINES: simulatorEnv() },
      })

    it(`sets up ${shell} under set -eu from any folder, once and twice, with and without LD_LIBRARY_PATH`, function () {
      requireTool(this, shell)
      const path = '/usr/bin:/bin'
      const script =
        'command -v atc; printf "%s\\n" "$LD_LIBRARY_PATH"; eval "$ENV_LINES"; atc --help >/dev/null'
      const [atc = '', alone = ''] = sourced(script, { PATH: path }).split('\n')
      expect(atc).to.match(/^\/.*\/bin\/atc$/)
      expect(alone).to.match(/^\/.*\/lib$/)
      const [, both = ''] = sourced(script, { PATH: path, LD_LIBRARY_PATH: '/opt/x:/opt/y' }).split('\n')
      expect(both).to.equal(`${alone}:/opt/x:/opt/y`)
    })

    it(`makes a program that is not Node find libascendcl.so in ${shell}`, function () {
      requireTool(this, shell)
      const script = 'LD_PRELOAD=libascendcl.so /bin/true'
      expect(sourced(`${script} 2>&1`, { PATH: '/usr/bin:/bin' })).to.equal('')
      const without = spawnSync(shell, ['-c', script], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: '/usr/bin:/bin' },
      })
      expect(without.stderr).to.include('cannot be preloaded')
    })
  }
})
