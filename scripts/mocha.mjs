import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs test files, by their paths in the repository; `options` are mocha's, `environment` comes on top of this process's. */
export function runTests(files, options, environment) {
  const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js')
  return run(process.execPath, [mocha, '--exit', ...options, ...files], {
    cwd: root,
    env: { ...process.env, ...environment },
  })
}
