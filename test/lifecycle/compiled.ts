/**
 * The session room and the life-cycle scripts as plain JavaScript, the way users run them. Only what they import is
 * compiled, without type checks, so this takes a second or two and needs no other part of the package to be buildable.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../support/environment'

export interface Compiled {
  /** Path of a compiled file, by its path in the repository without extension. */
  script(source: string): string
  remove(): void
}

/** `place` is where the output goes: inside node_modules packages are found, in a temporary folder they are not. */
export function compile(sources: readonly string[], place?: string): Compiled {
  const outDir =
    place ?? join(root, 'node_modules', '.cache', 'aasist-ascend', `compiled-${process.pid}-${Date.now()}`)
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), path => ts.sys.readFile(path)) as {
    config: object
  }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram(
    sources.map(source => join(root, `${source}.ts`)),
    { ...options, rootDir: root, outDir, declaration: false, declarationMap: false, sourceMap: false },
  )
  const { emitSkipped } = program.emit()
  if (emitSkipped) throw new Error(`TypeScript wrote nothing to ${outDir}`)
  mkdirSync(outDir, { recursive: true })
  writeFileSync(join(outDir, 'package.json'), '{ "type": "commonjs" }\n')
  return {
    script: source => join(outDir, `${source}.js`),
    remove: () => rmSync(outDir, { recursive: true, force: true }),
  }
}
