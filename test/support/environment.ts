/** What tests need beyond npm: external tools and data that cannot be redistributed. In CI nothing may skip. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const root = resolve(__dirname, '..', '..')

function missing(test: Mocha.Context, what: string): never {
  if (process.env['CI'] === 'true') throw new Error(`${what} is missing, and in CI nothing may skip`)
  if (test.runnable().title.indexOf('(needs') < 0) test.runnable().title += ` (needs ${what})`
  test.skip()
}

/**
 * The folder with the official AASIST-L weights and real ASVspoof clips. Call it in a `before` hook or a test with its
 * `this`; where the folder is missing, that test is skipped and its name says why.
 */
export function referenceData(test: Mocha.Context): string {
  const folder = resolve(root, process.env['AASIST_TEST_DATA'] ?? join('..', 'shared', 'data'))
  if (!existsSync(join(folder, 'checkpoints', 'AASIST-L.pth')))
    missing(test, 'reference data: AASIST_TEST_DATA')
  return folder
}

/** Skips the calling test when `command` is not on PATH. */
export function requireTool(test: Mocha.Context, command: string): string {
  const probe = spawnSync(command, ['-version'], { stdio: 'ignore' })
  if (probe.error !== undefined) missing(test, command)
  return command
}

/** Skips the calling test when `path`, which a compiler makes, is not there. */
export function requireBuilt(test: Mocha.Context, path: string, what: string): string {
  if (!existsSync(path)) missing(test, `${what}: npm run build:native`)
  return path
}

/** Skips the calling test when what it looked for itself is not there. */
export function requireFound<T>(test: Mocha.Context, found: T | undefined, what: string): T {
  return found ?? missing(test, what)
}
