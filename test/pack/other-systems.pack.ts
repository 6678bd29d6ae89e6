/** What a user is told where there is no CANN: on other processors and with another C library. */
import { expect } from 'chai'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireFound, requireTool, root } from '../support/environment'
import { Consumer } from './consumer'
import { fetchForeignNode } from './fetched'
import { makePrebuilds } from './prebuilds'
import { run, succeed } from './programs'
import { packInto } from './tarball'

/** Debian's libraries of that processor: libatomic1-armhf-cross and libstdc++6-armhf-cross. */
const armLibraries = '/usr/arm-linux-gnueabihf'

interface Failure {
  readonly code: string
  readonly message: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** Prints what an NPU session and a CPU session fail with, and a metric, which needs neither. */
const program = `
const { AclSession, OrtSession, computeEer } = require('aasist-ascend')
const failure = ({ code, message, detail }) => ({ code, message, detail })
async function main() {
  const npu = await AclSession.create('model.om').catch(failure)
  const cpu = await OrtSession.create('model.onnx').then(session => session.release(), failure)
  console.log(JSON.stringify({ npu, cpu, eer: computeEer([1, 3], [0, 2]).eer }))
}
void main()
`

interface Told {
  readonly npu: Failure
  /** Missing where it did not fail. */
  readonly cpu?: Failure
  readonly eer: number
}

describe('the packed package on other systems', function () {
  this.timeout(900_000)
  let scratch: string
  let consumer: Consumer
  before(function () {
    scratch = mkdtempSync(join(tmpdir(), 'aasist-systems-'))
    makePrebuilds()
    consumer = new Consumer(join(scratch, 'consumer'))
    consumer.unpack(packInto(scratch))
    // Any file that begins as an offline model does: what is told comes before it is read.
    consumer.write('model.om', 'IMOD')
    cpSync(join(root, 'test', 'fixtures', 'onnx', 'two-outputs.onnx'), join(consumer.folder, 'model.onnx'))
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))

  const told = (node: readonly string[], env: NodeJS.ProcessEnv = {}): Told => {
    const [command, ...args] = [...node, '--eval', program]
    const { stdout } = succeed(command, args, { folder: consumer.folder, env })
    return JSON.parse(stdout) as Told
  }

  it('refuses NPUs with UNSUPPORTED_PLATFORM in a Node for 32-bit ARM, says why not the CPU, and measures', function () {
    requireTool(this, 'qemu-arm')
    const libraries = existsSync(join(armLibraries, 'lib', 'libatomic.so.1')) ? armLibraries : undefined
    requireFound(this, libraries, 'libatomic1-armhf-cross')
    const node = fetchForeignNode('armv7l', scratch)
    const { npu, cpu, eer } = told(['qemu-arm', '-L', armLibraries, node])
    expect(npu).to.deep.include({ code: 'UNSUPPORTED_PLATFORM', detail: { target: 'linux-arm' } })
    expect(npu.message).to.include('needs Linux on x64 or arm64 with glibc').and.include('this is linux-arm')
    expect(cpu!.code).to.equal('CPU_BACKEND_MISSING')
    expect(cpu!.message).to.include('is installed and does not load').and.include('this is linux-arm')
    expect(eer).to.equal(0.5)
  })

  describe('with musl: simulated by an add-on that misses libstdc++, as it does on Alpine,', () => {
    before(() => {
      const name = join('prebuilds', `linux-${process.arch}`, 'aasist-ascend.glibc.node')
      const addon = join(consumer.folder, 'node_modules', 'aasist-ascend', name)
      const bytes = readFileSync(addon)
      bytes.write('libstdc++.so.0', bytes.indexOf('libstdc++.so.6'))
      writeFileSync(addon, bytes)
      // Node's report on musl has neither of these.
      consumer.write(
        'musl.cjs',
        `const { report } = process
         const getReport = report.getReport.bind(report)
         report.getReport = (...args) => {
           const { header, ...rest } = getReport(...args)
           const { glibcVersionRuntime, glibcVersionCompiler, ...onMusl } = header
           return { header: onMusl, ...rest }
         }`,
      )
    })
    const musl = { NODE_OPTIONS: '--require ./musl.cjs' }

    it('and by a process report without glibc, NPUs are refused with UNSUPPORTED_PLATFORM and the way out', () => {
      const { npu } = told([process.execPath], musl)
      expect(npu).to.deep.include({
        code: 'UNSUPPORTED_PLATFORM',
        detail: { target: `linux-${process.arch}`, libc: 'not glibc' },
      })
      expect(npu.message).to.match(/needs glibc.*another C library \(Alpine\?\); use an image of Debian/)
    })

    it('and by a process report without glibc, doctor says so', () => {
      const doctor = [join('node_modules', 'aasist-ascend', 'bin', 'aasist.cjs'), 'doctor', '--json']
      const { stdout } = run(process.execPath, doctor, { folder: consumer.folder, env: musl })
      const { checks } = JSON.parse(stdout) as { checks: { name: string; found: string; fix?: string }[] }
      const { fix } = checks.find(({ found }) => found.includes('needs glibc'))!
      expect(fix).to.equal('use Linux on x64 or arm64 with glibc')
      expect(checks.find(({ name }) => name === 'platform')!.found).to.equal(`linux ${process.arch}`)
    })

    it('while the same add-on where the report has glibc is told as ADDON_NOT_FOUND, with what it misses', () => {
      const { npu, cpu } = told([process.execPath])
      expect(cpu).to.equal(undefined)
      expect(npu.code).to.equal('ADDON_NOT_FOUND')
      expect(npu.message).to.include('libstdc++.so.0: cannot open shared object file')
    })
  })
})
