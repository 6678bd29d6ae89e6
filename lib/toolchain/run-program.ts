/** Runs a program to its end, or ends it with everything it has started. */
import { spawn, type ChildProcess } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'
import { ToolError } from '../errors'
import type { Environment } from './find-program'

export interface ProgramRun {
  readonly cwd?: string
  readonly environment: Environment
  /** Undefined: as long as it takes. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Whole lines as they come, without their ends; longer ones than 16 Ki characters in pieces. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
}

export interface ProgramEnd {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly timedOut: boolean
}

/** Between asking a program to end and ending it. */
const graceMs = 2000
/** A helper that has outlived its program may keep the pipes open for ever. */
const drainMs = 1000
const longestLine = 1 << 14

/** They have sessions of their own, and would outlive a process.exit(). */
const running = new Set<ChildProcess>()

function endRunning(): void {
  for (const child of running) killGroup(child, 'SIGKILL')
}

/**
 * Starts `program` without a shell, in a process group of its own, so that its helpers can be ended with it.
 *
 * @throws ToolError `TOOL_FAILED` when it cannot be started; the signal's reason when it aborts, after the whole group
 *   has ended
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  run: ProgramRun,
): Promise<ProgramEnd> {
  const { cwd, environment, timeoutMs, signal } = run
  signal?.throwIfAborted()
  const child = spawn(program, args, {
    ...(cwd !== undefined && { cwd }),
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = new GroupStop(child)
  let timedOut = false
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true
          stop.begin()
        }, timeoutMs)
  const onAbort = (): void => stop.begin()
  signal?.addEventListener('abort', onAbort, { once: true })
  running.add(child)
  if (running.size === 1) process.on('exit', endRunning)
  try {
    readLines(child, 'stdout', run)
    readLines(child, 'stderr', run)
    const end = await ended(child, program)
    signal?.throwIfAborted()
    return { ...end, timedOut }
  } finally {
    clearTimeout(timer)
    stop.end()
    signal?.removeEventListener('abort', onAbort)
    running.delete(child)
    if (running.size === 0) process.off('exit', endRunning)
  }
}

function ended(
  child: ChildProcess,
  program: string,
): Promise<{ status: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.on('error', error => {
      reject(
        new ToolError(
          'TOOL_FAILED',
          `${program} cannot be started: ${error.message}; see whether it runs in a shell`,
          { program },
          { cause: error },
        ),
      )
    })
    let drain: NodeJS.Timeout | undefined
    child.on('exit', () => {
      killGroup(child, 'SIGKILL')
      drain = setTimeout(() => {
        child.stdout?.destroy()
        child.stderr?.destroy()
      }, drainMs)
    })
    child.on('close', (status, signal) => {
      clearTimeout(drain)
      resolve({ status, signal })
    })
  })
}

function readLines(child: ChildProcess, stream: 'stdout' | 'stderr', run: ProgramRun): void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const give = (line: string): void => run.onLine?.(line.replace(/\r$/, ''), stream)
  const take = (text: string): void => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) give(line)
    while (rest.length > longestLine) {
      give(rest.slice(0, longestLine))
      rest = rest.slice(longestLine)
    }
  }
  const source = child[stream]
  source?.on('data', (bytes: Buffer) => take(decoder.write(bytes)))
  // A pipe that breaks ends, and what matters is how the program ended.
  source?.on('error', () => undefined)
  source?.on('close', () => {
    rest += decoder.end()
    if (rest !== '') give(rest)
    rest = ''
  })
}

/** First politely, so that a program can tidy up. */
class GroupStop {
  readonly #child: ChildProcess
  #timer: NodeJS.Timeout | undefined

  constructor(child: ChildProcess) {
    this.#child = child
  }

  begin(): void {
    if (this.#timer !== undefined) return
    killGroup(this.#child, 'SIGTERM')
    this.#timer = setTimeout(() => killGroup(this.#child, 'SIGKILL'), graceMs)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}

/** A detached child's process group has the child's number. */
function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // Nothing is left of it.
  }
}
