import { mkdirSync, mkdtempSync, rmSync, symlinkSync, copyFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { describeAclLibrary } from '../../lib/toolchain'
import { simulatorLibrary } from '../support/native'
import { requireBuilt } from '../support/environment'

describe('describeAclLibrary', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aasist-library-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const file = (path: string, content: string): string => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
    return join(folder, path)
  }

  // Where the installers of CANN's toolkit and of its run time leave their versions.
  for (const name of ['ascend_toolkit_install.info', 'ascend_nnrt_install.info']) {
    it(`finds the release of CANN in ${name}, also through the links of an installation`, async () => {
      const library = file('8.0/x86_64-linux/lib64/libascendcl.so', '\x7fELF')
      file(`8.0/x86_64-linux/${name}`, 'package_name=Ascend\nversion=8.0.RC3\ninnerversion=V100R001\n')
      symlinkSync('8.0', join(folder, 'latest'))
      symlinkSync(join('x86_64-linux', 'lib64'), join(folder, '8.0', 'lib64'))
      const expected = { simulator: false, cannVersion: '8.0.RC3' }
      expect(await describeAclLibrary(library)).to.deep.equal(expected)
      const linked = join(folder, 'latest', 'lib64', 'libascendcl.so')
      expect(await describeAclLibrary(linked)).to.deep.equal(expected)
    })
  }

  it('has no release where nothing tells, and never fails', async () => {
    const nothing = { simulator: false, cannVersion: null }
    const library = file('lib64/libascendcl.so', '\x7fELF')
    file('ascend_toolkit_install.info', 'package_name=Ascend\n')
    expect(await describeAclLibrary(library)).to.deep.equal(nothing)
    for (const path of [join(folder, 'none', 'libascendcl.so'), folder, '', 'libascendcl.so']) {
      expect(await describeAclLibrary(path)).to.deep.equal(nothing)
    }
  })

  it('knows the simulator wherever it was copied, and the release that it behaves as', async function () {
    const library = requireBuilt(this, simulatorLibrary, 'the simulator')
    copyFileSync(library, join(folder, 'libascendcl.so'))
    for (const path of [library, join(folder, 'libascendcl.so')]) {
      expect(await describeAclLibrary(path)).to.deep.equal({ simulator: true, cannVersion: '8.5' })
    }
  })
})
