// Whether node_modules is what the lockfile says, and `npm ci` when it is not.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const lockfile = join(root, 'package-lock.json')
const stamp = join(root, 'node_modules', '.cache', 'aasist-ascend', 'installed')
// npm writes it last, so it is missing after an interrupted install.
const npmsOwnRecord = join(root, 'node_modules', '.package-lock.json')

function fingerprint() {
  const lock = createHash('sha256').update(readFileSync(lockfile)).digest('hex')
  return `${process.platform}-${process.arch} ${lock}`
}

function installedVersion(path) {
  try {
    return JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')).version
  } catch {
    return undefined
  }
}

function admits(list, value) {
  if (list === undefined) return true
  const refused = list.filter(entry => entry.startsWith('!'))
  return !refused.includes(`!${value}`) && (refused.length === list.length || list.includes(value))
}

function mayBeAbsent(entry) {
  if (entry.optional !== true) return false
  if (!admits(entry.os, process.platform) || !admits(entry.cpu, process.arch) || entry.libc !== undefined)
    return true
  // What an optional package needs is absent with it, but says nothing of platforms: go by what npm did last time.
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()
}

/** Path of a package that should be there in this version and is not. */
function missingPackage() {
  if (!existsSync(npmsOwnRecord)) return 'node_modules'
  const { packages } = JSON.parse(readFileSync(lockfile, 'utf8'))
  return Object.keys(packages).find(path => {
    if (path === '') return false
    const found = installedVersion(path)
    return found !== packages[path].version && (found !== undefined || !mayBeAbsent(packages[path]))
  })
}

export function isInstalled() {
  return missingPackage() === undefined
}

const command = [
  'ci',
  // No dependency needs its script here: esbuild's saves milliseconds, onnxruntime-node's fetches GPU libraries.
  '--ignore-scripts',
  // What follows undoes settings of the caller (NODE_ENV=production, npm_config_*, .npmrc) that would leave half out.
  '--include=dev',
  '--include=optional',
  '--include=peer',
  '--dry-run=false',
  '--global=false',
  '--package-lock=true',
  '--package-lock-only=false',
  '--audit=false',
  '--fund=false',
  '--loglevel=error',
]

/** Under `npm run` the npm that was called, which need not be the first on PATH. Other package managers set it too. */
function npm() {
  const caller = process.env.npm_execpath
  if (caller !== undefined && basename(caller) === 'npm-cli.js')
    return [process.execPath, [caller, ...command]]
  return ['npm', command]
}

export async function install() {
  rmSync(stamp, { force: true })
  rmSync(npmsOwnRecord, { force: true })
  const [program, args] = npm()
  try {
    // npm is a .cmd file on Windows, which only a shell can start.
    await run(program, args, { cwd: root, shell: program === 'npm' && process.platform === 'win32' })
  } catch (error) {
    if (error.signal !== undefined) throw error
    throw new Error(`npm ci failed (${error.message}). Its own words are above; then run this again.`, {
      cause: error,
    })
  }
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, fingerprint())
  const missing = missingPackage()
  if (missing !== undefined)
    throw new Error(
      `npm ci ended well, yet ${missing} is not there. Look for os, cpu or omit in npm's settings.`,
    )
}
