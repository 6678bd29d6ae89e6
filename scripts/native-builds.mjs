// Builds of what is C++ with other flags, each in folders of its own beside the usual ones: with sanitizers, or counting
// lines. Incremental, as CMake is.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSimulator, buildTool, simulatorFolder } from './build-simulator.mjs'
import { run } from './child.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

const sanitizer = name =>
  // Callers pass what they like in an enum; saying no to it is an entry point's work.
  `-fsanitize=${name} -fno-sanitize=enum -fno-sanitize-recover=undefined -g -O1 -fno-omit-frame-pointer`

/** By name; the names are those of folders too, with a hyphen for the comma. */
const flags = {
  '': '-O2',
  'address,undefined': sanitizer('address,undefined'),
  thread: sanitizer('thread'),
  // Atomic: threads count the same lines.
  coverage: '--coverage -fprofile-update=atomic -O0 -g',
}

export const folderOf = (what, variant) =>
  join(root, 'build', variant === '' ? what : `${what}-${variant.replace(',', '-')}`)

export const driverOf = variant => join(folderOf('driver', variant), 'driver')
export const addonOf = variant => join(folderOf('addon', variant), 'ascend_addon.node')

async function buildWithCMake(what, sources, variant) {
  const folder = folderOf(what, variant)
  mkdirSync(folder, { recursive: true })
  const { generator, quiet } = buildTool()
  if (!existsSync(join(folder, 'CMakeCache.txt'))) {
    const settings = ['-DCMAKE_BUILD_TYPE=None', `-DCMAKE_CXX_FLAGS=${flags[variant]}`]
    await run('cmake', ['-S', sources, '-B', folder, '-G', generator, ...settings], { cwd: root })
  }
  await run('cmake', ['--build', folder, '--parallel', '2', '--', ...quiet], { cwd: root })
}

/** What the add-on is made of below JavaScript, as a program without Node. */
export const buildDriver = variant =>
  buildWithCMake('driver', join(root, 'test', 'native', 'driver'), variant)

export const buildAddon = variant => buildWithCMake('addon', root, variant)

export { buildSimulator, simulatorFolder }

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [what = '', variant = ''] = process.argv.slice(2)
  const does = {
    driver: () => buildDriver(variant),
    addon: () => buildAddon(variant),
    simulator: () => buildSimulator(variant),
    'path of driver': () => console.log(driverOf(variant)),
  }
  try {
    await does[what]()
  } catch (error) {
    console.error(`${what}: ${error.message}`)
    process.exitCode = 1
  }
}
