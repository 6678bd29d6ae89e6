/** The binaries that go into the package, of both architectures; those of arm64 run under qemu. */
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { requireTool, root } from '../support/environment'
import { fetchForeignNode } from './fetched'
import {
  addonOf,
  arches,
  exported,
  folderOf,
  isNewer,
  makePrebuilds,
  needed,
  newestVersion,
  simulatorFiles,
} from './prebuilds'
import { run, succeed } from './programs'

/** Kylin V10 and openEuler 20.03. */
const floors = [
  ['GLIBC', [2, 28]],
  ['GLIBCXX', [3, 4, 24]],
] as const
/** What every Linux with glibc and g++'s run-time library has. */
const systemLibraries =
  /^(libc\.so\.6|libm\.so\.6|libdl\.so\.2|libpthread\.so\.0|libstdc\+\+\.so\.6|libgcc_s\.so\.1|ld-linux.*)$/
/** Of the simulator itself, beside each other. */
const ownLibraries = /^(libascendcl|libacl_.*|libfmk_.*)\.so$/

describe('the prebuilt binaries', function () {
  this.timeout(900_000)
  before(function () {
    requireTool(this, 'aarch64-linux-gnu-g++')
    makePrebuilds()
  })

  for (const arch of arches) {
    describe(`for ${arch}`, () => {
      const all = (): readonly string[] => [addonOf(arch), ...simulatorFiles(arch)]
      const machine = { x64: 'Advanced Micro Devices X86-64', arm64: 'AArch64' }[arch]

      it('are of that architecture', () => {
        for (const file of all())
          expect(succeed('readelf', ['-h', file], { folder: root }).stdout, file).to.include(machine)
      })

      for (const [family, floor] of floors)
        it(`ask for nothing newer than ${family} ${floor.join('.')}`, () => {
          const tooNew = all().filter(file => isNewer(newestVersion(file, family), floor))
          expect(tooNew).to.deep.equal([])
        })

      it('are linked with nothing but the system', () => {
        for (const file of all())
          expect(
            needed(file).filter(name => !systemLibraries.test(name) && !ownLibraries.test(name)),
            file,
          ).to.deep.equal([])
      })

      it('the add-on exports the two functions of Node-API and nothing else', () => {
        expect(exported(addonOf(arch))).to.have.members([
          'napi_register_module_v1',
          'node_api_module_get_api_version_v1',
        ])
      })

      it('name no folder of the machine they were made on', () => {
        const named = all().filter(file => readFileSync(file).includes(root))
        expect(named).to.deep.equal([])
      })
    })
  }

  it('run on arm64: atc compiles, a session computes in latency mode', function () {
    // onnxruntime's own arm64 library ends with a segmentation fault when qemu 7.2 loads it, whoever loads it.
    requireTool(this, 'qemu-aarch64')
    const scratch = mkdtempSync(join(tmpdir(), 'aasist-arm64-'))
    try {
      const node = fetchForeignNode('arm64', scratch)
      const emulated = ['-L', '/usr/aarch64-linux-gnu']
      const simulator = join(folderOf('arm64'), 'simulator')
      cpSync(join(root, 'test', 'fixtures', 'onnx', 'two-outputs.onnx'), join(scratch, 'model.onnx'))
      const atc = ['--framework=5', '--model=model.onnx', '--output=model', '--soc_version=Ascend310P3']
      succeed('qemu-aarch64', [...emulated, join(simulator, 'bin', 'atc'), ...atc], { folder: scratch })
      writeFileSync(
        join(scratch, 'run.cjs'),
        `const { AclSession } = require(process.argv[2])
         async function main() {
           const session = await AclSession.create('model.om', { libraryPath: process.argv[3] })
           const feeds = Object.fromEntries(session.inputMetadata.map(({ name, shape }) => [name,
             { type: 'float32', dims: shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }]))
           const outputs = await session.run(feeds)
           await session.release()
           console.log(process.arch, session.device.socName, Object.keys(outputs).length)
         }
         void main()`,
      )
      const library = join(simulator, 'lib', 'libascendcl.so')
      const ran = run('qemu-aarch64', [...emulated, node, 'run.cjs', join(root, 'dist'), library], {
        folder: scratch,
        env: { ACL_SIM_EXEC_US: '1000', AASIST_ADDON: addonOf('arm64') },
      })
      expect(ran).to.deep.equal({ code: 0, stdout: 'arm64 Ascend310P3 2\n', stderr: '' })
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  })
})

describe('npm pack', function () {
  this.timeout(900_000)

  it('refuses when a prebuild is missing, damaged, or older than its sources', function () {
    requireTool(this, 'aarch64-linux-gnu-g++')
    makePrebuilds()
    const scratch = mkdtempSync(join(tmpdir(), 'aasist-stale-'))
    const check = () =>
      run(process.execPath, [join(scratch, 'scripts', 'check-prebuilds.mjs')], { folder: scratch })
    try {
      for (const part of ['scripts', 'native', 'binding.gyp', 'package.json', 'package-lock.json'])
        cpSync(join(root, part), join(scratch, part), { recursive: true })
      expect(check()).to.include({
        code: 1,
        stderr:
          'prebuilds: linux-x64 is missing, linux-arm64 is missing; make them with: npm run prebuilds\n',
      })
      cpSync(join(root, 'prebuilds'), join(scratch, 'prebuilds'), { recursive: true })
      expect(check()).to.deep.equal({ code: 0, stdout: '', stderr: '' })
      const library = join(scratch, 'prebuilds', 'linux-arm64', 'simulator', 'lib', 'libascendcl.so')
      truncateSync(library, statSync(library).size - 1)
      expect(check()).to.include({
        code: 1,
        stderr:
          'prebuilds: linux-arm64 is damaged (simulator/lib/libascendcl.so); make them with: npm run prebuilds\n',
      })
      rmSync(library)
      expect(check().stderr).to.include('linux-arm64 is without simulator/lib/libascendcl.so')
      cpSync(join(root, 'prebuilds'), join(scratch, 'prebuilds'), { recursive: true })
      for (const [file, from, to] of [
        ['native/run.h', /$/, '// changed\n'],
        ['scripts/build-prebuilds.mjs', "'--napi', ", "'--napi', '--debug', "],
        ['package-lock.json', /(?<="node_modules\/node-addon-api": \{\s+"version": ")[\d.]+/, '0.0.0'],
      ] as const) {
        expect(check(), `before ${file}`).to.include({ code: 0 })
        const path = join(scratch, file)
        const before = readFileSync(path, 'utf8')
        const after = before.replace(from, to)
        expect(after).not.to.equal(before)
        writeFileSync(path, after)
        expect(check().stderr, file).to.match(/linux-x64 is older than native\/.*, linux-arm64 is older/)
        writeFileSync(path, before)
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  })
})
