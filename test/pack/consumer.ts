/** A user's project that has the package in its node_modules, one way or another. */
import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/environment'
import { run, succeed, type Ran } from './programs'
import type { Tarball } from './tarball'

/** Not session-types.ts: it imports onnxruntime's declarations, which do not pass without those of the DOM. */
const typeTests = ['public-api.ts', 'consumer.ts']
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

/** The ways TypeScript finds a package and its own output format. */
export const typescriptProjects = {
  'node16, CommonJS': { type: 'commonjs', module: 'node16', moduleResolution: 'node16' },
  'node16, ESM': { type: 'module', module: 'node16', moduleResolution: 'node16' },
  'nodenext, ESM': { type: 'module', module: 'nodenext', moduleResolution: 'nodenext' },
  'bundler, ESM': { type: 'module', module: 'esnext', moduleResolution: 'bundler' },
} as const
export type TypescriptProject = keyof typeof typescriptProjects

export class Consumer {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
    mkdirSync(folder, { recursive: true })
    this.write('package.json', '{ "name": "consumer", "version": "1.0.0", "private": true }')
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text)
  }

  /** Unpacks the tarball and links its dependencies from this checkout: seconds instead of 290 MB of copying. */
  unpack(tarball: Tarball): void {
    const modules = join(this.folder, 'node_modules')
    mkdirSync(modules)
    const fromCheckout = join(root, 'node_modules')
    for (const name of readdirSync(fromCheckout).filter(name => !name.startsWith('.')))
      symlinkSync(join(fromCheckout, name), join(modules, name))
    succeed('tar', ['-xzf', tarball.path, '-C', this.folder], { folder: this.folder })
    renameSync(join(this.folder, 'package'), join(modules, 'aasist-ascend'))
  }

  node(code: string, kind: 'module' | 'commonjs'): Ran {
    return run(process.execPath, [`--input-type=${kind}`, '--eval', code], { folder: this.folder })
  }

  command(args: readonly string[], folder: string): Ran {
    return run(join(this.folder, 'node_modules', '.bin', 'aasist'), args, { folder })
  }

  /** Compiles the type tests as this user would have written it, with the declarations of the package checked as well. */
  compile(project: TypescriptProject): Ran {
    const { type, ...modules } = typescriptProjects[project]
    this.write('package.json', JSON.stringify({ name: 'consumer', type }))
    for (const name of typeTests) {
      const text = readFileSync(join(root, 'test', 'types', name), 'utf8')
      this.write(name, text.replaceAll(`'../../lib`, `'aasist-ascend`))
    }
    const compilerOptions = {
      ...modules,
      target: 'es2022',
      lib: ['es2022', 'esnext.disposable'],
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      outDir: 'out',
    }
    this.write('tsconfig.json', JSON.stringify({ compilerOptions, files: typeTests }))
    return run(process.execPath, [tsc, '-p', '.'], { folder: this.folder })
  }

  runCompiled(): Ran {
    return run(process.execPath, [join('out', 'consumer.js')], { folder: this.folder })
  }
}
