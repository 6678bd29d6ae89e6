import { expect } from 'chai'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Consumer } from './consumer'
import { npmFolder, type NpmMajor } from './npm-versions'
import { run, Tripwires, type Ran } from './programs'
import { makePrebuilds } from './prebuilds'
import { isAccepted, productionPackages } from './production-packages'
import { packInto, type Tarball } from './tarball'

const withoutGpuLibraries = { ONNXRUNTIME_NODE_INSTALL: 'skip' }
/** Nothing listens there, so onnxruntime-node's install script finds no server wherever this runs. */
const noDownloads = {
  GLOBAL_AGENT_HTTP_PROXY: 'http://127.0.0.1:9',
  GLOBAL_AGENT_HTTPS_PROXY: 'http://127.0.0.1:9',
}

/** npm's cache, by itself and where nothing else can be reached. Lockfiles say where packages are from, as by default. */
const cached = (folder: string) => ({
  npm_config_cache: folder,
  npm_config_omit_lockfile_registry_resolved: 'false',
})
const offline = {
  npm_config_offline: 'true',
  npm_config_proxy: 'http://127.0.0.1:9',
  npm_config_https_proxy: 'http://127.0.0.1:9',
}

interface Sbom {
  specVersion: string
  components: {
    name: string
    group?: string
    licenses: { license?: { id: string }; expression?: string }[]
  }[]
}

interface Doctor {
  ok: boolean
  checks: { name: string; state: string; found: string; fix?: string }[]
}

