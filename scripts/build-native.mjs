// Builds what is C++: the add-on and the simulator. With --if-possible (`npm test`) a machine without compiler is no
// failure: the tests that need them skip and say so. In CI it is one.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endFailed, run } from './child.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const say = text => console.error(`native: ${text}`)
const runs = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** The first thing the builds would miss. */
function missingTool() {
  if (process.platform !== 'linux') return 'Linux (CANN exists for nothing else)'
  const compiler = process.env.CXX ?? 'g++'
  if (!runs(compiler, '--version')) return `a C++ compiler (${compiler})`
  if (!runs('make', '--version')) return 'make'
  if (!runs('cmake', '--version')) return 'cmake, for the simulator'
  if (!runs(process.env.PYTHON ?? 'python3', '--version')) return 'python3, which node-gyp runs on'
  return undefined
}

try {
  const missing = missingTool()
  if (missing === undefined) {
    for (const script of ['build-addon.mjs', 'build-simulator.mjs'])
      await run(process.execPath, [fileURLToPath(new URL(script, import.meta.url))], { cwd: root })
  } else if (process.argv.includes('--if-possible') && process.env.CI !== 'true') {
    say(`not built, ${missing} is missing`)
  } else {
    throw new Error(`this needs ${missing}; TypeScript alone is built by: npm run build:ts`)
  }
} catch (error) {
  endFailed(error, say)
}
