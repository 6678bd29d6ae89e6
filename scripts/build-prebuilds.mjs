// Compiles the add-on (by prebuildify) and the simulator for every platform the package carries, in a folder of its own:
// node-gyp wipes build/. Does nothing for a platform whose prebuild is whole and fits the sources. `--arch x64` for one of them.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.mjs'
import { nativeFingerprint } from './native-sources.mjs'
import { onlyOne } from './only-one.mjs'
import { faultOf, hashOf, prebuildFolder, targets } from './prebuilds.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const say = text => console.error(`prebuilds: ${text}`)
/** The oldest Node the package supports: what prebuildify would take by itself is its newest. */
const oldestNode = '20.20.2'
const nodePrefix = resolve(process.execPath, '..', '..')

function chosenTargets() {
  const at = process.argv.indexOf('--arch')
  if (at === -1) return targets
  const chosen = targets.filter(({ arch }) => arch === process.argv[at + 1])
  if (chosen.length === 0)
    throw new Error(`--arch takes one of ${targets.map(({ arch }) => arch).join(', ')}`)
  return chosen
}

function requireCompiler({ arch, prefix }) {
  const compiler = `${prefix}g++`
  if (spawnSync(compiler, ['--version'], { stdio: 'ignore' }).status === 0) return
  throw new Error(
    `${compiler} is missing, which compiles for ${arch}; on Debian: apt-get install g++${prefix === '' ? '' : `-${prefix.slice(0, -1)}`}`,
  )
}

/** A copy of what node-gyp reads, and nothing else: no build folder to be found by accident. */
function workshop(arch) {
  const folder = join(root, '.aasist', `prebuild-${arch}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const file of ['package.json', 'binding.gyp']) copyFileSync(join(root, file), join(folder, file))
  cpSync(join(root, 'native'), join(folder, 'native'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

async function buildAddon({ arch, prefix }, folder) {
  const prebuildify = createRequire(import.meta.url).resolve('prebuildify/bin.js')
  const options = ['--napi', '--strip', '--tag-libc', '--arch', arch, '-t', oldestNode, '--quiet']
  // prebuildify looks at the machine it runs on to name the C library; that is the target's here.
  const tools = {
    CC: `${prefix}gcc`,
    CXX: `${prefix}g++`,
    AR: `${prefix}ar`,
    PREBUILD_STRIP_BIN: `${prefix}strip`,
    LIBC: 'glibc',
  }
  // Without headers beside Node (as in some distributions' packages) node-gyp fetches those of the oldest one.
  const hasHeaders = existsSync(join(nodePrefix, 'include', 'node', 'node_api.h'))
  const isGiven = process.env.npm_config_nodedir !== undefined
  const headers = !isGiven && hasHeaders ? { npm_config_nodedir: nodePrefix } : {}
  await run(process.execPath, [prebuildify, ...options], {
    cwd: folder,
    env: { ...process.env, ...tools, ...headers },
  })
}

async function buildSimulator({ arch, prefix, processor }, folder) {
  const output = join(folder, 'prebuilds', `linux-${arch}`, 'simulator')
  const work = join(folder, 'simulator')
  const cross = prefix === '' ? [] : ['-DCMAKE_SYSTEM_NAME=Linux', `-DCMAKE_SYSTEM_PROCESSOR=${processor}`]
  const settings = [`-DCMAKE_CXX_COMPILER=${prefix}g++`, `-DSIMULATOR_OUTPUT=${output}`, ...cross]
  await run('cmake', ['-S', join(folder, 'native', 'simulator'), '-B', work, ...settings], { cwd: folder })
  await run('cmake', ['--build', work, '--parallel', '2'], { cwd: folder })
  for (const part of ['lib', 'bin'])
    for (const name of readdirSync(join(output, part))) {
      const file = join(output, part, name)
      await run(`${prefix}strip`, ['--strip-unneeded', file], { cwd: folder })
      chmodSync(file, 0o755)
    }
}

async function build(target) {
  requireCompiler(target)
  const sources = nativeFingerprint(root)
  say(`compiling for linux-${target.arch}`)
  const folder = workshop(target.arch)
  await buildAddon(target, folder)
  await buildSimulator(target, folder)
  const made = join(folder, 'prebuilds', `linux-${target.arch}`)
  const names = readdirSync(made, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(made, join(entry.parentPath, entry.name)))
    .sort()
  const files = Object.fromEntries(names.map(name => [name, hashOf(join(made, name))]))
  writeFileSync(join(made, 'built.json'), `${JSON.stringify({ sources, files })}\n`)
  const place = prebuildFolder(root, target.arch)
  rmSync(place, { recursive: true, force: true })
  mkdirSync(join(root, 'prebuilds'), { recursive: true })
  renameSync(made, place)
  rmSync(folder, { recursive: true, force: true })
}

try {
  await onlyOne(
    join(root, '.aasist', 'prebuilds.lock'),
    () => say('another process is making them, waiting for it'),
    async () => {
      for (const target of chosenTargets())
        if (faultOf(root, target.arch, nativeFingerprint(root)) !== undefined) await build(target)
    },
  )
} catch (error) {
  if (error.signal !== undefined) process.kill(process.pid, error.signal)
  else {
    say(error.message)
    process.exitCode = 1
  }
}
