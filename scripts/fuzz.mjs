// `npm run fuzz -- --seconds 30 [--seed 1] [target …]`: the parsers of lib/ under a coverage-guided fuzzer, two targets side
// by side; with a seed the same inputs come in each run, as far as time allows.
// Findings are in .aasist/fuzz/findings/<target>/, logs in .aasist/fuzz/logs, figures in .aasist/fuzz/summary.json. Ends
// with 0 when nothing was found, 1 when something was, 2 when it cannot begin.
import { execFileSync, spawn } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { clearTimeout, setTimeout } from 'node:timers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeCommand } from './fuzz-loader.mjs'
import { sideBySide } from './side-by-side.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const work = join(root, '.aasist', 'fuzz')
const build = join(work, 'build')
const requireFrom = createRequire(import.meta.url)

/** One input that takes longer has found a hang, and one that needs more memory a bomb. */
const longestInputSeconds = 10
const mostMemoryMb = 2048
/** For starting, reading the corpus, and ending. */
const aroundSeconds = 120

function refuse(text) {
  console.error(`fuzz: ${text}`)
  process.exit(2)
}

function request() {
  try {
    const { values, positionals } = parseArgs({
      options: { seconds: { type: 'string', default: '30' }, seed: { type: 'string' } },
      allowPositionals: true,
    })
    const seconds = Number(values.seconds)
    if (!Number.isInteger(seconds) || seconds < 1)
      refuse(`--seconds is ${values.seconds}, expected a whole number from 1`)
    const seed = values.seed === undefined ? undefined : Number(values.seed)
    if (seed !== undefined && !Number.isInteger(seed))
      refuse(`--seed is ${values.seed}, expected a whole number`)
    return {
      seconds,
      seed,
      names: positionals,
    }
  } catch (error) {
    return refuse(error.message)
  }
}

/** lib/ and fuzz/ as CommonJS, which is what jazzer instruments. */
function compile() {
  rmSync(build, { recursive: true, force: true })
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  execFileSync(process.execPath, [compiler, '-p', join(root, 'fuzz', 'tsconfig.json')], {
    stdio: ['ignore', 2, 2],
  })
  const built = name => requireFrom(join(build, 'fuzz', name))
  return { targets: built('targets.js').targets, planted: built('planted.js').planted }
}

/** An entry of libFuzzer's dictionary: printable ASCII as it is, everything else as \xAB. */
function quoted(word) {
  const escaped = [...Buffer.from(word)].map(byte => {
    const character = String.fromCharCode(byte)
    return byte >= 0x20 && byte <= 0x7e && !'"\\'.includes(character)
      ? character
      : `\\x${byte.toString(16).padStart(2, '0')}`
  })
  return `"${escaped.join('')}"\n`
}

const folderIn = (...path) => {
  const folder = join(work, ...path)
  mkdirSync(folder, { recursive: true })
  return folder
}

const filesIn = folder => (existsSync(folder) ? readdirSync(folder) : [])

function commandOf({ name, dictionary, largestBytes, answers }, node, { seconds, seed }) {
  const findings = folderIn('findings', name)
  const words = join(folderIn('dictionaries'), name)
  writeFileSync(words, dictionary.map(quoted).join(''))
  const kept = ['seeds', 'findings'].map(kind => join(root, 'fuzz', kind, name)).filter(existsSync)
  return [
    ...node,
    join(root, 'node_modules', '@jazzer.js', 'core', 'dist', 'cli.js'),
    join(build, 'fuzz', 'entry.js'),
    // What is new goes into the first.
    folderIn('corpus', name),
    ...kept,
    `--includes=${join(build, 'lib')}`,
    `--includes=${join(build, 'fuzz', 'planted')}`,
    // The others look at what a program does with its input, and put words of their own into it.
    '--disableBugDetectors=path-traversal',
    '--disableBugDetectors=command-injection',
    '--timeout',
    String(longestInputSeconds * 1000),
    ...(answers === 'at once' ? ['--sync'] : []),
    '--',
    `-max_total_time=${seconds}`,
    `-timeout=${longestInputSeconds}`,
    `-rss_limit_mb=${mostMemoryMb}`,
    `-max_len=${largestBytes}`,
    `-dict=${words}`,
    `-artifact_prefix=${findings}/`,
    '-print_final_stats=1',
    ...(seed === undefined ? [] : [`-seed=${seed}`]),
  ]
}

