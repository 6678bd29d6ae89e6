/** A Python program that is measured beside this package: a process of its own that does a round when asked. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface PythonPeer<Ready, Round> {
  /** The line of JSON it said first. */
  readonly ready: Ready
  /** Asks for one more round with a line on its standard input; what it answers, a line of JSON. */
  round(request: string): Promise<Round>
  end(): void
}

export async function startPythonPeer<Ready, Round>(
  python: string,
  script: string,
  args: readonly string[],
): Promise<PythonPeer<Ready, Round>> {
  const child = spawn(python, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  // The next line tells that it is gone; writing to it must not be what ends the measurement.
  child.stdin.on('error', () => undefined)
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async <T>(): Promise<T> => {
    const line = await Promise.race([lines.next(), failed])
    if (line.done === true) throw new Error(`${script} ended early`)
    return JSON.parse(line.value) as T
  }
  return {
    ready: await answer<Ready>(),
    round: request => {
      child.stdin.write(`${request}\n`)
      return answer<Round>()
    },
    end: () => child.stdin.end(),
  }
}
