import { spawn } from 'node:child_process'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

export class Interrupted extends Error {
  constructor(signal) {
    super(`interrupted by ${signal}`)
    this.signal = signal
  }
}

/** Ends this process for an error: of the signal that interrupted it, or with what went wrong and exit code 1. */
export function endFailed(error, say) {
  if (error.signal !== undefined) process.kill(process.pid, error.signal)
  else {
    say(error.message)
    process.exitCode = 1
  }
}

/**
 * Runs a program to its end, its output on stderr: stdout belongs to what set-up is done for. A signal is passed on
 * and waited for, so that nothing goes on writing after this process has gone.
 */
export function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 2, 2] })
    let interruption
    const passOn = signal => {
      interruption = new Interrupted(signal)
      child.kill(signal)
    }
    for (const signal of signals) process.on(signal, passOn)
    const end = failure => {
      for (const signal of signals) process.off(signal, passOn)
      if (failure === undefined) resolve()
      else reject(failure)
    }
    child.on('error', error => end(new Error(`${command} could not be started: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (interruption !== undefined || code === 0) end(interruption)
      else end(new Error(code === null ? `ended by ${signal}` : `exit code ${code}`))
    })
  })
}
