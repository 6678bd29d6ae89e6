// What `npm run demo` and `npm test` do first: install when node_modules is not what the lockfile says, compile when dist
// is not of these sources. Looking takes some 50 ms, so the second run starts at once. With --rebuild (`npm run build:ts`)
// it compiles whatever the look of things.
import { fileURLToPath } from 'node:url'
import { endFailed } from './child.mjs'
import { build, isBuilt } from './compilation.mjs'
import { install, isInstalled } from './installation.mjs'
import { onlyOne } from './only-one.mjs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} found, 20.19 or newer needed.`)
  process.exit(1)
}

// Not in node_modules, which `npm ci` empties.
const lock = fileURLToPath(new URL('../.aasist/setup.lock', import.meta.url))
const rebuild = process.argv.includes('--rebuild')
const say = text => console.error(`set-up: ${text}`)

async function setUp() {
  if (!isInstalled()) {
    say('installing packages')
    await install()
  }
  if (rebuild || !isBuilt()) {
    say('compiling')
    await build()
  }
}

try {
  if (rebuild || !isInstalled() || !isBuilt())
    await onlyOne(lock, () => say('another set-up of this checkout is under way, waiting for it'), setUp)
} catch (error) {
  endFailed(error, say)
}
