import { expect } from 'chai'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../support/environment'

const readJson = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'))

interface Manifest {
  name: string
  version: string
  main: string
  types: string
  files: string[]
  bin: Record<string, string>
  exports: Record<string, string | Record<string, string>>
  dependencies: Record<string, string>
  optionalDependencies: Record<string, string>
  devDependencies: Record<string, string>
}
const manifest = readJson('package.json') as Manifest
const lockfile = readJson('package-lock.json') as { packages: Record<string, Record<string, unknown>> }

function sourcesUnder(folder: string): string[] {
  if (!existsSync(join(root, folder))) return []
  return (readdirSync(join(root, folder), { recursive: true }) as string[])
    .filter(file => file.endsWith('.ts'))
    .map(file => join(folder, file))
}
const parse = (file: string) =>
  ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2022, true)
const generated = join('lib', 'model', 'onnx', 'onnx_pb.ts')

function takesSomething({ valueDeclaration }: ts.Symbol): boolean {
  if (valueDeclaration === undefined) return false
  return (
    ts.isClassDeclaration(valueDeclaration) ||
    (ts.isFunctionDeclaration(valueDeclaration) && valueDeclaration.parameters.length > 0)
  )
}

describe('structure: sources', function () {
  it('of lib have at most 600 lines each', function () {
    const long = sourcesUnder('lib').filter(
      file => file !== generated && readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length > 600,
    )
    expect(long).to.deep.equal([])
  })

  it('have no any, no enum, no default export and no switched-off rule', function () {
    const found = ['lib', 'test', 'bench', 'examples'].flatMap(sourcesUnder).flatMap(file => {
      if (file === generated) return []
      const source = parse(file)
      const wrong: string[] = []
      const note = (node: ts.Node, what: string) => {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart())
        wrong.push(`${file}:${line + 1} ${what}`)
      }
      const visit = (node: ts.Node): void => {
        if (node.kind === ts.SyntaxKind.AnyKeyword) note(node, 'any')
        if (ts.isEnumDeclaration(node)) note(node, 'enum')
        if (ts.isExportAssignment(node)) note(node, 'default export')
        if (
          node.kind === ts.SyntaxKind.DefaultKeyword &&
          node.parent.kind === ts.SyntaxKind.FunctionDeclaration
        )
          note(node, 'default export')
        ts.forEachChild(node, visit)
      }
      visit(source)
      if (/eslint-disable|@ts-ignore|@ts-nocheck/.test(source.text) && !file.endsWith('repository.test.ts'))
        wrong.push(`${file} switches a rule off`)
      return wrong
    })
    expect(found).to.deep.equal([])
  })

  it('say in a doc comment what every public class and function with parameters is for', function () {
    const program = ts.createProgram([join(root, 'lib', 'index.ts')], {
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
      target: ts.ScriptTarget.ES2022,
      noEmit: true,
    })
    const checker = program.getTypeChecker()
    const door = checker.getSymbolAtLocation(program.getSourceFile(join(root, 'lib', 'index.ts'))!)
    const silent = checker
      .getExportsOfModule(door!)
      .map(symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
      .filter(takesSomething)
      .filter(symbol => symbol.getDocumentationComment(checker).length + symbol.getJsDocTags().length === 0)
    expect(silent.map(symbol => symbol.name)).to.deep.equal([])
  })
})

describe('structure: package.json', function () {
  it('lists files that exist', function () {
    const built = (path: string) => path === 'dist'
    expect(manifest.files.filter(file => !built(file) && !existsSync(join(root, file)))).to.deep.equal([])
  })

  it('opens one door a subpath, each compiled from a source that exists', function () {
    const targets = [
      manifest.main,
      manifest.types,
      ...Object.values(manifest.bin),
      ...Object.values(manifest.exports).flatMap(entry =>
        typeof entry === 'string' ? [] : Object.values(entry),
      ),
    ]
    const sources = targets.map(target =>
      target.replace(/^(\.\/)?dist\//, 'lib/').replace(/(\.d\.ts|\.js)$/, '.ts'),
    )
    expect(sources.filter(source => !existsSync(join(root, source)))).to.deep.equal([])
  })

  it('puts types before code, where TypeScript looks', function () {
    for (const entry of Object.values(manifest.exports))
      if (typeof entry !== 'string') expect(Object.keys(entry)).to.deep.equal(['types', 'default'])
  })

  it('depends on every package that lib loads, and on no other at run time', function () {
    const loaded = sourcesUnder('lib').flatMap(file =>
      ts
        .preProcessFile(readFileSync(join(root, file), 'utf8'), true, true)
        .importedFiles.map(({ fileName }) => fileName)
        .filter(name => !name.startsWith('.') && !name.startsWith('node:'))
        .map(name => name.split('/', name.startsWith('@') ? 2 : 1).join('/')),
    )
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
    expect(declared).to.have.members([...new Set(loaded)])
  })
})

describe('structure: package-lock.json', function () {
  it('names no place that packages come from', function () {
    const placed = Object.entries(lockfile.packages).filter(([, entry]) => 'resolved' in entry)
    expect(placed.map(([path]) => path)).to.deep.equal([])
  })

  it('holds a checksum for every package', function () {
    const unchecked = Object.entries(lockfile.packages).filter(
      ([path, entry]) => path !== '' && !entry['integrity'],
    )
    expect(unchecked.map(([path]) => path)).to.deep.equal([])
  })

  it('belongs to this package.json', function () {
    const { name, version, dependencies, optionalDependencies, devDependencies } = manifest
    const expected = { name, version, dependencies, optionalDependencies, devDependencies }
    expect(lockfile.packages['']).to.deep.include(expected)
  })
})
