/** The checkout as git would clone it: tracked files with what they hold now, and nothing else. */
import { cpSync, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/environment'
import { run } from './programs'

const notTracked = ['.git', '.aasist', 'node_modules', 'dist', 'build', 'coverage', 'results']

function trackedFiles(): string[] {
  const { code, stdout } = run('git', ['ls-files', '-z'], { folder: root })
  // An unpacked archive has no git, but then it has no half-finished files either.
  if (code !== 0) return readdirSync(root).filter(name => !notTracked.includes(name))
  return stdout.split('\0').filter(path => path !== '')
}

export function cloneInto(folder: string): void {
  for (const path of trackedFiles())
    if (existsSync(join(root, path))) cpSync(join(root, path), join(folder, path), { recursive: true })
}

/** When each of the results of set-up was last written. */
export function setUpTimes(folder: string): number[] {
  const results = ['node_modules/.package-lock.json', 'node_modules/typescript/package.json', 'dist/index.js']
  return results.map(path => statSync(join(folder, path)).mtimeMs)
}
