/** Runs a compiled script to its end and gathers what is seen from outside. */
import { spawn } from 'node:child_process'
import { slowdown } from './slowdown'

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** As it would be without slowdown. */
  readonly tookMs: number
}

export interface RunScript {
  readonly flags?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Called with the process and its whole output so far whenever more is printed. */
  readonly onPrint?: (pid: number, stdout: string) => void
}

/** After this long the script hangs, which `status` then shows: SIGKILL instead of what was expected. */
const HANGS_AFTER_MS = 15_000 * slowdown

export function runScript(script: string, args: readonly string[], options: RunScript = {}): Promise<Ended> {
  const { flags = [], env = {}, onPrint } = options
  const startedAtMs = performance.now()
  const child = spawn(process.execPath, [...flags, script, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), HANGS_AFTER_MS)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    onPrint?.(child.pid!, stdout)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => {
      clearTimeout(timer)
      resolve({ status, signal, stdout, stderr, tookMs: (performance.now() - startedAtMs) / slowdown })
    })
  })
}
