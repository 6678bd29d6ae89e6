// Whether dist is what lib compiles to, and tsc when it is not.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const stamp = join(root, 'node_modules', '.cache', 'aasist-ascend', 'built')

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

// package-lock.json stands for the compiler and the types it reads.
const settings = ['package.json', 'package-lock.json', 'tsconfig.json', join('scripts', 'compilation.mjs')]

function fingerprint() {
  const hash = createHash('sha256')
  for (const path of [...settings, ...filesUnder(join(root, 'lib'))])
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0')
  return hash.digest('hex')
}

function expectedOutputs() {
  return filesUnder(join(root, 'lib'))
    .filter(path => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .flatMap(path => {
      const stem = path.slice(0, -'.ts'.length).replace(/^lib/, 'dist')
      return ['.js', '.js.map', '.d.ts', '.d.ts.map'].map(extension => stem + extension)
    })
}

export function isBuilt() {
  return (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === fingerprint() &&
    expectedOutputs().every(path => existsSync(join(root, path)))
  )
}

/** tsc never deletes: without this, a module that left lib/ would still be importable and be packed. */
function removeOrphans() {
  const expected = new Set(expectedOutputs())
  for (const path of filesUnder(dist)) if (!expected.has(path)) rmSync(join(root, path))
  const folders = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name))
    .sort((a, b) => b.split(sep).length - a.split(sep).length)
  for (const folder of folders) if (readdirSync(folder).length === 0) rmdirSync(folder)
}

export async function build() {
  rmSync(stamp, { force: true })
  const before = fingerprint()
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  try {
    await run(process.execPath, [compiler, '-p', 'tsconfig.json', '--noEmitOnError'], { cwd: root })
  } catch (error) {
    if (error.signal !== undefined) throw error
    throw new Error(`TypeScript build failed (${error.message}); dist is as it was`, { cause: error })
  }
  removeOrphans()
  // npx links a checkout's package once and sets the exec bit only then, so every build has to set it again.
  chmodSync(join(dist, 'cli', 'main.js'), 0o755)
  // Sources that were edited meanwhile may not be in this build: then it goes without a stamp and is repeated.
  if (fingerprint() !== before) return
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, before)
}
