/** A checkout in miniature with this repository's set-up scripts, and stand-ins for npm and tsc that write down calls. */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { root } from '../support/environment'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

interface Running {
  readonly ended: Promise<Ended>
  /** Resolves as soon as stderr holds this. */
  says(text: string): Promise<void>
  kill(signal: NodeJS.Signals): void
}

type Packages = Readonly<
  Record<string, { version: string; optional?: boolean; os?: string[]; cpu?: string[] }>
>

export class ScratchCheckout {
  readonly folder = mkdtempSync(join(tmpdir(), 'aasist-set-up-'))

  constructor() {
    const standIns = join(root, 'test', 'pack', 'stand-ins')
    cpSync(join(root, 'scripts'), this.path('scripts'), { recursive: true })
    cpSync(join(standIns, 'npm.cjs'), this.path('tools/npm-cli.js'))
    cpSync(join(standIns, 'npm.cjs'), this.path('tools/npm'))
    cpSync(join(standIns, 'tsc.cjs'), this.path('tools/tsc.cjs'))
    const program = readFileSync(this.path('tools/npm'), 'utf8')
    writeFileSync(this.path('tools/npm'), `#!/usr/bin/env node\n${program}`)
    chmodSync(this.path('tools/npm'), 0o755)
    this.write('package.json', '{ "type": "commonjs" }')
    this.write('tsconfig.json', '{}')
    this.write('lib/index.ts', 'first')
    this.write('lib/cli/main.ts', 'first')
    this.lock({})
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), text)
  }

  /** Writes a lockfile with these packages beside the compiler. */
  lock(packages: Packages): void {
    const all = { '': {}, 'node_modules/typescript': { version: '5.9.3', dev: true }, ...packages }
    this.write('package-lock.json', JSON.stringify({ lockfileVersion: 3, packages: all }))
  }

  start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    const child = spawn(program, args, {
      cwd: this.folder,
      env: { ...process.env, npm_execpath: this.path('tools/npm-cli.js'), ...env },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
    })
    const says = async (text: string) => {
      while (!stderr.includes(text)) await setTimeout(10)
    }
    return { ended, says, kill: signal => void child.kill(signal) }
  }

  startSetUp(env: NodeJS.ProcessEnv = {}, ...args: readonly string[]): Running {
    return this.start(process.execPath, [this.path('scripts/setup.mjs'), ...args], env)
  }

  setUp(env: NodeJS.ProcessEnv = {}, ...args: readonly string[]): Promise<Ended> {
    return this.startSetUp(env, ...args).ended
  }

  /** An installation that set-up knows nothing of. */
  installByHand(env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return this.start(process.execPath, [this.path('tools/npm-cli.js'), 'ci'], env).ended
  }

  withToolsFirstOnPath(): NodeJS.ProcessEnv {
    return { PATH: [this.path('tools'), process.env['PATH']].join(delimiter) }
  }

  /** Resolves with the process id of an npm told to wait, once it does. */
  async npmWaits(): Promise<number> {
    for (;;) {
      if (existsSync(this.path('npm-waits.txt'))) {
        const pid = Number(readFileSync(this.path('npm-waits.txt'), 'utf8'))
        if (pid > 0) return pid
      }
      await setTimeout(10)
    }
  }

  /** The programs called since the last time this was asked, in order, each with its arguments. */
  calls(): string[] {
    try {
      const lines = readFileSync(this.path('calls.txt'), 'utf8').trimEnd().split('\n')
      rmSync(this.path('calls.txt'))
      return lines
    } catch {
      return []
    }
  }

  /** The same without arguments. */
  programs(): string[] {
    return this.calls().map(call => call.split(' ')[0]!)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
