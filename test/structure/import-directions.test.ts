import { expect } from 'chai'
import { ESLint } from 'eslint'
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { root } from '../support/environment'

/** What each room may import of ours beside errors, from docs/architecture.md. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  audio: [],
  model: [],
  dataset: [],
  metrics: [],
  toolchain: [],
  session: [],
  onnxruntime: ['session'],
  scoring: ['audio', 'model', 'dataset', 'metrics', 'toolchain', 'session'],
  benchmark: ['scoring', 'session', 'audio', 'dataset', 'model', 'metrics', 'toolchain'],
  report: ['scoring', 'dataset', 'metrics'],
  cli: ['report', 'benchmark', 'scoring', 'audio', 'model', 'dataset', 'metrics', 'toolchain', 'session'],
}

/** Files of lib that belong to no room, and the rooms that may import them. */
const shared: Readonly<Record<string, readonly string[]>> = {
  errors: Object.keys(rooms),
  'abort-listeners': ['session', 'scoring'],
  'file-beside': ['session', 'scoring'],
}

/** Type-aware rules need files that exist; the direction rule reads only import lines. */
const eslint = new ESLint({
  cwd: root,
  ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-imports',
  overrideConfig: { languageOptions: { parserOptions: { project: null } } },
})

async function complaints(file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, file) })
  expect(result!.fatalErrorCount).to.equal(0)
  return result!.messages.map(({ message }) => message)
}

/** Paths below lib, with forward slashes. */
function libSources(): string[] {
  return (readdirSync(join(root, 'lib'), { recursive: true }) as string[])
    .filter(file => file.endsWith('.ts'))
    .map(file => file.replaceAll('\\', '/'))
}

/** What a file imports, requires or loads later, as far as it lies in lib; a folder stands for its index. */
function ownImports(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, 'lib', file), 'utf8'), true, true)
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => posix.join(posix.dirname(file), fileName))
    .map(path => (Object.hasOwn(rooms, path) ? `${path}/index` : path))
}

describe('structure: import directions', function () {
  this.timeout(60_000)

  it('are given for every room there is', function () {
    const folders = readdirSync(join(root, 'lib'), { withFileTypes: true }).filter(entry =>
      entry.isDirectory(),
    )
    expect(folders.map(({ name }) => name)).to.have.members(Object.keys(rooms))
  })

  for (const [room, allowed] of Object.entries(rooms)) {
    const others = Object.keys(rooms).filter(other => other !== room)

    it(`${room} may look into ${['errors', ...allowed].join(', ')}`, async function () {
      const imports = [...allowed, 'errors'].map(other => `import '../${other}'`)
      expect(await complaints(`lib/${room}/new.ts`, imports.join('\n'))).to.deep.equal([])
    })

    for (const [file, importers] of Object.entries(shared)) {
      const may = importers.includes(room)
      it(`${room} ${may ? 'may' : 'may not'} import ${file}`, async function () {
        const expected = may ? 0 : 1
        expect(await complaints(`lib/${room}/new.ts`, `import '../${file}'`)).to.have.length(expected)
        expect(await complaints(`lib/${room}/deep/new.ts`, `import '../../${file}'`)).to.have.length(expected)
      })
    }

    it(`${room} may import its own files, at any depth`, async function () {
      const own = ["import './file'", "import './deep/file'"]
      expect(await complaints(`lib/${room}/new.ts`, own.join('\n'))).to.deep.equal([])
      const deep = ["import '../file'", "import './file'", "import '../other/file'"]
      expect(await complaints(`lib/${room}/deep/new.ts`, deep.join('\n'))).to.deep.equal([])
    })

    it(`${room} may not import the package's door, files that do not exist yet, or what lies outside lib`, async function () {
      const ways = [
        '..',
        '../',
        '../index',
        '../index.js',
        '../.',
        '../../lib',
        '../newcomer',
        '../../test/file',
      ]
      for (const way of ways) {
        expect(await complaints(`lib/${room}/new.ts`, `export * from '${way}'`), way).to.have.length(1)
      }
      for (const way of ['..', '../index', '../..', '../../index', '../../newcomer', '../../../lib/errors']) {
        const code = `import type { X } from '${way}'`
        expect(await complaints(`lib/${room}/deep/new.ts`, code), way).to.have.length(1)
      }
    })

    it(`${room} may not import by a detour`, async function () {
      for (const way of ['./..', './../errors', '../errors/../index', './deep/../file', '../errors/..']) {
        expect(await complaints(`lib/${room}/new.ts`, `import '${way}'`), way).to.have.length(1)
      }
    })

    for (const other of others.filter(other => !allowed.includes(other))) {
      it(`${room} may not look into ${other}`, async function () {
        const ways = [
          `import '../${other}'`,
          `import type { X } from '../${other}/deep/file'`,
          `export * from '../${other}/index'`,
        ]
        const found = await complaints(`lib/${room}/new.ts`, ways.join('\n'))
        expect(found).to.have.length(ways.length)
        expect(found[0]).to.include(`lib/${room} must not import lib/${other}`)
        expect(await complaints(`lib/${room}/deep/new.ts`, `import '../../${other}'`)).to.have.length(1)
      })
    }
  }

  it('hold for everything lib loads, in whatever way it loads it', function () {
    const wrong = libSources().flatMap(file => {
      const room = file.includes('/') ? file.split('/')[0]! : undefined
      const reachable = room === undefined ? Object.keys(rooms) : [room, ...rooms[room]!]
      const allows = (target: string): boolean => {
        // Literal paths, so that bundlers find the add-on and the version.
        if (target.startsWith('../prebuilds/')) return file === 'session/binding.ts'
        if (target === '../package.json') return file === 'scoring/versions.ts'
        if (target.includes('/')) return reachable.includes(target.split('/')[0]!)
        return Object.hasOwn(shared, target) && (room === undefined || shared[target]!.includes(room))
      }
      return ownImports(file)
        .filter(target => !allows(target))
        .map(target => `${file} loads ${target}`)
    })
    expect(wrong).to.deep.equal([])
  })

  it('lead from no file beside the rooms to the door or out of lib', async function () {
    for (const way of ['.', './', './index', '..', '../test/file', './errors/../index']) {
      expect(await complaints('lib/errors.ts', `import '${way}'`), way).to.have.length(1)
    }
    expect(await complaints('lib/index.ts', "export * from './metrics'")).to.deep.equal([])
  })

  it('lead nowhere from errors', function () {
    expect(ownImports('errors.ts')).to.deep.equal([])
  })
})
