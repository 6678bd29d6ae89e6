/** Where AscendCL is looked for, and what becomes of a library that is not what it should be. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { runScript } from '../lifecycle/child'
import { compile } from '../lifecycle/compiled'
import type { Compiled } from '../lifecycle/compiled'
import { sources } from '../lifecycle/table'
import { requireTool, root } from '../support/environment'
import {
  OfflineModels,
  addonPath,
  requireSimulator,
  simulatorLibrary,
  simulatorSettings,
} from '../support/native'
import { makeLibrary } from './partial-library'

/** The names in one of the lists of native/acl_api.h. */
function symbols(list: 'CORE' | 'OPTIONAL'): string[] {
  const header = readFileSync(join(root, 'native', 'acl_api.h'), 'utf8')
  const text = new RegExp(`#define ASCEND_${list}_SYMBOLS\\(SYMBOL\\)((?:.*\\\\\\n)*.*)`).exec(header)![1]!
  return [...text.matchAll(/SYMBOL\((\w+)\)/g)].map(([, name]) => name!)
}

interface Outcome {
  readonly device?: string
  readonly library?: string
  readonly code?: string
  readonly message?: string
  readonly detail?: Readonly<Record<string, unknown>>
}

describe('the library of AscendCL', () => {
  let folder: string
  let compiled: Compiled | undefined
  let models: OfflineModels | undefined
  let om: string
  const core = symbols('CORE')
  const optional = symbols('OPTIONAL')

  before(function () {
    requireSimulator(this)
    requireTool(this, 'gcc')
    folder = mkdtempSync(join(tmpdir(), 'aasist-library-'))
    models = new OfflineModels()
    om = models.compile(join(root, 'test', 'fixtures', 'onnx', 'slow.onnx'))
    compiled = compile([...sources, 'test/native/library-probe'])
  })
  after(() => {
    compiled?.remove()
    models?.remove()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  /** Opens a model and runs it twice, the second time with a time-out, in a process that knows only these places. */
  async function probe(env: NodeJS.ProcessEnv, libraryPath = '', model = om): Promise<Outcome> {
    const places = { LD_LIBRARY_PATH: '', ASCEND_TOOLKIT_HOME: '', ASCEND_HOME_PATH: '', HOME: folder }
    const { stdout, stderr, status } = await runScript(
      compiled!.script('test/native/library-probe'),
      [model, libraryPath],
      { env: { ...simulatorSettings(), AASIST_ADDON: addonPath, AASIST_ACL_LIBRARY: '', ...places, ...env } },
    )
    expect(status, stderr).to.equal(0)
    return JSON.parse(stdout) as Outcome
  }
  const place = (name: string): string => join(folder, name)

  it('is asked for functions of CANN 6.0 only, the rest being optional', () => {
    expect(core).to.include.members(['aclInit', 'aclrtMemcpy', 'aclmdlExecute', 'aclmdlExecuteAsync'])
    expect(core).not.to.include('aclFinalize')
    expect(optional).to.include.members(['aclrtSynchronizeStreamWithTimeout', 'aclrtStreamAbort'])
  })

  it('is taken by its path, by its folder, and from AASIST_ACL_LIBRARY', async () => {
    for (const [env, path] of [
      [{}, simulatorLibrary],
      [{}, join(simulatorLibrary, '..')],
      [{ AASIST_ACL_LIBRARY: simulatorLibrary }, ''],
    ] as const) {
      expect(await probe(env, path)).to.deep.equal({ library: simulatorLibrary })
    }
  })

  it('is found by the dynamic linker', async () => {
    expect(await probe({ LD_LIBRARY_PATH: join(simulatorLibrary, '..') })).to.deep.equal({
      library: simulatorLibrary,
    })
  })

  for (const [name, at] of [
    ['ASCEND_TOOLKIT_HOME', 'toolkit/lib64'],
    ['ASCEND_HOME_PATH', 'home/lib64'],
    ['HOME', 'Ascend/ascend-toolkit/latest/lib64'],
  ] as const) {
    it(`is found where ${name} says`, async () => {
      const path = makeLibrary(join(place(name), at, 'libascendcl.so'), core)
      const value = name === 'HOME' ? place(name) : join(place(name), at, '..')
      expect(await probe({ [name]: value })).to.deep.equal({ library: path })
    })
  }

  it('of CANN 6.0, without anything newer, runs models', async () => {
    const path = makeLibrary(place('old/libascendcl.so'), core)
    expect(await probe({}, path)).to.deep.equal({ library: path })
  })

  it('of CANN 8.5 may be split into parts', async () => {
    const isModel = (name: string): boolean =>
      /^acl(mdl|CreateTensorDesc|DestroyTensorDesc|GetTensorDesc)/.test(name)
    const all = [...core, ...optional]
    const runtime = makeLibrary(
      place('split/libacl_rt.so'),
      all.filter(name => !isModel(name)),
    )
    makeLibrary(place('split/libacl_mdl.so'), all.filter(isModel))
    expect(await probe({}, place('split'))).to.deep.equal({ library: runtime })
    expect(await probe({ LD_LIBRARY_PATH: place('split') })).to.deep.equal({ library: runtime })
  })

  it('is not the stub for linking, which may come first on LD_LIBRARY_PATH', async () => {
    const stub = makeLibrary(place('devlib/libascendcl.so'), core)
    const real = join(simulatorLibrary, '..')
    expect(await probe({ LD_LIBRARY_PATH: `${place('devlib')}:${real}` })).to.deep.equal({
      library: simulatorLibrary,
    })
    const { code, detail } = await probe({ LD_LIBRARY_PATH: place('devlib') })
    expect(code).to.equal('ACL_LIBRARY_NOT_FOUND')
    expect(JSON.stringify(detail)).to.include(stub).and.include('stub')
  })

  it('that is nowhere refuses with ACL_LIBRARY_NOT_FOUND: every place, and what to do', async () => {
    const { code, message, detail } = await probe({})
    expect(code).to.equal('ACL_LIBRARY_NOT_FOUND')
    expect(message).to.include('set_env.sh').and.include('AASIST_ACL_LIBRARY').and.include('LD_LIBRARY_PATH')
    expect(message).to.include('eval "$(npx aasist simulator env)"')
    expect(message!.split('\n')).to.have.length.at.most(6)
    expect(message!.length).to.be.below(700)
    const tried = (detail!['tried'] as { path: string; reason: string }[]).map(({ path }) => path)
    expect(tried).to.include.members([
      'libascendcl.so',
      '/usr/local/Ascend/ascend-toolkit/latest/lib64/libascendcl.so',
      '/usr/local/Ascend/nnrt/latest/lib64/libascendcl.so',
      '/usr/local/Ascend/cann/lib64/libascendcl.so',
    ])
  })

  it('that is nowhere leaves the CPU, where the model is at hand for that too', async () => {
    const onnx = join(root, 'test', 'fixtures', 'onnx', 'add.onnx')
    expect(await probe({}, '', onnx)).to.deep.equal({ device: 'cpu' })
    expect(await probe({ ACL_SIM_DEVICES: '0' }, simulatorLibrary, onnx)).to.deep.equal({ device: 'cpu' })
    // Where there is an NPU, its form of the model is wanted.
    expect((await probe({}, simulatorLibrary, onnx)).code).to.equal('MODEL_NOT_FOUND')
  })

  it('that cannot be loaded for want of another library is told by that one, and not as missing', async () => {
    const path = makeLibrary(place('needy/libascendcl.so'), core)
    const needed = join(place('needy'), 'libneeded.so')
    execFileSync('gcc', ['-shared', '-fPIC', '-x', 'c', '/dev/null', '-o', needed], { stdio: 'pipe' })
    const args = ['-shared', '-fPIC', '-Wl,--no-as-needed', '-x', 'c', '/dev/null', '-x', 'none', needed]
    execFileSync('gcc', [...args, '-o', path], { stdio: 'pipe' })
    rmSync(needed)
    for (const [env, libraryPath] of [
      [{ LD_LIBRARY_PATH: place('needy') }, ''],
      [{}, path],
    ] as const) {
      const { code, message } = await probe(env, libraryPath)
      expect(code).to.equal('ACL_LIBRARY_NOT_FOUND')
      expect(message).to.match(/libneeded.so: cannot open shared object file/)
      expect(message!.split('\n')).to.have.length.at.most(6)
    }
  })

  it('that finds fewer devices than are asked for says how many, and what renumbers them', async () => {
    const none = await probe({ ACL_SIM_DEVICES: '4', ASCEND_RT_VISIBLE_DEVICES: '' }, simulatorLibrary)
    expect(none.message).to.include("No NPU is visible to this process. ASCEND_RT_VISIBLE_DEVICES=''")
    const hidden = await probe(
      { ACL_SIM_DEVICES: '4', ASCEND_RT_VISIBLE_DEVICES: '2,3', AASIST_PROBE_DEVICE: '2' },
      simulatorLibrary,
    )
    expect(hidden.code).to.equal('ACL_NO_DEVICE')
    expect(hidden.message).to.include('2 NPUs are visible to this process, numbered 0 to 1.')
    expect(hidden.message).to.include("ASCEND_RT_VISIBLE_DEVICES='2,3'")
    expect(hidden.detail).to.include({ visibleDevices: 2, device: 2 })
    const unhidden = await probe(
      { ACL_SIM_DEVICES: '4', ASCEND_RT_VISIBLE_DEVICES: undefined, AASIST_PROBE_DEVICE: '4' },
      simulatorLibrary,
    )
    expect(unhidden.message).to.include('4 NPUs are visible to this process, numbered 0 to 3.')
    expect(unhidden.message).not.to.include('ASCEND_RT_VISIBLE_DEVICES')
  })

  it('that is not at the given path refuses with ACL_LIBRARY_NOT_FOUND and looks nowhere else', async () => {
    const { code, detail } = await probe({ LD_LIBRARY_PATH: join(simulatorLibrary, '..') }, '/nowhere/lib.so')
    expect(code).to.equal('ACL_LIBRARY_NOT_FOUND')
    expect(detail!['tried']).to.have.length(1)
  })

  it('that lacks core functions refuses with ACL_SYMBOL_MISSING, which names them all', async () => {
    const missing = ['aclmdlExecute', 'aclrtMalloc']
    const path = makeLibrary(
      place('lacking/libascendcl.so'),
      core.filter(name => !missing.includes(name)),
    )
    const { code, detail, message } = await probe({}, path)
    expect(code).to.equal('ACL_SYMBOL_MISSING')
    expect([...(detail!['missing'] as string[])].sort()).to.deep.equal(missing)
    expect(message).to.include('aclmdlExecute').and.include('aclrtMalloc').and.include(path)
  })

  it('whose every call answers as the stub does refuses with ACL_LIBRARY_NOT_FOUND', async () => {
    const { code, detail } = await probe({ ACL_SIM_FAULTS: 'aclInit:100039' }, simulatorLibrary)
    expect(code).to.equal('ACL_LIBRARY_NOT_FOUND')
    expect(detail).to.include({ call: 'aclInit', aclError: 100039 })
  })

  it('that finds no device refuses with ACL_NO_DEVICE', async () => {
    const { code } = await probe({ ACL_SIM_DEVICES: '0' }, simulatorLibrary)
    expect(code).to.equal('ACL_NO_DEVICE')
  })

  it('that cannot start the device refuses with ACL_NO_DEVICE and what to look at', async () => {
    const { code, message } = await probe({ ACL_SIM_FAULTS: 'aclrtSetDevice:507033' }, simulatorLibrary)
    expect(code).to.equal('ACL_NO_DEVICE')
    expect(message).to.include('npu-smi info')
  })

  for (const call of ['aclrtMalloc', 'aclrtMallocHost']) {
    it(`that runs out of memory in ${call} refuses with ACL_OUT_OF_MEMORY`, async () => {
      const { code, detail } = await probe({ ACL_SIM_FAULTS: `${call}:207001@2` }, simulatorLibrary)
      expect(code).to.equal('ACL_OUT_OF_MEMORY')
      expect(detail).to.include({ call, aclError: 207001 })
    })
  }
})

describe('the add-on', () => {
  let compiled: Compiled | undefined
  before(() => {
    compiled = compile([...sources, 'test/native/library-probe'])
  })
  after(() => compiled?.remove())

  it('that is not there refuses with ADDON_NOT_FOUND, what was tried and what to do; importing works', async () => {
    const { stdout, status, stderr } = await runScript(
      compiled!.script('test/native/library-probe'),
      [join(root, 'package.json'), ''],
      { env: { AASIST_ADDON: '/nowhere/addon.node' } },
    )
    expect(status, stderr).to.equal(0)
    const { code, message, detail } = JSON.parse(stdout) as Outcome
    expect(code).to.equal('ADDON_NOT_FOUND')
    expect(message).to.include('npm run build:native').and.include('AASIST_ADDON')
    expect(JSON.stringify(detail)).to.include('/nowhere/addon.node')
  })

  it('is for Linux: elsewhere a session refuses with UNSUPPORTED_PLATFORM', async () => {
    const { stdout, status, stderr } = await runScript(compiled!.script('test/native/library-probe'), [
      join(root, 'package.json'),
      '',
      'win32',
    ])
    expect(status, stderr).to.equal(0)
    expect((JSON.parse(stdout) as Outcome).code).to.equal('UNSUPPORTED_PLATFORM')
  })
})
