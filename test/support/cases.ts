/** Test programs in C++ (cases.h): their cases, and one of them run in a process of its own. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface ProgramCase {
  readonly name: string
  readonly environment: Readonly<Record<string, string>>
}

export interface EndedCase {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

const literals = '((?:"[^"]*"\\s*)+)'
const caseMacro = new RegExp(`^CASE\\(\\s*${literals},\\s*${literals}\\)`, 'gm')

/** The cases of a program, from its source: tests need their names before anything is compiled. */
export function casesIn(source: string): readonly ProgramCase[] {
  const text = readFileSync(source, 'utf8')
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

/** `environment` comes on top of this process's, and the case's own on top of that. */
export function startCase(
  program: string,
  { name, environment }: ProgramCase,
  more: Readonly<NodeJS.ProcessEnv> = {},
): EndedCase {
  return startProgram(program, [name], { ...more, ...environment })
}

export function startProgram(
  program: string,
  args: readonly string[],
  environment: Readonly<NodeJS.ProcessEnv>,
): EndedCase {
  const { status, signal, stderr } = spawnSync(program, args, {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  return { status, signal, stderr }
}
