// Builds build/simulator/{lib,bin} from native/simulator: the stand-in for CANN's libraries and programs. Does nothing
// when they are of these sources and all there. With --sanitize=address,undefined, --sanitize=thread or
// --sanitize=coverage (counting lines) it builds beside them, into build/simulator-<name>.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endFailed, run } from './child.mjs'
import { onlyOne } from './only-one.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const sources = join(root, 'native', 'simulator')
const say = text => console.error(`simulator: ${text}`)

const filesUnder = folder =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))

function fingerprint(sanitize) {
  const hash = createHash('sha256').update(sanitize)
  const shared = ['acl_abi.h', 'acl_error_codes.h'].map(name => join(root, 'native', name))
  const own = [join(root, 'native', 'acl_abi'), sources].flatMap(filesUnder).sort()
  for (const path of [...shared, ...own]) hash.update(`${path}\0`).update(readFileSync(path)).update('\0')
  return hash.digest('hex')
}

export function simulatorFolder(sanitize = '') {
  return join(root, 'build', sanitize === '' ? 'simulator' : `simulator-${sanitize.replace(',', '-')}`)
}

/** The stamp says what was built, of which sources: a line for these, and one for every library, program and header. */
function productsIn(folder) {
  return ['lib', 'bin', 'include'].flatMap(place => filesUnder(join(folder, place)))
}

export function isSimulatorBuilt(sanitize = '') {
  const folder = simulatorFolder(sanitize)
  const stamp = join(folder, 'built')
  if (!existsSync(stamp)) return false
  const [of, ...products] = readFileSync(stamp, 'utf8').split('\n')
  return of === fingerprint(sanitize) && products.length > 0 && products.every(product => existsSync(product))
}

/** Ninja is faster and make is everywhere; `quiet` leaves the compiler's messages. */
export function buildTool() {
  const { error, stdout } = spawnSync('ninja', ['--version'], { encoding: 'utf8' })
  if (error !== undefined) return { generator: 'Unix Makefiles', quiet: ['-s', '--no-print-directory'] }
  const [major = 0, minor = 0] = stdout.split('.').map(Number)
  return { generator: 'Ninja', quiet: major > 1 || minor >= 11 ? ['--quiet'] : [] }
}

/**
 * Runs cmake where these settings are not those of last time. Later builds find out by themselves when CMakeLists.txt
 * has changed.
 */
export async function configure(source, work, settings) {
  const stamp = join(work, 'settings')
  const wanted = JSON.stringify([source, ...settings])
  const isConfigured = existsSync(join(work, 'CMakeCache.txt')) && existsSync(stamp)
  if (isConfigured && readFileSync(stamp, 'utf8') === wanted) return
  // A generator cannot be changed in a folder that has had another.
  rmSync(join(work, 'CMakeCache.txt'), { force: true })
  rmSync(join(work, 'CMakeFiles'), { recursive: true, force: true })
  await run('cmake', ['-S', source, '-B', work, ...settings], { cwd: root })
  writeFileSync(stamp, wanted)
}

export async function buildSimulator(sanitize = '') {
  const folder = simulatorFolder(sanitize)
  const work = join(folder, 'cmake')
  const before = fingerprint(sanitize)
  mkdirSync(work, { recursive: true })
  const { generator, quiet } = buildTool()
  const how =
    sanitize === 'coverage'
      ? ['-DCMAKE_BUILD_TYPE=None', '-DCMAKE_CXX_FLAGS=--coverage -fprofile-update=atomic -O0 -g']
      : [`-DSIMULATOR_SANITIZE=${sanitize}`]
  await configure(sources, work, ['-G', generator, `-DSIMULATOR_OUTPUT=${folder}`, ...how])
  await run('cmake', ['--build', work, '--parallel', '2', '--', ...quiet], { cwd: root })
  if (fingerprint(sanitize) === before)
    writeFileSync(join(folder, 'built'), [before, ...productsIn(folder)].join('\n'))
}

async function main() {
  const option = process.argv.find(argument => argument.startsWith('--sanitize='))
  const sanitize = option === undefined ? '' : option.slice('--sanitize='.length)
  if (isSimulatorBuilt(sanitize)) return
  const lock = join(root, '.aasist', 'simulator.lock')
  await onlyOne(
    lock,
    () => say('another build of this checkout is under way, waiting for it'),
    async () => {
      if (isSimulatorBuilt(sanitize)) return
      say('compiling')
      await buildSimulator(sanitize)
    },
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main()
  } catch (error) {
    endFailed(error, say)
  }
}
