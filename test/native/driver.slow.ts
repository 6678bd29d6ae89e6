/**
 * The native side of a session, without JavaScript: C++ cases on the simulator, a process each. AASIST_SANITIZE names
 * another build of it, as with a sanitizer.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { casesIn, startCase } from '../support/cases'
import { requireTool, root } from '../support/environment'
import { expectNoLeaks, lastReport } from '../support/simulator-report'
import { makeOfflineModels } from '../simulator/offline-models'
import { requireSimulatorBuild } from '../simulator/support'

const variant = process.env['AASIST_SANITIZE'] ?? ''
const sanitized = variant !== '' && variant !== 'coverage'
/** A case that a sanitizer's build leaves out. */
const needsBadAlloc = 'inputs that there is no memory to copy are refused, and the session goes on'

describe('the native side of sessions', function () {
  this.timeout(300_000)
  let folder = ''
  let program = ''
  let environment: Readonly<Record<string, string>> = {}

  before(function () {
    requireTool(this, 'g++')
    const { folder: simulator, atc, environment: needed } = requireSimulatorBuild(this)
    const build = join(root, 'scripts', 'native-builds.mjs')
    execFileSync(process.execPath, [build, 'driver', variant], { stdio: ['ignore', 2, 2] })
    program = execFileSync(process.execPath, [build, 'path of driver', variant], { encoding: 'utf8' }).trim()
    folder = mkdtempSync(join(tmpdir(), 'aasist-driver-'))
    for (const [name, value] of Object.entries(needed)) process.env[name] ??= value
    environment = {
      ...needed,
      ...makeOfflineModels(folder, atc),
      LD_LIBRARY_PATH: join(simulator, 'lib'),
    }
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  const cases = ['runs', 'failures', 'memory', 'descriptions'].flatMap(name =>
    casesIn(join(__dirname, 'driver', `${name}.cc`)),
  )
  for (const each of cases) {
    if (sanitized && each.name === needsBadAlloc) continue
    it(each.name, () => {
      const report = join(folder, 'report')
      rmSync(report, { force: true })
      const abandons = 'ABANDONS' in each.environment
      // The leak checker would follow device addresses on the stack of a thread that never returns, and die of that.
      const asan = abandons ? { ASAN_OPTIONS: `${process.env['ASAN_OPTIONS'] ?? ''}:detect_leaks=0` } : {}
      const ended = startCase(program, each, {
        ...environment,
        ...asan,
        ACL_SIM_REPORT: report,
      })
      expect(ended).to.deep.equal({ status: 0, signal: null, stderr: '' })
      const seen = lastReport(report)
      expect(seen.problems).to.deep.equal([])
      if (!abandons) expectNoLeaks(seen)
    })
  }
})