/** The last figures that a log of libFuzzer tells. */
function figuresIn(text) {
  const last = pattern => Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0)
  return {
    executions: last(/^stat::number_of_executed_units:\s*(\d+)/gm) || last(/^#(\d+)\s/gm),
    edges: last(/\bcov: (\d+)/g),
  }
}

async function fuzz(target, node, limits) {
  const { seconds } = limits
  const [program, ...args] = commandOf(target, node, limits)
  const findings = folderIn('findings', target.name)
  const before = new Set(filesIn(findings))
  const temporary = folderIn('tmp', target.name)
  const log = join(folderIn('logs'), `${target.name}.log`)
  const begun = performance.now()
  const { code, text } = await new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: work,
      env: { ...process.env, AASIST_FUZZ_TARGET: target.name, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const file = createWriteStream(log)
    const parts = []
    const keep = part => {
      parts.push(part)
      file.write(part)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const limit = setTimeout(() => child.kill('SIGKILL'), (seconds + aroundSeconds) * 1000)
    child.on('error', error => {
      clearTimeout(limit)
      reject(error)
    })
    child.on('close', status => {
      clearTimeout(limit)
      file.end()
      resolve({ code: status, text: Buffer.concat(parts).toString('latin1') })
    })
  })
  rmSync(temporary, { recursive: true, force: true })
  const found = filesIn(findings).filter(file => !before.has(file))
  const { executions, edges } = figuresIn(text)
  const elapsed = (performance.now() - begun) / 1000
  return {
    target: target.name,
    executions,
    executionsPerSecond: Math.round(executions / Math.min(elapsed, seconds)),
    edges,
    code,
    // A fuzzer that did nothing, or was ended, has found nothing wrong either.
    failed: code !== 0 || executions === 0 || edges === 0,
    findings: found.map(file => join('.aasist', 'fuzz', 'findings', target.name, file)),
    log: join('.aasist', 'fuzz', 'logs', `${target.name}.log`),
  }
}

function line({ target, executions, executionsPerSecond, edges, failed, code, findings, log }) {
  const figures = `${String(executions).padStart(9)} executions ${String(executionsPerSecond).padStart(7)}/s ${String(edges).padStart(6)} edges`
  const what = failed
    ? `FAILED (exit code ${code}): ${findings.join(' ') || 'no input kept'}, see ${log}`
    : 'no finding'
  return `${target.padEnd(20)} ${figures}  ${what}`
}

async function main() {
  const { seconds, seed, names } = request()
  const { command, problem } = nodeCommand()
  if (problem !== undefined) refuse(problem)
  const { targets, planted } = compile()
  const known = [...targets, planted]
  const unknown = names.find(name => !known.some(target => target.name === name))
  if (unknown !== undefined)
    refuse(`there is no target ${unknown}; there are ${targets.map(({ name }) => name).join(', ')}`)
  const waiting = names.length === 0 ? [...targets] : known.filter(({ name }) => names.includes(name))
  const results = await sideBySide(waiting, async target => {
    const result = await fuzz(target, command, { seconds, seed })
    console.log(line(result))
    return result
  })
  const summary = join(work, 'summary.json')
  writeFileSync(summary, `${JSON.stringify({ seconds, results }, null, 2)}\n`)
  console.log(`summary: ${join('.aasist', 'fuzz', 'summary.json')}`)
  if (results.some(({ failed }) => failed)) process.exitCode = 1
}

await main()
