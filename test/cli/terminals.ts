/** Commands on a terminal of their own, as somebody sees them who types. */
import { join } from 'node:path'
import { requireTool, root } from '../support/environment'
import { Running, type Ended } from './support'

export interface TerminalOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Default 80. */
  readonly columns?: number
  /** What is typed each time a text has appeared. */
  readonly steps?: readonly (readonly [waitFor: string, type: string])[]
}

/** `stdout` of the result is all that the terminal was sent. Skips the calling test without python3, which makes terminals. */
export function onTerminal(
  test: Mocha.Context,
  command: readonly string[],
  { columns = 80, steps = [], env, ...options }: TerminalOptions = {},
): Promise<Ended> {
  const python = requireTool(test, 'python3')
  const typist = join(root, 'test', 'cli', 'typist.py')
  return new Running(python, [typist, String(columns), JSON.stringify(steps), ...command], {
    ...options,
    // With CI set, Node takes no terminal for one with colours.
    env: { CI: undefined, ...env },
  }).ended
}
