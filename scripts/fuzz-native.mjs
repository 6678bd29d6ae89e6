// `npm run fuzz:native -- --seconds 30 [target…]`: libFuzzer on what native/ reads, with AddressSanitizer and
// UndefinedBehaviorSanitizer. A target is a file of native/fuzz; its seeds are in native/fuzz/seeds/<target>. Two run side
// by side. What they find stays in .aasist/fuzz/<target>/findings, what they learned in corpus beside it.
//
//   --seconds N   for each target; 30
//   --json        the figures as JSON on stdout
//
// Needs clang with libFuzzer: CLANGXX, clang++-14, or clang++ (Debian: clang, libclang-rt-14-dev).
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { sideBySide } from './side-by-side.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const sources = join(root, 'native', 'simulator')
const targetSources = join(root, 'native', 'fuzz')
const work = join(root, '.aasist', 'fuzz')
const flags = [
  ...['-std=c++17', '-g', '-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined'],
  // Callers pass what they like in an enum; saying no to it is an entry point's work.
  ...['-fno-sanitize=enum', '-fno-sanitize-recover=all'],
]
/** Programs' own entry points, and libraries beside libascendcl.so. */
const leftOut =
  /^(atc|atc_start|npu_smi.*|op_compiler|onnx_parser|graph_.*|dvpp.*|cblas|spawn_preload|atc_modes)\.cc$/

export const targets = readdirSync(targetSources)
  .filter(name => name.endsWith('.cc'))
  .map(name => basename(name, '.cc'))

function findCompiler() {
  const candidates = [process.env.CLANGXX, 'clang++-14', 'clang++'].filter(name => name !== undefined)
  const found = candidates.find(name => spawnSync(name, ['--version']).status === 0)
  if (found === undefined)
    throw new Error(`none of ${candidates.join(', ')} is here; apt-get install clang libclang-rt-14-dev`)
  return found
}

const run = (command, args) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let text = ''
    child.stderr.setEncoding('utf8').on('data', more => (text = (text + more).slice(-200_000)))
    child.once('error', reject)
    child.once('close', status => resolve({ status, text }))
  })

const newestHeader = () =>
  Math.max(
    ...[sources, join(root, 'native'), join(root, 'native', 'acl_abi')].flatMap(folder =>
      readdirSync(folder)
        .filter(name => /\.(h|inc)$/.test(name))
        .map(name => statSync(join(folder, name)).mtimeMs),
    ),
  )

async function compileAll(compiler, wanted) {
  const objects = join(work, 'objects')
  mkdirSync(objects, { recursive: true })
  const headersMs = newestHeader()
  const compileOne = async ([source, object, kind]) => {
    const builtMs = existsSync(object) ? statSync(object).mtimeMs : 0
    if (builtMs > Math.max(headersMs, statSync(source).mtimeMs)) return object
    const { status, text } = await run(compiler, [...flags, `-fsanitize=${kind}`, '-c', source, '-o', object])
    if (status !== 0) throw new Error(`${compiler} failed on ${source}: ${text}`)
    return object
  }
  const library = readdirSync(sources)
    .filter(name => name.endsWith('.cc') && !leftOut.test(name))
    .map(name => [join(sources, name), join(objects, `${name}.o`), 'fuzzer-no-link'])
  const built = await sideBySide(library, compileOne)
  await sideBySide(wanted, async name => {
    const own = join(objects, `target-${name}.o`)
    await compileOne([join(targetSources, `${name}.cc`), own, 'fuzzer-no-link'])
    const program = ['-fsanitize=fuzzer', own, ...built, '-ldl', '-lpthread', '-o', join(work, name, 'fuzz')]
    mkdirSync(join(work, name), { recursive: true })
    const { status, text } = await run(compiler, [...flags, ...program])
    if (status !== 0) throw new Error(`${name} cannot be linked: ${text}`)
  })
}

async function fuzz(name, seconds, seed) {
  const folder = join(work, name)
  const [corpus, findings] = [join(folder, 'corpus'), join(folder, 'findings')]
  for (const each of [corpus, findings]) mkdirSync(each, { recursive: true })
  const before = readdirSync(findings).length
  const seeds = join(targetSources, 'seeds', name)
  const limits = [
    `-max_total_time=${seconds}`,
    '-timeout=10',
    '-rss_limit_mb=2048',
    '-max_len=65536',
    ...seed,
  ]
  const { status, text } = await run(join(folder, 'fuzz'), [
    ...limits,
    '-print_final_stats=1',
    `-artifact_prefix=${findings}/`,
    corpus,
    ...(existsSync(seeds) ? [seeds] : []),
  ])
  const stat = key => Number(new RegExp(`stat::${key}: +(\\d+)`).exec(text)?.[1] ?? 0)
  const edges = Number([...text.matchAll(/cov: (\d+)/g)].at(-1)?.[1] ?? 0)
  const found = readdirSync(findings).length - before
  return {
    name,
    executions: stat('number_of_executed_units'),
    perSecond: stat('average_exec_per_sec'),
    edges,
    // One that ends otherwise has found something, even where it could not write it down; one that did nothing has failed too.
    findings: Math.max(found, status === 0 && edges > 0 ? 0 : 1),
    said: status === 0 ? '' : text.slice(-6000),
  }
}

async function main() {
  const { values, positionals } = parseArgs({
    options: {
      seconds: { type: 'string', default: '30' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  })
  const seconds = Number(values.seconds)
  if (!(Number.isInteger(seconds) && seconds > 0))
    throw new Error(`--seconds is ${values.seconds}; it must be a whole number above 0`)
  const seed = values.seed === undefined ? [] : [`-seed=${Number(values.seed)}`]
  const unknown = positionals.filter(name => !targets.includes(name))
  if (unknown.length > 0) throw new Error(`no target ${unknown.join(', ')}; there are ${targets.join(', ')}`)
  const wanted = positionals.length > 0 ? positionals : targets
  await compileAll(findCompiler(), wanted)
  const print = values.json ? () => undefined : line => console.log(line)
  print('name          executions   exec/s   edges  findings')
  const results = await sideBySide(wanted, async name => {
    const result = await fuzz(name, seconds, seed)
    const { executions, perSecond, edges, findings, said } = result
    const cells = [String(executions).padStart(10), String(perSecond).padStart(8), String(edges).padStart(7)]
    print(`${name.padEnd(13)} ${cells.join(' ')} ${String(findings).padStart(9)}`)
    if (said !== '') console.error(said)
    return result
  })
  if (values.json) console.log(JSON.stringify({ seconds, targets: results }))
  if (results.some(({ findings }) => findings > 0)) process.exitCode = 1
}

try {
  await main()
} catch (error) {
  console.error(`fuzz: ${error.message}`)
  process.exitCode = 1
}
