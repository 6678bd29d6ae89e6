/** What the published declarations need: a project without onnxruntime-node compiles, and one with another release of it. */
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect } from 'chai'
import ts from 'typescript'
import { root } from '../support/environment'

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/** Comments, among them examples that import onnxruntime-node, do not count. */
function importsOf(file: string): readonly string[] {
  const found = ts.preProcessFile(readFileSync(file, 'utf8'), true, true)
  return [...found.importedFiles, ...found.typeReferenceDirectives].map(({ fileName }) => fileName)
}

function declarationAt(path: string): string {
  const [file] = [`${path}.d.ts`, join(path, 'index.d.ts')].filter(each => ts.sys.fileExists(each))
  if (file === undefined) throw new Error(`${path} has no declarations`)
  return file
}

/** By file below dist, everything that is reached from the doors, and the packages that each imports. */
function reachable(): ReadonlyMap<string, readonly string[]> {
  const packages = new Map<string, readonly string[]>()
  const open = Object.values(manifest.exports).flatMap(door =>
    typeof door === 'string' ? [] : [join(root, door.types)],
  )
  for (const file of open) {
    const name = relative(join(root, 'dist'), file)
    if (packages.has(name)) continue
    const imports = importsOf(file)
    packages.set(
      name,
      imports.filter(each => !each.startsWith('.')),
    )
    open.push(
      ...imports.filter(each => each.startsWith('.')).map(each => declarationAt(join(dirname(file), each))),
    )
  }
  return packages
}

describe('the published declarations', () => {
  it('are reached from every door, and import nothing of onnxruntime', () => {
    const files = reachable()
    for (const file of [
      'index',
      'session/session',
      'session/tensor',
      'onnxruntime/index',
      'onnxruntime/register',
    ])
      expect([...files.keys()]).to.include(`${file}.d.ts`)
    const wrong = [...files].filter(([, packages]) => packages.some(name => /onnxruntime/.test(name)))
    expect(wrong).to.deep.equal([])
  })

  it('would be found out: one that no door leads to does import it', () => {
    const file = 'session/ort-package.d.ts'
    expect([...reachable().keys()]).not.to.include(file)
    expect(importsOf(join(root, 'dist', file))).to.include('onnxruntime-node')
  })
})
