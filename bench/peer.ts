/** A program that is measured beside this package, most often in Python: a process of its own that does a round when asked. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Peer<Ready, Round> {
  /** The line of JSON it said first. */
  readonly ready: Ready
  /** Asks for one more round with a line on its standard input; what it answers, a line of JSON. */
  round(request: string): Promise<Round>
  end(): void
}

export async function startPeer<Ready, Round>(
  program: string,
  args: readonly string[],
): Promise<Peer<Ready, Round>> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  // The next line tells that it is gone; writing to it must not be what ends the measurement.
  child.stdin.on('error', () => undefined)
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async <T>(): Promise<T> => {
    const line = await Promise.race([lines.next(), failed])
    if (line.done === true) throw new Error(`${[program, ...args.slice(0, 1)].join(' ')} ended early`)
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
