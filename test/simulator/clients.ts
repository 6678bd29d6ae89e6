/** Compiles the client programs and starts them on the simulator, one process a case. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/environment'

const sources = join(__dirname, 'clients')
/** What a program may link. */
const libraries = ['acl_dvpp', 'acl_cblas', 'acl_op_compiler', 'fmk_onnx_parser', 'ascendcl']
const warnings = ['-Wall', '-Wextra', '-Werror']

export interface ClientCase {
  readonly name: string
  readonly environment: Readonly<Record<string, string>>
}

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

export class Client {
  readonly #program: string
  readonly #environment: NodeJS.ProcessEnv

  /** `simulator` is the folder with `lib`; `environment` comes on top of this process's. */
  constructor(
    name: string,
    simulator: string,
    folder: string,
    environment: Readonly<Record<string, string>>,
  ) {
    const library = join(simulator, 'lib')
    this.#program = join(folder, name)
    this.#environment = { ...process.env, ...environment, LD_LIBRARY_PATH: library }
    mkdirSync(folder, { recursive: true })
    const files = [join(sources, `${name}.cc`), '-o', this.#program]
    const includes = ['-I', join(root, 'native'), '-I', sources]
    // A sanitizer has to be in the program as well.
    const sanitize = process.env['AASIST_SANITIZE']
    const sanitized = sanitize === undefined ? [] : [`-fsanitize=${sanitize}`]
    // All bound at once, as the genuine benchmark is.
    const link = [
      '-L',
      library,
      '-Wl,-z,now,--no-as-needed',
      ...libraries.map(each => `-l${each}`),
      '-pthread',
      '-ldl',
    ]
    execFileSync(
      'g++',
      ['-std=c++17', '-O0', '-g', ...sanitized, ...warnings, ...includes, ...files, ...link],
      {
        stdio: 'pipe',
      },
    )
  }

  run({ name, environment }: ClientCase, more: Readonly<Record<string, string>> = {}): Ended {
    return this.start([name], { ...environment, ...more })
  }

  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Ended {
    const { status, signal, stderr } = spawnSync(this.#program, args, {
      env: { ...this.#environment, ...environment },
      encoding: 'utf8',
      timeout: 60_000,
      killSignal: 'SIGKILL',
    })
    return { status, signal, stderr }
  }
}

const literals = '((?:"[^"]*"\\s*)+)'
const caseMacro = new RegExp(`^CASE\\(\\s*${literals},\\s*${literals}\\)`, 'gm')

/** The cases of a program, from its source: tests need their names before anything is compiled. */
export function casesOf(name: string): readonly ClientCase[] {
  const text = readFileSync(join(sources, `${name}.cc`), 'utf8')
  const content = (pieces: string): string =>
    [...pieces.matchAll(/"([^"]*)"/g)].map(match => match[1]).join('')
  return [...text.matchAll(caseMacro)].map(([, title = '', settings = '']) => ({
    name: content(title),
    environment: Object.fromEntries(
      content(settings)
        .split(' ')
        .filter(setting => setting !== '')
        .map(setting => splitOnce(setting, '=')),
    ),
  }))
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return [text.slice(0, at), text.slice(at + 1)]
}
