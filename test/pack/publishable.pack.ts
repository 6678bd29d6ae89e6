/** What checkers of packages say of the tarball. */
import { expect } from 'chai'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchCommands, tools } from './fetched'
import { run } from './programs'
import { packInto, type Tarball } from './tarball'

describe('the tarball', function () {
  this.timeout(300_000)
  let scratch: string
  let tarball: Tarball
  let commands: string
  before(function () {
    scratch = mkdtempSync(join(tmpdir(), 'aasist-publish-'))
    tarball = packInto(scratch)
    commands = fetchCommands([tools.publint, tools.attw], scratch)
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))

  it('is all good to publint, suggestions included', () => {
    const { code, stdout, stderr } = run('publint', ['run', tarball.path, '--strict'], {
      folder: scratch,
      first: [commands],
    })
    expect(code, stdout + stderr).to.equal(0)
    expect(stdout.trim().split('\n').at(-1)).to.equal('All good!')
  })

  it('has types that are right to attw, from CommonJS, from ESM and for bundlers', () => {
    const args = [tarball.path, '--profile', 'node16', '--format', 'json']
    const { code, stdout, stderr } = run('attw', args, { folder: scratch, first: [commands] })
    expect(code, stdout + stderr).to.equal(0)
    const { analysis } = JSON.parse(stdout) as {
      analysis: { entrypoints: Record<string, object>; problems: { kind: string; resolutionKind?: string }[] }
    }
    expect(Object.keys(analysis.entrypoints)).to.have.members([
      '.',
      './session',
      './metrics',
      './model',
      './onnxruntime',
      './package.json',
    ])
    // TypeScript 4 knows no subpaths: the profile leaves that out.
    expect(analysis.problems.filter(({ resolutionKind }) => resolutionKind !== 'node10')).to.deep.equal([])
  })
})
