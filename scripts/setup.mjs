// What `npm run demo` and `npm test` do first: install when the lockfile changed, build when the sources changed.
// Both checks are cheap, so the second run starts at once.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = join(root, 'node_modules', '.cache', 'aasist-ascend')

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} found, 20.19 or newer needed.`)
  process.exit(1)
}

function hashFiles(paths) {
  const hash = createHash('sha256')
  for (const path of paths) hash.update(path).update('\0').update(readFileSync(join(root, path))).update('\0')
  return hash.digest('hex')
}

function filesUnder(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length))
    .sort()
}

function whenChanged(name, fingerprint, intact, action) {
  const stamp = join(cache, name)
  if (intact() && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return
  action()
  mkdirSync(cache, { recursive: true })
  writeFileSync(stamp, fingerprint)
}

function npm(args, env = {}) {
  // Under `npm run` this is the npm that was called; it need not be the first one on PATH.
  const cli = process.env.npm_execpath
  const [command, leading] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []]
  execFileSync(command, [...leading, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } })
}

const installInputs = ['package.json', 'package-lock.json', '.npmrc']
whenChanged(
  'installed',
  `${process.platform}-${process.arch} ${hashFiles(installInputs)}`,
  () => existsSync(join(root, 'node_modules', 'typescript')),
  // The variable keeps npm 10 from running onnxruntime-node's GPU download, which allowScripts does for npm 11.
  () => npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], { ONNXRUNTIME_NODE_INSTALL: 'skip' }),
)

whenChanged(
  'built',
  hashFiles(['tsconfig.json', 'package.json', 'scripts/finish-build.mjs', ...filesUnder('lib')]),
  () => existsSync(join(root, 'dist', 'cli', 'main.js')),
  () => npm(['run', '--silent', 'build:ts']),
)
