/** Programs the tests of packing run, away from what npm, mocha and this checkout put into the environment. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** `npm run` and mocha hand their settings down; a user's shell has none of them. */
function userEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|MOCHA_|INIT_CWD|NODE_OPTIONS|NODE_V8_COVERAGE|NODE_ENV|CI$)/i.test(name),
  )
  const path = (process.env['PATH'] ?? '').split(delimiter).filter(folder => !folder.includes('node_modules'))
  return { ...Object.fromEntries(inherited), PATH: path.join(delimiter) }
}

export interface RunOptions {
  readonly folder: string
  readonly env?: NodeJS.ProcessEnv
  /** Folders to look for programs in before all others. */
  readonly first?: readonly string[]
}

export function run(program: string, args: readonly string[], options: RunOptions): Ran {
  const user = userEnvironment()
  const { PATH = '', ...env } = { ...user, ...options.env }
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: options.folder,
    env: { ...env, PATH: [...(options.first ?? []), PATH].join(delimiter) },
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  if (error !== undefined) throw error
  return { code: status, stdout, stderr }
}

/** Runs what must succeed; a failure shows what it printed. */
export function succeed(program: string, args: readonly string[], options: RunOptions): Ran {
  const ran = run(program, args, options)
  if (ran.code === 0) return ran
  throw new Error(
    `${[program, ...args].join(' ')}: exit code ${String(ran.code)}\n${ran.stdout}\n${ran.stderr}`,
  )
}

const buildTools = [
  'gcc',
  'g++',
  'cc',
  'c++',
  'clang',
  'make',
  'cmake',
  'ninja',
  'python',
  'python3',
  'node-gyp',
]

/** A folder of programs that nothing may call: each writes its name down and fails. */
export class Tripwires {
  readonly folder: string
  readonly #log: string

  constructor(folder: string) {
    this.folder = folder
    mkdirSync(folder, { recursive: true })
    this.#log = join(folder, 'called.txt')
    for (const tool of buildTools) {
      const path = join(folder, tool)
      writeFileSync(path, `#!/bin/sh\necho "${tool} $*" >> '${this.#log}'\nexit 1\n`)
      chmodSync(path, 0o755)
    }
  }

  /** What was called since the last time this was asked. */
  called(): string {
    if (!existsSync(this.#log)) return ''
    const text = readFileSync(this.#log, 'utf8')
    rmSync(this.#log)
    return text
  }
}
