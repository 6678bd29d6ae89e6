/** What docs/usage.md says of bundlers, done: commands and configurations are read from there. */
import { expect } from 'chai'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from '../support/environment'
import { Consumer } from './consumer'
import { fetchCommands, tools } from './fetched'
import { makePrebuilds } from './prebuilds'
import { run, succeed, type Ran } from './programs'
import { packInto } from './tarball'

/** Scores a clip in threads, in a child process and at another rate, then opens and runs an offline model. */
const program = `
const { AclSession, Detector } = require('aasist-ascend')
async function main() {
  const [model, clip, om, libraryPath] = process.argv.slice(2)
  const scores = []
  for (const options of [{}, { runTimeoutMs: 60_000 }]) {
    const detector = await Detector.load({ model, sessions: 1, ...options })
    scores.push((await detector.score(clip)).score)
    const tone = Float32Array.from({ length: 16_000 }, (_, i) => Math.sin(i / 3) / 2)
    scores.push((await detector.score({ samples: tone, sampleRateHz: 8_000 })).score)
    await detector.release()
  }
  const session = await AclSession.create(om, { libraryPath })
  const feeds = Object.fromEntries(session.inputMetadata.map(({ name, shape }) =>
    [name, { type: 'float32', dims: shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }]))
  const outputs = Object.keys(await session.run(feeds))
  await session.release()
  console.log(JSON.stringify({ scores, soc: session.device.socName, outputs }))
}
void main()
`

interface Found {
  readonly scores: readonly number[]
  readonly soc: string
  readonly outputs: readonly string[]
}

/** The code blocks of the section, in their order. */
function recipes(language: 'sh' | 'js'): readonly string[] {
  const section = /^## Bundlers$(.*?)^## /ms.exec(readFileSync(join(root, 'docs', 'usage.md'), 'utf8'))![1]!
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, code]) => code!,
  )
}

describe('bundles', function () {
  this.timeout(900_000)
  let scratch: string
  let consumer: Consumer
  let commands: string
  let simulator: string
  let unbundled: string
  before(function () {
    scratch = mkdtempSync(join(tmpdir(), 'aasist-bundle-'))
    makePrebuilds()
    consumer = new Consumer(join(scratch, 'consumer'))
    consumer.unpack(packInto(scratch))
    consumer.write('main.js', program)
    commands = fetchCommands([tools.esbuild, tools.webpack, tools.nodeLoader], scratch)
    for (const name of ['webpack', 'node-loader'])
      symlinkSync(join(dirname(commands), name), join(consumer.folder, 'node_modules', name))
    const prebuild = join('node_modules', 'aasist-ascend', 'prebuilds', `linux-${process.arch}`)
    simulator = join(consumer.folder, prebuild, 'simulator')
    cpSync(join(root, 'test', 'fixtures', 'onnx', 'two-outputs.onnx'), join(scratch, 'model.onnx'))
    const atc = ['--framework=5', '--model=model.onnx', '--output=model', '--soc_version=Ascend310P3']
    succeed(join(simulator, 'bin', 'atc'), atc, { folder: scratch })
    unbundled = execute('main.js').stdout
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))

  function execute(file: string, folder = consumer.folder): Ran {
    const demo = join(root, 'models', 'demo')
    const clip = join(demo, 'LA', 'ASVspoof2019_LA_eval', 'flac', 'DEMO_E_0001000.flac')
    const model = join(demo, 'aasist-l-demo.pth')
    const args = [model, clip, join(scratch, 'model.om'), join(simulator, 'lib')]
    return run(process.execPath, [file, ...args], { folder, env: { ACL_SIM_EXEC_US: '1000' } })
  }

  /** Bundles into `out` by the recipe with this number. */
  const bundlers: Readonly<Record<string, (recipe: number) => void>> = {
    esbuild: recipe => {
      const command = recipes('sh')[recipe]!.replace('npx esbuild', 'esbuild')
      const { stderr } = succeed('sh', ['-euc', command], { folder: consumer.folder, first: [commands] })
      expect(stderr).not.to.match(/warning|error/i)
    },
    webpack: recipe => {
      consumer.write('webpack.config.js', recipes('js')[recipe]!)
      const bundling = `
        require('webpack')(require('./webpack.config.js'), (error, stats) => {
          console.log(error ?? stats.toString({ all: false, errors: true, warnings: true, errorDetails: true }))
        })`
      expect(consumer.node(bundling, 'commonjs')).to.deep.equal({ code: 0, stdout: '\n', stderr: '' })
    },
  }

  /** A folder with the bundle and nothing that can be required but onnxruntime-node. */
  function deploy(name: string): string {
    const folder = join(scratch, `deployed by ${name}`)
    mkdirSync(join(folder, 'node_modules'), { recursive: true })
    cpSync(join(consumer.folder, 'out'), join(folder, 'out'), { recursive: true })
    const onnxruntime = join('node_modules', 'onnxruntime-node')
    symlinkSync(join(root, onnxruntime), join(folder, onnxruntime))
    return folder
  }

  it('are compared with the program as it is, whose score is that of PyTorch', () => {
    const { scores, soc, outputs } = JSON.parse(unbundled) as Found
    // From test/fixtures/demo/golden.json.
    expect(scores[0]).to.be.closeTo(1.77767, 1e-4)
    expect(scores).to.have.length(4)
    expect(scores.slice(2)).to.deep.equal(scores.slice(0, 2))
    expect({ soc, outputs: outputs.length }).to.deep.equal({ soc: 'Ascend310P3', outputs: 2 })
  })

  for (const [name, bundle] of Object.entries(bundlers)) {
    describe(`by ${name}`, () => {
      beforeEach(() => rmSync(join(consumer.folder, 'out'), { recursive: true, force: true }))

      it('without the package find it in node_modules', () => {
        bundle(0)
        expect(execute(join('out', 'main.js'))).to.deep.equal({ code: 0, stdout: unbundled, stderr: '' })
        const { stderr } = execute(join('out', 'main.js'), deploy(`${name}, without`))
        expect(stderr, 'where the package is not installed').to.include(`Cannot find module 'aasist-ascend'`)
      })

      it('with the package run on the CPU and on the simulator where it is not installed', () => {
        bundle(1)
        const ran = execute(join('out', 'main.js'), deploy(name))
        expect(ran).to.deep.equal({ code: 0, stdout: unbundled, stderr: '' })
      })
    })
  }
})
