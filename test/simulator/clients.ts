/** Compiles the client programs and starts them on the simulator, one process a case. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { casesIn, startCase, startProgram } from '../support/cases'
import type { EndedCase, ProgramCase } from '../support/cases'
import { neutralEnvironment, root } from '../support/environment'

const sources = join(__dirname, 'clients')
/** What a program may link. */
const libraries = ['acl_dvpp', 'acl_cblas', 'acl_op_compiler', 'fmk_onnx_parser', 'ascendcl']
const warnings = ['-Wall', '-Wextra', '-Werror']

export class Client {
  readonly #program: string
  readonly #environment: NodeJS.ProcessEnv

  /** `simulator` is the folder with `lib`; `environment` comes on top of this process's. */
  constructor(
    name: string,
    simulator: string,
    folder: string,
    environment: Readonly<Record<string, string>>,
    binding: 'now' | 'lazy' = 'now',
  ) {
    const library = join(simulator, 'lib')
    this.#program = join(folder, name)
    this.#environment = { ...neutralEnvironment(), ...environment, LD_LIBRARY_PATH: library }
    mkdirSync(folder, { recursive: true })
    const files = [join(sources, `${name}.cc`), '-o', this.#program]
    const includes = ['-I', join(root, 'native'), '-I', sources]
    // A sanitizer has to be in the program as well.
    const sanitize = process.env['AASIST_SANITIZE']
    const sanitized = sanitize === undefined || sanitize === 'coverage' ? [] : [`-fsanitize=${sanitize}`]
    // The genuine benchmark has all bound at once.
    const link = [
      '-L',
      library,
      `-Wl,-z,${binding},--no-as-needed`,
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

  run(each: ProgramCase, more: Readonly<Record<string, string>> = {}): EndedCase {
    return startCase(this.#program, each, { ...this.#environment, ...more })
  }

  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): EndedCase {
    return startProgram(this.#program, args, { ...this.#environment, ...environment })
  }
}

/** The cases of a client program. */
export const casesOf = (name: string): readonly ProgramCase[] => casesIn(join(sources, `${name}.cc`))
