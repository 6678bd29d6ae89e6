/** Anybody can check that the shipped binaries are made of these sources: with the same compilers they come out the same. */
import { expect } from 'chai'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireTool, root } from '../support/environment'
import { arches, makePrebuilds, type Arch } from './prebuilds'

interface Built {
  readonly sources: string
  /** SHA-256 by path. */
  readonly files: Readonly<Record<string, string>>
}

describe('prebuilds made in another folder', function () {
  this.timeout(900_000)
  let scratch: string
  let elsewhere: string
  before(function () {
    requireTool(this, 'aarch64-linux-gnu-g++')
    // Of another length too, so that a path inside of a file would move what follows it.
    scratch = mkdtempSync(join(tmpdir(), 'aasist-reproducible-'))
    elsewhere = join(scratch, 'in', 'quite', 'another', 'folder')
    mkdirSync(elsewhere, { recursive: true })
    for (const part of ['scripts', 'native', 'binding.gyp', 'package.json', 'package-lock.json'])
      cpSync(join(root, part), join(elsewhere, part), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(elsewhere, 'node_modules'))
    makePrebuilds()
    makePrebuilds(elsewhere)
  })
  after(() => {
    if (scratch) rmSync(scratch, { recursive: true, force: true })
  })

  const built = (folder: string, arch: Arch): Built =>
    JSON.parse(readFileSync(join(folder, 'prebuilds', `linux-${arch}`, 'built.json'), 'utf8')) as Built

  for (const arch of arches)
    it(`for ${arch} have the same bytes, file by file`, () => {
      const second = built(elsewhere, arch)
      expect(Object.keys(second.files)).to.include.members([
        'aasist-ascend.glibc.node',
        'simulator/bin/atc',
        'simulator/lib/libascendcl.so',
      ])
      expect(second).to.deep.equal(built(root, arch))
    })
})
