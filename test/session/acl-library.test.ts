/** That functions of two installations of CANN are never mixed: their structures and rules differ between releases. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { runScript } from '../lifecycle/child'
import { compile } from '../lifecycle/compiled'
import type { Compiled } from '../lifecycle/compiled'
import { sources } from '../lifecycle/table'
import { makeLibrary } from '../native/partial-library'
import { requireTool, root } from '../support/environment'
import { OfflineModels, addonPath, requireSimulator, simulatorSettings } from '../support/native'
import { modelPath } from './support'

function symbols(list: 'CORE' | 'OPTIONAL'): string[] {
  const header = readFileSync(join(root, 'native', 'acl_api.h'), 'utf8')
  const text = new RegExp(`#define ASCEND_${list}_SYMBOLS\\(SYMBOL\\)((?:.*\\\\\\n)*.*)`).exec(header)![1]!
  return [...text.matchAll(/SYMBOL\((\w+)\)/g)].map(([, name]) => name!)
}

describe('an old library of AscendCL beside a newer one', () => {
  let folder: string
  let old: string
  let om: string
  let models: OfflineModels | undefined
  let compiled: Compiled | undefined

  before(function () {
    requireSimulator(this)
    requireTool(this, 'gcc')
    folder = mkdtempSync(join(tmpdir(), 'aasist-libraries-'))
    const core = symbols('CORE')
    old = makeLibrary(join(folder, 'old', 'libascendcl.so'), core)
    mkdirSync(join(folder, 'linked'))
    symlinkSync(old, join(folder, 'linked', 'libascendcl.so'))
    makeLibrary(join(folder, 'newer', 'libacl_rt.so'), [...core, ...symbols('OPTIONAL')])
    makeLibrary(
      join(folder, 'lacking', 'libascendcl.so'),
      core.filter(name => name !== 'aclrtMalloc'),
    )
    models = new OfflineModels()
    om = models.compile(modelPath('slow'))
    compiled = compile([...sources, 'test/native/library-probe'])
  })
  after(() => {
    compiled?.remove()
    models?.remove()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  /** Runs the model with and without time-out where the newer installation is what the dynamic linker finds. */
  async function probe(
    libraryPath: string,
    folders: readonly string[],
    again = libraryPath,
  ): Promise<{ outcome: { library?: string; code?: string }; calls: string }> {
    const log = join(folder, 'calls.log')
    rmSync(log, { force: true })
    const { stdout, stderr, status } = await runScript(
      compiled!.script('test/native/library-probe'),
      [om, libraryPath],
      {
        env: {
          ...simulatorSettings(),
          AASIST_ADDON: addonPath,
          AASIST_ACL_LIBRARY: '',
          AASIST_PROBE_AGAIN: again,
          ACL_SIM_LOG: log,
          LD_LIBRARY_PATH: folders.map(name => join(folder, name)).join(':'),
        },
      },
    )
    expect(status, stderr).to.equal(0)
    return {
      outcome: JSON.parse(stdout) as { library?: string; code?: string },
      calls: existsSync(log) ? readFileSync(log, 'utf8') : '',
    }
  }

  it('differs from the newer one in the calls that are made', async () => {
    const { calls } = await probe('', ['newer'])
    expect(calls).to.include('WithTimeout')
  })

  it('is used alone when its path is given', async () => {
    const { outcome, calls } = await probe(old, ['newer'])
    expect(outcome).to.deep.equal({ library: old })
    expect(calls).to.include('aclmdlExecute').and.not.include('WithTimeout')
  })

  it('is used alone when the dynamic linker finds it first', async () => {
    const { outcome, calls } = await probe('', ['old', 'newer'])
    expect(outcome).to.deep.equal({ library: old })
    expect(calls).to.include('aclmdlExecute').and.not.include('WithTimeout')
  })

  for (const [given, found] of [
    ['libascendcl.so', 'linked'],
    ['linked', 'linked'],
    ['linked/libascendcl.so', 'linked'],
    ['old', 'old'],
  ] as const) {
    it(`is taken when ${given} is given, each time`, async () => {
      const isName = given === 'libascendcl.so'
      const { outcome } = await probe(isName ? given : join(folder, given), isName ? [found] : [])
      expect(outcome).to.deep.equal({ library: join(folder, found, 'libascendcl.so') })
    })
  }

  it('may be called by any name that leads to it, and by no other', async () => {
    for (const same of ['linked', 'linked/libascendcl.so', 'old', 'old/libascendcl.so'])
      expect((await probe(old, [], join(folder, same))).outcome, same).to.deep.equal({ library: old })
    expect((await probe('libascendcl.so', ['linked'], old)).outcome.library).to.include('linked')
    for (const other of ['newer', 'newer/libacl_rt.so', 'nowhere', '.'])
      expect((await probe(old, [], join(folder, other))).outcome.code, other).to.equal('INVALID_ARGUMENT')
  })

  it('lacks what it lacks when its path is given, whatever else could be found', async () => {
    const { outcome } = await probe(join(folder, 'lacking'), ['newer'])
    expect(outcome.code).to.equal('ACL_SYMBOL_MISSING')
  })

  it('without a path may have its core functions in folders of their own', async () => {
    const { outcome } = await probe('', ['lacking', 'newer'])
    expect(outcome.library).to.equal(join(folder, 'lacking', 'libascendcl.so'))
  })
})
