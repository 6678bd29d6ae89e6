/** Runs the built command as its users do. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { root } from '../support/environment'
import { readJson } from '../support/golden'

export { scratchFolder } from '../support/scratch-folder'

export const program = join(root, 'dist', 'cli', 'main.js')

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Another copy of the package than this checkout's. */
  readonly program?: string
  /** After this the command is killed, which fails the test that expects an exit code. */
  readonly timeoutSeconds?: number
}

export async function until(condition: () => boolean, what: string, seconds = 30): Promise<void> {
  const startedAtMs = performance.now()
  while (!condition()) {
    if (performance.now() - startedAtMs > seconds * 1000) throw new Error(`still waiting for ${what}`)
    await delay(20)
  }
}

/** A command that has been started and may still run. */
export class Running {
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''
  readonly #child: ChildProcessWithoutNullStreams

  constructor(command: string, args: readonly string[], options: RunOptions = {}) {
    const { cwd, env, timeoutSeconds = 60 } = options
    if (!existsSync(program))
      throw new Error(`${program} is missing; npm test builds it, so does npm run build`)
    const startedAtMs = performance.now()
    const child = spawn(command, args, {
      ...(cwd !== undefined && { cwd }),
      env: { ...process.env, ...env },
      timeout: timeoutSeconds * 1000,
      killSignal: 'SIGKILL',
    })
    this.#child = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    child.stdin.end()
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (status, signal) => {
        const { stdout, stderr } = this
        resolve({ status, signal, stdout, stderr, seconds: (performance.now() - startedAtMs) / 1000 })
      })
    })
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}

export function startAasist(args: readonly string[], options: RunOptions = {}): Running {
  return new Running(process.execPath, [options.program ?? program, ...args], options)
}

export function aasist(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return startAasist(args, options).ended
}

/** A line of a shell, in which "$AASIST" stands for the command. */
export function shell(line: string, options: RunOptions = {}): Promise<Ended> {
  const command = `${quoted(process.execPath)} ${quoted(program)}`
  return new Running('bash', ['-c', line.replaceAll('$AASIST', command)], options).ended
}

export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** What must never be seen, whatever went wrong. */
const crashText =
  /\n {4}at |Segmentation|Aborted|node:internal|UnhandledPromise|uncaught|core dumped|\[object Object\]|undefined/

/** A failure as it must be: an exit code of its own kind, the typed code on stderr, nothing that looks like a crash. */
export function expectFailure(ended: Ended, status: 1 | 2, code: string): void {
  const { stdout, stderr, signal } = ended
  const said = `${stdout}${stderr}`
  expect(signal, said).to.equal(null)
  expect(said).to.not.match(crashText)
  expect(stderr).to.include(`[${code}]`)
  expect(ended.status, said).to.equal(status)
}

export function expectSuccess(ended: Ended): void {
  expect(ended.stderr).to.not.match(crashText)
  expect([ended.status, ended.signal], ended.stderr).to.deep.equal([0, null])
}

/** The package as installed where its optional dependency failed: everything but onnxruntime-node. Gives its command. */
export function installWithoutOnnxruntime(folder: string): string {
  const installed = join(folder, 'node_modules', 'aasist-ascend')
  const { dependencies } = readJson(root, 'package.json') as { dependencies: Record<string, string> }
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  }
  // A link would be followed to where it points, and onnxruntime-node found beside that.
  cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true })
  for (const name of ['models', 'package.json']) symlinkSync(join(root, name), join(installed, name))
  return join(installed, 'dist', 'cli', 'main.js')
}

/** Does at most `width` things at a time. */
export async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  const workers = Array.from({ length: width }, async () => {
    for (const item of rest) await work(item)
  })
  await Promise.all(workers)
}
