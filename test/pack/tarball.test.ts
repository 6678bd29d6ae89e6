import { expect } from 'chai'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { root } from '../support/environment'
import { Consumer } from './consumer'
import { packInto, type Tarball } from './tarball'

interface Manifest {
  bin: Record<string, string>
  exports: Record<string, string | { types: string; default: string }>
  scripts: Record<string, string>
  files: string[]
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
const subpaths = ['', '/session', '/metrics', '/model', '/onnxruntime']

describe('the packed package', function () {
  this.timeout(120_000)
  let scratch: string
  let tarball: Tarball
  let consumer: Consumer
  before(function () {
    scratch = mkdtempSync(join(tmpdir(), 'aasist-pack-'))
    tarball = packInto(scratch)
    consumer = new Consumer(join(scratch, 'consumer'))
    consumer.unpack(tarball)
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))

  const textOf = (file: string) =>
    readFileSync(join(consumer.folder, 'node_modules', 'aasist-ascend', file), 'utf8')

  it('holds code, declarations, sources for their maps, the demo and documents, and nothing else', function () {
    const allowed = [
      /^dist\/.+\.(js|d\.ts)(\.map)?$/,
      /^lib\/.+\.(ts|proto)$/,
      /^bin\/aasist\.cjs$/,
      /^models\/demo\/[^/]+\.(pth|conf|json|md)$/,
      /^models\/demo\/LA\/.+\.(flac|txt)$/,
      /^docs\/.+\.md$/,
      /^examples\/.+\.(mjs|md|js|html|json|sh|toml)$/,
      /^prebuilds\/README\.md$/,
      /^prebuilds\/linux-(x64|arm64)\/(aasist-ascend\.glibc\.node|built\.json)$/,
      /^prebuilds\/linux-(x64|arm64)\/simulator\/(lib\/[\w.]+\.so|bin\/[\w-]+|include\/acl\/(ops\/)?[\w.]+\.(h|inc))$/,
      /^(README\.md|CHANGELOG\.md|LICENSE|NOTICE|package\.json)$/,
    ]
    expect(tarball.files.filter(file => !allowed.some(pattern => pattern.test(file)))).to.deep.equal([])
  })

  it('holds what it promises', function () {
    const targets = Object.values(manifest.exports).flatMap(entry =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    )
    const promised = [...targets, ...Object.values(manifest.bin)].map(path => posix.normalize(path))
    const documents = ['README.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE', 'docs/usage.md']
    expect(tarball.files).to.include.members([...promised, ...documents, 'models/demo/aasist-l-demo.pth'])
  })

  it('holds the output of every source and no output without one', function () {
    const sources = (readdirSync(join(root, 'lib'), { recursive: true }) as string[])
      .filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts'))
      .map(file => file.replaceAll('\\', '/').replace(/\.ts$/, ''))
    const compiled = tarball.files.filter(file => /^dist\/.*(?<!\.d)\.js$/.test(file))
    expect(compiled.map(file => file.slice('dist/'.length, -'.js'.length))).to.have.members(sources)
  })

  it('has no map that points to nowhere', function () {
    const files = new Set(tarball.files)
    const maps = tarball.files.filter(file => file.endsWith('.map'))
    const targets = maps.flatMap(map => {
      const { sources, sourceRoot } = JSON.parse(textOf(map)) as { sources: string[]; sourceRoot?: string }
      return sources.map(source => posix.join(posix.dirname(map), sourceRoot ?? '', source))
    })
    expect(targets.filter(target => !files.has(target))).to.deep.equal([])
    const named = tarball.files
      .filter(file => /^dist\/.*\.(js|d\.ts)$/.test(file))
      .flatMap(file =>
        [...textOf(file).matchAll(/^\/\/# sourceMappingURL=(.+)$/gm)].map(([, url]) =>
          posix.join(posix.dirname(file), url!),
        ),
      )
    expect(named).to.have.members(maps)
  })

  it('runs nothing when it is installed', function () {
    const scripts = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare']
    expect(Object.keys(manifest.scripts).filter(name => scripts.includes(name))).to.deep.equal([])
    // npm runs node-gyp where it finds this file, whatever package.json says (npm/cli#9859).
    expect(tarball.files).not.to.include('binding.gyp')
  })

  it('stays below 6 MB packed and 12 MB unpacked', function () {
    // 5.2 and 10.2 MB at the time of writing: 2.7 MB demo clips and weights, 1.9 MB (5 unpacked) binaries.
    expect(tarball.packedBytes).to.be.below(6e6)
    expect(tarball.unpackedBytes).to.be.below(12e6)
  })

  it('gives require and import the same exports, class by class', function () {
    const names = subpaths.map(subpath => `aasist-ascend${subpath}`)
    const code = `
      import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url)
      const found = []
      for (const name of ${JSON.stringify(names)}) {
        const imported = await import(name)
        const required = require(name)
        found.push(name, Object.keys(required).length > 0)
        for (const key of Object.keys(required)) if (imported[key] !== required[key]) found.push(key)
      }
      console.log(JSON.stringify(found))`
    const { stdout, stderr } = consumer.node(code, 'module')
    expect(JSON.parse(stdout || JSON.stringify(stderr))).to.deep.equal(names.flatMap(name => [name, true]))
  })

  it('has one copy of each class behind all its doors', function () {
    const code = `
      const whole = require('aasist-ascend')
      for (const name of ['session', 'metrics', 'model'])
        for (const [key, value] of Object.entries(require('aasist-ascend/' + name)))
          if (whole[key] !== value) console.log(name, key)`
    expect(consumer.node(code, 'commonjs')).to.deep.equal({ code: 0, stdout: '', stderr: '' })
  })

  it('keeps what is behind its doors to itself', function () {
    const { stdout } = consumer.node(
      `try { require('aasist-ascend/dist/audio/index.js') } catch (error) { console.log(error.code) }`,
      'commonjs',
    )
    expect(stdout).to.equal('ERR_PACKAGE_PATH_NOT_EXPORTED\n')
  })

  it('starts nothing and reads nothing native when it is loaded', function () {
    const { stdout } = consumer.node(
      `require('aasist-ascend'); console.log(Object.keys(require.cache).filter(file => /onnxruntime|\\.node$/.test(file)))`,
      'commonjs',
    )
    expect(stdout).to.equal('[]\n')
  })

  // tarball.slow.ts has the others.
  for (const project of ['node16, CommonJS'] as const) {
    it(`is used from strict TypeScript: ${project}`, function () {
      expect(consumer.compile(project)).to.deep.equal({ code: 0, stdout: '', stderr: '' })
      const { stdout, stderr } = consumer.runCompiled()
      const found = JSON.parse(stdout || JSON.stringify(stderr)) as { score: number }
      expect(found).to.deep.include({ missing: 'AUDIO_NOT_FOUND', inputs: ['input'], eer: 0.5 })
      // PyTorch's score of this clip, from test/fixtures/demo/golden.json.
      expect(found.score).to.be.closeTo(1.77767, 1e-4)
    })
  }

  it('names its sources in stack traces with --enable-source-maps', function () {
    const code = `require('aasist-ascend').parseConfig('')`
    const { stderr } = consumer.node(`process.setSourceMapsEnabled(true); ${code}`, 'commonjs')
    const source = join('aasist-ascend', 'lib', 'model', 'config.ts')
    expect(stderr).to.include(source)
  })
})