describe('the package, installed from its tarball', function () {
  this.timeout(900_000)
  let scratch: string
  let elsewhere: string
  let tarball: Tarball
  let tripwires: Tripwires
  const npms = new Map<NpmMajor, string>()
  before(function () {
    scratch = mkdtempSync(join(tmpdir(), 'aasist-install-'))
    elsewhere = join(scratch, 'elsewhere')
    mkdirSync(elsewhere)
    makePrebuilds()
    tarball = packInto(scratch)
    tripwires = new Tripwires(join(scratch, 'tripwires'))
    for (const major of [10, 11] as const) npms.set(major, npmFolder(major, scratch))
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))
  afterEach(() => expect(tripwires.called()).to.equal(''))

  const call = (consumer: Consumer, major: NpmMajor, command: string, env: NodeJS.ProcessEnv = {}): Ran =>
    run('sh', ['-c', command], {
      folder: consumer.folder,
      env,
      first: [tripwires.folder, npms.get(major)!],
    })
  const install = (consumer: Consumer, major: NpmMajor, command: string, env?: NodeJS.ProcessEnv) => {
    const { code, stdout, stderr } = call(consumer, major, command, env)
    expect(code, stdout + stderr).to.equal(0)
  }
  const doctor = (consumer: Consumer) =>
    JSON.parse(consumer.command(['doctor', '--json'], elsewhere).stdout) as Doctor
  const hasCpuBackend = (consumer: Consumer) =>
    existsSync(join(consumer.folder, 'node_modules', 'onnxruntime-node', 'package.json'))

  describe('by npm install, npm 11', function () {
    let consumer: Consumer
    let cache: NodeJS.ProcessEnv
    before(function () {
      consumer = new Consumer(join(scratch, 'install'))
      cache = cached(join(scratch, 'cache'))
      install(consumer, 11, `npm install '${tarball.path}'`, { ...withoutGpuLibraries, ...cache })
    })

    it('is listed by npm sbom with the packages of package-lock.json, all of accepted licences', function () {
      const { code, stdout, stderr } = call(consumer, 11, 'npm sbom --sbom-format cyclonedx --omit dev')
      expect(code, stderr).to.equal(0)
      const { specVersion, components } = JSON.parse(stdout) as Sbom
      expect(Number(specVersion)).to.be.at.least(1.5)
      const expected = ['aasist-ascend', ...productionPackages().map(({ name }) => name)]
      const names = components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`))
      expect([...new Set(names)]).to.have.members([...new Set(expected)])
      const unlicensed = components.filter(
        ({ licenses }) =>
          !licenses.some(({ license, expression }) => isAccepted(license?.id ?? expression ?? 'none')),
      )
      expect(unlicensed).to.deep.equal([])
    })

    it('runs the demo from any folder', function () {
      const { code, stdout, stderr } = consumer.command(['demo'], elsewhere)
      expect(code, stderr).to.equal(0)
      expect(stdout).to.match(/^EER +\d+\.\d+ %$/m)
    })

    it('answers npx, require and import', function () {
      expect(call(consumer, 11, 'npx aasist --version')).to.include({ code: 0, stdout: '0.1.0\n' })
      const { stdout } = consumer.node(
        `import { createRequire } from 'node:module'
         import { Detector } from 'aasist-ascend'
         console.log(Detector === createRequire(import.meta.url)('aasist-ascend').Detector)`,
        'module',
      )
      expect(stdout).to.equal('true\n')
    })

    it('runs an offline model on the simulator, from conversion to metrics, without any compiler', function () {
      const work = join(consumer.folder, 'npu')
      mkdirSync(work)
      const demo = join(consumer.folder, 'node_modules', 'aasist-ascend', 'models', 'demo')
      const script = `
        set -eu
        eval "$(npx aasist simulator env)"
        cd npu
        npx aasist convert --checkpoint '${join(demo, 'aasist-l-demo.pth')}' --out demo.onnx
        atc --framework=5 --model=demo.onnx --output=demo --soc_version=Ascend310P3 --input_format=ND
        npx aasist eval --model demo.om --device npu --data '${join(demo, 'LA')}' --asv-preset la2019-eval --out results`
      const { code, stderr } = call(consumer, 11, script)
      expect(code, stderr).to.equal(0)
      const metrics = JSON.parse(readFileSync(join(work, 'results', 'metrics.json'), 'utf8')) as {
        eer: number
      }
      expect(metrics.eer).to.be.within(0, 0.5)
    })

    it('comes back by npm ci of npm 10 without any scripts, offline from the cache, and works', function () {
      install(consumer, 10, 'npm ci --ignore-scripts', { ...cache, ...offline })
      expect(doctor(consumer).ok).to.equal(true)
    })

    it('is installed by npm install in an empty folder, offline from the cache, and works', function () {
      const other = new Consumer(join(scratch, 'offline'))
      const env = { ...withoutGpuLibraries, ...cache, ...offline }
      install(other, 11, `npm install '${tarball.path}'`, env)
      expect(doctor(other).ok).to.equal(true)
    })
  })

  describe('without onnxruntime-node, npm 10', function () {
    let consumer: Consumer
    before(function () {
      consumer = new Consumer(join(scratch, 'without'))
      install(consumer, 10, `npm install --omit=optional '${tarball.path}'`)
    })

    it('is imported, converts and measures', function () {
      const { stdout, stderr } = consumer.node(
        `const { computeEer, convertCheckpoint, demoCheckpoint } = require('aasist-ascend')
         const read = path => require('node:fs').readFileSync(path)
         const onnx = convertCheckpoint(read(demoCheckpoint), read(demoCheckpoint.replace('.pth', '.conf')))
         console.log(computeEer([1], [0]).eer, onnx.length > 3e5)`,
        'commonjs',
      )
      expect({ stdout, stderr }).to.deep.equal({ stdout: '0 true\n', stderr: '' })
    })

    it('runs offline models on the simulator in latency mode', function () {
      const demo = join(consumer.folder, 'node_modules', 'aasist-ascend', 'models', 'demo')
      const session = `
        const { AclSession } = require('aasist-ascend/session')
        async function main() {
          const session = await AclSession.create('demo.om')
          const input = { type: 'float32', dims: [1, 64_600], data: new Float32Array(64_600) }
          const { logits } = await session.run({ [session.inputNames[0]]: input }, ['logits'])
          await session.release()
          console.log(session.device.socName, logits.data.length)
        }
        void main()`
      const script = `
        set -eu
        eval "$(npx aasist simulator env)"
        npx aasist convert --checkpoint '${join(demo, 'aasist-l-demo.pth')}' --out demo.onnx >convert.txt
        atc --framework=5 --model=demo.onnx --output=demo --soc_version=Ascend310P3 >atc.txt
        node -e "$SESSION"`
      const ran = call(consumer, 10, script, { ACL_SIM_EXEC_US: '1000', SESSION: session })
      expect(ran, ran.stderr).to.include({ code: 0, stdout: 'Ascend310P3 2\n' })
    })

    it('fails to run on the CPU with CPU_BACKEND_MISSING and a command, and that command cures it', function () {
      const { stdout } = consumer.node(
        `require('aasist-ascend').Detector.load().catch(({ code, detail }) => console.log(code + '\\n' + detail.command))`,
        'commonjs',
      )
      const [code, command] = stdout.split('\n')
      expect(code).to.equal('CPU_BACKEND_MISSING')
      expect(consumer.command(['demo'], elsewhere)).to.include({ code: 1 })
      const before = doctor(consumer)
      expect(before.ok).to.equal(false)
      expect(before.checks.find(({ state }) => state === 'missing')?.fix).to.equal(command)
      install(consumer, 10, command!)
      expect(doctor(consumer).ok).to.equal(true)
    })
  })

  it('survives the failing download of onnxruntime-node, which npm then leaves out without a word', function () {
    const consumer = new Consumer(join(scratch, 'failing'))
    install(consumer, 11, `npm install '${tarball.path}'`, noDownloads)
    expect(hasCpuBackend(consumer)).to.equal(false)
    expect(consumer.node(`require('aasist-ascend')`, 'commonjs')).to.deep.equal({
      code: 0,
      stdout: '',
      stderr: '',
    })
    expect(doctor(consumer).ok).to.equal(false)
  })
})
