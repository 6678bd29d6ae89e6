// `npm run fuzz:libc`: puts a C library that is new enough for jazzer's fuzzer into .aasist/fuzz-libc, on a Debian or a
// relative of it that has an older one. Nothing of the system is changed: apt works in folders of its own, and packages
// are unpacked, not installed.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers'
import { fileURLToPath } from 'node:url'
import { endFailed, run } from './child.mjs'
import { libcFolder, nodeCommand } from './fuzz-loader.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const release = 'trixie'
const packages = ['libc6', 'libstdc++6', 'libgcc-s1']
const attempts = 3
const limitMs = 300_000

const say = text => console.error(`fuzz: ${text}`)

function texts(folder, endings) {
  const names = existsSync(folder)
    ? readdirSync(folder).filter(name => endings.some(end => name.endsWith(end)))
    : []
  return names.map(name => readFileSync(join(folder, name), 'utf8'))
}

/** Where this machine gets its Debian from, of both styles of sources. */
function sources() {
  const lists = [
    ...texts('/etc/apt', ['sources.list']),
    ...texts('/etc/apt/sources.list.d', ['.list', '.sources']),
  ]
  const lines = lists.flatMap(text => text.split('\n'))
  const uris = lines.flatMap(line => {
    const [, named] = /^URIs:\s*(.+)$/.exec(line) ?? []
    const [, listed] = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s/.exec(line) ?? []
    return named?.trim().split(/\s+/) ?? (listed === undefined ? [] : [listed])
  })
  // The archive itself: there are others beside it, of security updates and of other makers.
  return [...new Set(uris)].filter(uri => /\/debian\/?$/.test(uri))
}

const isUnpacked = () => existsSync(libcFolder) && readdirSync(libcFolder).length > 0

async function fetch(work) {
  const places = sources()
  if (places.length === 0)
    throw new Error('this machine has no apt source of Debian to take a newer C library from')
  for (const folder of ['lists/partial', 'cache/archives/partial', 'packages'])
    mkdirSync(join(work, folder), { recursive: true })
  const list = join(work, 'sources.list')
  writeFileSync(list, places.map(place => `deb ${place} ${release} main\n`).join(''))
  const options = Object.entries({
    'Dir::Etc::sourcelist': list,
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(work, 'lists'),
    'Dir::Cache': join(work, 'cache'),
    'Acquire::Retries': '3',
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': 'root',
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const apt = (...args) =>
    run('timeout', [String(limitMs / 1000), 'apt-get', ...options, '-qq', ...args], {
      cwd: join(work, 'packages'),
    })
  await apt('update')
  await apt('download', ...packages)
}

async function repeatedly(action) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action()
    } catch (error) {
      if (attempt === attempts || error.signal !== undefined) throw error
      say(`${error.message}; once more`)
      await new Promise(resolve => void setTimeout(resolve, 2000 * attempt))
    }
  }
}

async function main() {
  if (nodeCommand().problem === undefined || isUnpacked()) return
  const work = join(root, '.aasist', 'fuzz-libc.work')
  rmSync(work, { recursive: true, force: true })
  try {
    await repeatedly(() => fetch(work))
    const unpacked = join(work, 'root')
    for (const name of readdirSync(join(work, 'packages')))
      execFileSync('dpkg-deb', ['-x', join(work, 'packages', name), unpacked])
    rmSync(libcFolder, { recursive: true, force: true })
    renameSync(unpacked, libcFolder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

main().catch(error => endFailed(error, say))
