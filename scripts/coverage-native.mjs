// `npm run coverage:native`: which lines of native/ the tests reach. Builds add-on, simulator and driver with gcov's
// counters beside the usual builds, runs the tests that use them, and prints the lines reached. Exit code 1 below 85 %, for
// the add-on or for the simulator (atc and the other programs with it). --no-tests reports on the last run once more.
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
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
const neededPercent = 85
const variant = 'coverage'
const folders = ['addon', 'driver', 'simulator'].map(what => folderOf(what, variant))

// Not what looks at how the usual build is linked: addon-file, portability.
const tests = [
  'test/native/acl-abi.test.ts',
  'test/native/driver.slow.ts',
  'test/native/error-map.test.ts',
  'test/native/library.test.ts',
  'test/session/acl-*.test.ts',
  'test/lifecycle/acl-*.{test,slow}.ts',
  'test/simulator/atc.test.ts',
  'test/simulator/atc-options.test.ts',
  'test/simulator/atc-robustness.test.ts',
  'test/simulator/clients.slow.ts',
  'test/simulator/demo-model.test.ts',
  'test/simulator/npu-smi.test.ts',
  'test/cli/doctor.test.ts',
  'test/cli/eval-npu.test.ts',
  'test/cli/simulator.test.ts',
]

const filesIn = (folder, ending) =>
  readdirSync(folder, { recursive: true })
    .filter(name => name.endsWith(ending))
    .map(name => join(folder, name))

async function buildAndTest() {
  for (const build of [buildSimulator, buildDriver, buildAddon]) await build(variant)
  for (const folder of folders) for (const counts of filesIn(folder, '.gcda')) rmSync(counts)
  // Counters slow things down and the processes of a case share files of counts: more time, and no judgement of it.
  await runTests(tests, ['--timeout', '120000', '--reporter', 'dot'], {
    AASIST_SLOWDOWN: '2',
    AASIST_ADDON: addonOf(variant),
    AASIST_SIMULATOR: simulatorFolder(variant),
    AASIST_SANITIZE: variant,
  })
}

/** How often each line of each file of native/ ran: a line is in every object that includes it. */
function countedLines() {
  const counted = new Map()
  for (const folder of folders) {
    for (const notes of filesIn(folder, '.gcno')) {
      const text = execFileSync('gcov', ['--json-format', '--stdout', notes], {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      for (const report of text.split('\n').filter(line => line !== '')) {
        const { files, current_working_directory: workingDirectory } = JSON.parse(report)
        for (const { file, lines } of files) {
          const name = relative(root, resolve(workingDirectory, file))
          if (!name.startsWith('native/')) continue
          if (!counted.has(name)) counted.set(name, new Map())
          const ofFile = counted.get(name)
          for (const { line_number: line, count } of lines) ofFile.set(line, (ofFile.get(line) ?? 0) + count)
        }
      }
    }
  }
  return counted
}

const percent = ({ reached, all }) => (100 * reached) / all
const row = (name, sum) =>
  console.log(
    `${name.padEnd(44)} ${String(sum.reached).padStart(5)} of ${String(sum.all).padStart(5)}  ${percent(sum).toFixed(1).padStart(5)} %`,
  )

function report() {
  const sums = { 'native/ (add-on)': { reached: 0, all: 0 }, 'native/simulator/': { reached: 0, all: 0 } }
  for (const [name, lines] of [...countedLines()].sort()) {
    const sum = { reached: [...lines.values()].filter(count => count > 0).length, all: lines.size }
    if (sum.all > 0) row(name, sum)
    const whole = sums[name.startsWith('native/simulator/') ? 'native/simulator/' : 'native/ (add-on)']
    whole.reached += sum.reached
    whole.all += sum.all
  }
  console.log()
  for (const [name, sum] of Object.entries(sums)) row(name, sum)
  const low = Object.entries(sums).filter(([, sum]) => !(percent(sum) >= neededPercent))
  if (low.length > 0) throw new Error(`${low.map(([name]) => name).join(' and ')} below ${neededPercent} %`)
}

try {
  if (!process.argv.includes('--no-tests')) await buildAndTest()
  report()
} catch (error) {
  endFailed(error, text => console.error(`coverage:native: ${text}`))
}
