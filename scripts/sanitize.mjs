// `npm run sanitize`: everything in native/ under AddressSanitizer with UndefinedBehaviorSanitizer and LeakSanitizer, and
// what has threads and no Node under ThreadSanitizer as well. Builds beside the usual builds, and only what has changed.
//
//   simulator   its C++ clients                 both
//   driver      the add-on below JavaScript     both
//   add-on      sessions and probes of Node on the sanitized simulator     the first; Node itself is not instrumented
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endFailed } from './child.mjs'
import { runTests } from './mocha.mjs'
import {
  addonOf,
  buildAddon,
  buildDriver,
  buildSimulator,
  folderOf,
  simulatorFolder,
} from './native-builds.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const addressed = 'address,undefined'

/** Of the simulator's programs, which are one thread each. */
const programTests = [
  'test/simulator/atc-options.test.ts',
  'test/simulator/atc-robustness.test.ts',
  'test/simulator/npu-smi.test.ts',
]
const sessionTests = [
  'conformance',
  'delivery',
  'fault',
  'feeds',
  'library',
  'memory',
  'model',
  'session',
].map(name => `test/session/acl-${name}.test.ts`)
/** Of the sessions' tests: not one that measures the time of a copy, which a sanitizer makes another. */
const timed = 'is filled by one copy'
/** Of the ends of processes: not those that count on little memory, or make so many sessions that it takes minutes. */
const leftOut = 'no memory|200 forgotten'

const options = {
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  TSAN_OPTIONS: `halt_on_error=1:second_deadlock_stack=1:suppressions=${join(root, 'test', 'native', 'driver', 'thread-sanitizer.txt')}`,
}

function step(text) {
  console.error(`\nsanitize: ${text}`)
}

const test = (files, environment, more = []) =>
  runTests(files, ['--timeout', '300000', ...more], { ...options, ...environment })

/** Where a library of the compiler is that has to be loaded before the program. */
const runtime = name => execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim()

const leakingSource = join(root, 'test', 'native', 'leak.cc')
/** A frame names its source where that is known, and only else its binary. */
const isOurFrame = frame =>
  /\/build\/\w+-address-undefined\//.test(frame) ||
  [join(root, 'native', '/'), leakingSource].some(path => frame.includes(path))
const isFrameOfNode = frame =>
  [process.execPath, '<unknown module>', '../deps/'].some(sign => frame.includes(sign))

/** Whether a leak's memory was taken by us, and not by Node in a call of ours. */
function isOurs(paragraph) {
  const frames = paragraph.split('\n').filter(line => /^\s*#\d+ /.test(line))
  const nodes = frames.findIndex(isFrameOfNode)
  return frames.slice(0, nodes === -1 ? undefined : nodes).some(isOurFrame)
}

/** Paragraphs of the reports that are about us: Node, V8 and compilers that tests start leak of their own. */
function findingsIn(folder) {
  return readdirSync(folder).flatMap(name => {
    const text = readFileSync(join(folder, name), 'utf8')
    // A search that broke off has found nothing, and says nothing of leaks.
    if (!/LeakSanitizer/.test(text) || /has encountered a fatal error/.test(text)) return [text]
    return text.split('\n\n').filter(paragraph => /leak of/.test(paragraph) && isOurs(paragraph))
  })
}

/** That leaks are found at all, in a program and in what Node loads, before their absence is taken for good news. */
function checkThatLeaksAreFound(environment, reports) {
  const folder = folderOf('leak', addressed)
  mkdirSync(folder, { recursive: true })
  const [program, library] = [join(folder, 'leak'), join(folder, 'leak.node')]
  const flags = [`-fsanitize=${addressed}`, '-g', '-O1', leakingSource]
  execFileSync('g++', [...flags, '-o', program])
  // A library that is gone by then has no names in reports.
  execFileSync('g++', [...flags, '-shared', '-fPIC', '-Wl,-z,nodelete', '-o', library])
  const ended = spawnSync(program, {
    env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=1' },
    encoding: 'utf8',
  })
  if (ended.status === 0 || !/leak of \d+ byte/.test(ended.stderr))
    throw new Error(`a program's leak is not found (exit code ${ended.status}): ${ended.stderr}`)
  const load = 'try { process.dlopen({ exports: {} }, process.argv[1]) } catch {}'
  spawnSync(process.execPath, ['-e', load, library], { env: { ...process.env, ...environment } })
  const found = findingsIn(reports)
  if (!found.some(finding => finding.includes(leakingSource)))
    throw new Error(`a leak in what Node loads is not found: ${found.join('\n\n')}`)
  for (const name of readdirSync(reports)) rmSync(join(reports, name))
}

async function sanitizeInNode() {
  const reports = mkdtempSync(join(tmpdir(), 'aasist-sanitize-'))
  try {
    const environment = {
      LD_PRELOAD: `${runtime('libasan.so')} ${runtime('libubsan.so')}`,
      // Leaks are looked for in the reports: they must not change the exit code that a test expects.
      ASAN_OPTIONS: `detect_leaks=1:exitcode=99:log_path=${join(reports, 'report')}`,
      LSAN_OPTIONS: 'exitcode=0',
      AASIST_SLOWDOWN: '4',
      AASIST_ADDON: addonOf(addressed),
      AASIST_SIMULATOR: simulatorFolder(addressed),
    }
    checkThatLeaksAreFound(environment, reports)
    await test(sessionTests, environment, ['--grep', timed, '--invert'])
    // A search for leaks at the end of each process would be most of its time; the simulator's reports count them here.
    environment.ASAN_OPTIONS = environment.ASAN_OPTIONS.replace('detect_leaks=1', 'detect_leaks=0')
    const ends = ['test/lifecycle/acl-exit.slow.ts', 'test/lifecycle/acl-second-user.test.ts']
    await test(ends, environment, ['--grep', leftOut, '--invert'])
    const findings = findingsIn(reports)
    if (findings.length > 0) throw new Error(`${findings.length} reports\n\n${findings.join('\n\n')}`)
  } finally {
    rmSync(reports, { recursive: true, force: true })
  }
}

try {
  for (const variant of [addressed, 'thread']) {
    step(`building with ${variant}`)
    await buildSimulator(variant)
    await buildDriver(variant)
    const environment = {
      AASIST_SIMULATOR: simulatorFolder(variant),
      AASIST_SANITIZE: variant,
    }
    step(`clients of the simulator with ${variant}`)
    // Cases of this test forget things on purpose; the simulator's own leaks are what its report counts.
    await test(['test/simulator/clients.slow.ts'], { ...environment, ASAN_OPTIONS: 'detect_leaks=0' })
    if (variant === addressed) {
      step(`programs of the simulator with ${variant}`)
      await test(programTests, { ...environment, ASAN_OPTIONS: 'detect_leaks=0' })
    }
    step(`the native side of sessions with ${variant}`)
    await test(['test/native/driver.slow.ts'], { ...environment, ASAN_OPTIONS: 'detect_leaks=1' })
  }
  step(`building the add-on with ${addressed}`)
  await buildAddon(addressed)
  step(`sessions in Node with ${addressed}`)
  await sanitizeInNode()
} catch (error) {
  endFailed(error, text => console.error(`sanitize: ${text}`))
}
