/** The packed package in the oldest Node it supports, and in later lines. */
import { expect } from 'chai'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../support/environment'
import { Consumer } from './consumer'
import { fetchNode, nodeVersions } from './fetched'
import { makePrebuilds } from './prebuilds'
import { run, succeed, type Ran } from './programs'
import { packInto } from './tarball'

describe('the packed package in Node', function () {
  this.timeout(900_000)
  let scratch: string
  let consumer: Consumer
  before(function () {
    scratch = mkdtempSync(join(tmpdir(), 'aasist-node-'))
    makePrebuilds()
    consumer = new Consumer(join(scratch, 'consumer'))
    consumer.unpack(packInto(scratch))
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))

  it('is tried with the oldest it supports, as package.json says', () => {
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      engines: { node: string }
    }
    expect(`${engines.node}.0`).to.equal(`>=${nodeVersions[0]}`)
  })

  for (const version of nodeVersions) {
    describe(version, () => {
      let node: string
      before(() => (node = fetchNode(version, scratch)))

      const evaluate = (kind: 'module' | 'commonjs', code: string, env: NodeJS.ProcessEnv = {}): Ran =>
        run(node, [`--input-type=${kind}`, '--eval', code], { folder: consumer.folder, env })

      it('is required and imported as one, and measures', () => {
        const code = `
          import { createRequire } from 'node:module'
          import { computeEer, Detector } from 'aasist-ascend'
          import { computeEer as ofSubpath } from 'aasist-ascend/metrics'
          const required = createRequire(import.meta.url)('aasist-ascend')
          console.log(process.versions.node, required.Detector === Detector, ofSubpath === computeEer)
          console.log(computeEer([1, 3], [0, 2]).eer)`
        const stdout = `${version} true true\n0.5\n`
        expect(evaluate('module', code)).to.deep.equal({ code: 0, stdout, stderr: '' })
      })

      it('runs the demo on the CPU', () => {
        const command = join('node_modules', 'aasist-ascend', 'bin', 'aasist.cjs')
        const { code, stdout, stderr } = run(node, [command, 'demo'], { folder: consumer.folder })
        expect(code, stderr).to.equal(0)
        expect(stdout.match(/^DEMO_E_\d+ /gm)).to.have.length(37)
        expect(stdout).to.match(/^EER +\d+\.\d+ %$/m)
      })

      it('opens and runs an offline model on the shipped simulator, which computes what the CPU does', () => {
        const code = `
          const { writeFileSync, readFileSync } = require('node:fs')
          const { AclSession, OrtSession, compileModel, convertCheckpoint, demoCheckpoint } = require('aasist-ascend')
          async function main() {
            const config = readFileSync(demoCheckpoint.replace('.pth', '.conf'), 'utf8')
            const onnx = convertCheckpoint(readFileSync(demoCheckpoint), config, { target: 'npu' })
            writeFileSync('demo.onnx', onnx)
            await compileModel('demo.onnx', { soc: 'Ascend310P3', precisionModeV2: 'origin', out: 'demo.om' })
            const data = Float32Array.from({ length: 64_600 }, (_, i) => Math.sin(i / 9) / 3)
            const logits = []
            for (const session of [await AclSession.create('demo.om'), await OrtSession.create(onnx)]) {
              const [name] = session.inputNames
              const outputs = await session.run({ [name]: { type: 'float32', dims: [1, 64_600], data } })
              logits.push([...outputs.logits.data])
              await session.release()
            }
            const [onNpu, onCpu] = logits
            console.log(onNpu.length, Math.max(...onNpu.map((value, i) => Math.abs(value - onCpu[i]))) < 1e-4)
          }
          void main()`
        expect(evaluate('commonjs', code, simulatorEnvironment(node))).to.deep.equal({
          code: 0,
          stdout: '2 true\n',
          stderr: '',
        })
      })
    })
  }

  /** What `aasist simulator env` says of the packed package. */
  function simulatorEnvironment(node: string): NodeJS.ProcessEnv {
    const command = join('node_modules', 'aasist-ascend', 'bin', 'aasist.cjs')
    const show = `eval "$('${node}' '${command}' simulator env)"; env -0`
    const { stdout } = succeed('sh', ['-euc', show], { folder: consumer.folder })
    const entries = stdout.split('\0').map(line => line.split(/=(.*)/s).slice(0, 2))
    const ofSimulator = entries.filter(([name]) => /^(ACL_|LD_LIBRARY_PATH$|PATH$)/.test(name!))
    return Object.fromEntries(ofSimulator) as NodeJS.ProcessEnv
  }
})
