/** Exit codes, and how signals, closed pipes and full disks end a command. */
import { CommanderError } from 'commander'
import { constants } from 'node:os'
import { ArgumentRangeError, ArgumentTypeError, errorCode, errorMessage } from '../errors'
import { missingPath, nearestFile } from './missing-file'
import { coloured, note, printable } from './terminal'

/** 0: done. 1: failed, or some of the input did. 2: wrong usage. 128 + the signal's number: interrupted. */
export type ExitCode = 0 | 1 | 2 | 130 | 143

const stopSignals = ['SIGINT', 'SIGTERM'] as const

class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly exitCode: ExitCode

  constructor(signal: (typeof stopSignals)[number]) {
    super(`stopped by ${signal}`)
    this.exitCode = (128 + constants.signals[signal]) as ExitCode
  }
}

/** The reader of the results has gone. */
class ReaderGone extends Error {}

/** A command's reasons to stop early, as one signal. */
export interface Stop {
  readonly signal: AbortSignal
  /** To be called when the command is through: a signal then ends the process as it does any other. */
  release(): void
}

/**
 * Aborts on SIGINT and SIGTERM, so that a command can end with what was done so far (a second one ends it at once), and
 * when nobody reads the results any more.
 */
export function stopOnRequest(): Stop {
  const controller = new AbortController()
  const onSignal = (name: (typeof stopSignals)[number]): void => {
    for (const each of stopSignals) process.off(each, onSignal)
    note('stopping; once more to stop at once')
    controller.abort(new Interrupted(name))
  }
  for (const name of stopSignals) process.on(name, onSignal)
  const onOutputError = (): void => controller.abort(new ReaderGone())
  process.stdout.on('error', onOutputError)
  return {
    signal: controller.signal,
    release() {
      for (const name of stopSignals) process.off(name, onSignal)
      process.stdout.off('error', onOutputError)
    },
  }
}

/**
 * A reader that has seen enough (`aasist score … | head`) is no error; results that cannot be written for another
 * reason are one, whatever the command made of it.
 */
export function watchStreams(): void {
  let isReported = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || isReported) return
    isReported = true
    note(`aasist: cannot write the results: ${error.message} [OUTPUT_UNWRITABLE]`)
    process.on('exit', () => (process.exitCode = 1))
  })
  // Nobody is left to be told.
  process.stderr.on('error', () => undefined)
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof ArgumentTypeError || error instanceof ArgumentRangeError) return 2
  if (error instanceof ReaderGone) return 0
  return error instanceof Interrupted ? error.exitCode : 1
}

/** Says on stderr what went wrong; `command` is the one whose help would show how it is done. */
export function explain(error: unknown, command: string | undefined): void {
  if (error instanceof ReaderGone) return
  if (error instanceof CommanderError) {
    explainUsage(error, command)
    return
  }
  const message = errorMessage(error)
  const code = errorCode(error)
  note(`${beginning()}${message}${code === undefined ? '' : ` [${code}]`}`)
  noteNearest(missingPath(error))
}

const beginning = (): string => `${coloured('red', 'aasist:', process.stderr)} `

/** Where something like the file that is missing is there. */
export function noteNearest(missing: string | undefined): void {
  const nearest = missing === undefined ? undefined : nearestFile(missing)
  if (nearest !== undefined) note(`did you mean ${printable(nearest)}?`)
}

function explainUsage({ code, message, exitCode }: CommanderError, command: string | undefined): void {
  if (exitCode === 0) return
  // Commander has printed the help: there was no command, or an unknown one after `help`.
  if (code === 'commander.help') {
    note('aasist: name one of these commands [INVALID_ARGUMENT]')
    return
  }
  const [said = '', ...hints] = message.replace(/^error: /, '').split('\n')
  note(
    `${beginning()}${said} [${code === 'commander.unknownOption' ? 'UNKNOWN_OPTION' : 'INVALID_ARGUMENT'}]`,
  )
  for (const hint of hints) note(hint)
  note(`(aasist ${command === undefined ? '' : `${command} `}--help shows how it is used)`)
}
