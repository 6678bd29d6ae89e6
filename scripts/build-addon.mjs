// Builds the add-on with node-gyp into build/Release, offline, unless that is what these sources give already.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endFailed, run } from './child.mjs'
import { onlyOne } from './only-one.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const result = join(root, 'build', 'Release', 'ascend_addon.node')
const stamp = join(root, 'node_modules', '.cache', 'aasist-ascend', 'addon')
const lock = join(root, '.aasist', 'addon.lock')
const say = text => console.error(`add-on: ${text}`)

/** Node's own headers, beside the program that runs this: node-gyp would fetch them. */
const nodePrefix = resolve(process.execPath, '..', '..')

function fingerprint() {
  const native = join(root, 'native')
  const sources = readdirSync(native, { withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(native, entry.name))
    .sort()
  const hash = createHash('sha256').update(`${process.platform}-${process.arch} ${process.version}\0`)
  for (const path of [join(root, 'binding.gyp'), ...sources])
    hash.update(`${path}\0`).update(readFileSync(path)).update('\0')
  return hash.digest('hex')
}

const isBuilt = () => existsSync(result) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()

async function build() {
  rmSync(stamp, { force: true })
  const before = fingerprint()
  const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
  const headers = existsSync(join(nodePrefix, 'include', 'node', 'node_api.h'))
    ? [`--nodedir=${nodePrefix}`]
    : []
  say('compiling')
  await run(
    process.execPath,
    [nodeGyp, 'configure', 'build', '--release', '--loglevel=error', '-j', '2', ...headers],
    {
      cwd: root,
    },
  )
  // Sources that were edited meanwhile may not be in this build: then it goes without a stamp and is repeated.
  if (fingerprint() !== before) return
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, before)
}

try {
  if (!isBuilt()) {
    await onlyOne(
      lock,
      () => say('another build of this checkout is under way, waiting for it'),
      async () => {
        if (!isBuilt()) await build()
      },
    )
  }
} catch (error) {
  endFailed(error, say)
}
