/** Exit codes, and how signals and broken pipes end a command. */
import { CommanderError } from 'commander'
import { ArgumentRangeError, ArgumentTypeError, errorCode } from '../errors'
import { note } from './terminal'

/** 0: done. 1: failed, or some of the input did. 2: wrong usage. 130: interrupted (128 + SIGINT). */
export type ExitCode = 0 | 1 | 2 | 130

export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** Aborts on SIGINT and SIGTERM, so that a command can end with what was done so far; a second one ends it at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      note('stopping; once more to stop at once')
      controller.abort(new Interrupted(`stopped by ${name}`))
    })
  }
  return controller.signal
}

/** A reader that has seen enough (`aasist score … | head`) is no error. */
export function ignoreClosedPipes(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof ArgumentTypeError || error instanceof ArgumentRangeError) return 2
  return error instanceof Interrupted ? 130 : 1
}

export function explain(error: unknown): void {
  // Commander has already said what was wrong.
  if (error instanceof CommanderError) return
  const message = error instanceof Error ? error.message : String(error)
  const code = errorCode(error)
  note(`aasist: ${message}${code === undefined ? '' : ` [${code}]`}`)
}
